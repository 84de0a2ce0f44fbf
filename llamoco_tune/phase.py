# pyright: reportExplicitAny=false
"""The work of both phases around their trainer: open the run, read the data, load the base, save the model.

Resuming comes first: a finished run is returned as it is, an interrupted one goes on from its last whole checkpoint.
"""

import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import JsonValue
from rich.console import Console
from transformers import Trainer

from llamoco_tune import model as models
from llamoco_tune.base_checks import check_choice, check_loss, keeps_packed_rows_apart
from llamoco_tune.card import card_of, write_card
from llamoco_tune.descent import muon_of
from llamoco_tune.display import whole_line
from llamoco_tune.evaluation import spread
from llamoco_tune.figures import loss_figure
from llamoco_tune.finiteness import StopWhereNotFinite
from llamoco_tune.identity import content_digest
from llamoco_tune.instructions import (
    EXTENDED_SPLIT,
    TRAINING_SPLIT,
    VALIDATION_SPLIT,
    Example,
    TrainingRows,
    data_digest,
    training_rows,
)
from llamoco_tune.processes import is_main_process, num_processes
from llamoco_tune.progress import TRAINER_DISPLAYS, RunProgress, TokenCount
from llamoco_tune.run_folder import CHECKPOINTS, RunRecord, RunSpec, last_checkpoint, run_in, step_of, write_run
from llamoco_tune.snapshots import SetFiles, set_files
from llamoco_tune.stopping import Stopped, StopWish
from llamoco_tune.tokens import Encoded, Template, TooLong, check_known, encode, encode_prompts
from llamoco_tune.training import (
    EvaluationLeftOut,
    StopAtStep,
    TrainConfig,
    check_memory,
    facts,
    is_asked_anywhere,
    lines_for_errors,
    only,
    trainer_arguments,
    wanted_batches,
)

Kind = TypeVar("Kind", bound=Trainer)


@dataclass(frozen=True, slots=True)
class Begun:
    """A run with everything that its trainer needs."""

    run: RunRecord
    out: Path
    model: Any
    tokenizer: Any
    training: Sequence[Encoded]
    extended: Sequence[Encoded]
    """Prompts of unmeasured problems; empty where they are not learned from."""
    validation: Sequence[Encoded]
    num_dropped: int
    """Number of training rows that were too long."""
    num_set_aside: int
    """Number of training problems that stand in for a validation split."""
    packs: bool
    """Whether the base keeps packed rows apart; False if packing was not asked for."""
    began: float
    """Time of the start, in seconds of the monotonic clock."""


def begin(
    phase: Literal["contrast", "teach"],
    data: Path,
    base: str,
    out: Path,
    config: dict[str, JsonValue],
    train_config: TrainConfig,
    *,
    max_tokens: int,
    option: Literal["--max-tokens", "--sequence-length"],
    too_long: TooLong,
    packed: bool,
    console: Console,
    chooses: bool = False,
    extended: bool = False,
    changed: Callable[[Sequence[Example]], list[Example]] = list,
) -> Begun | RunRecord:
    """A run that is to be trained, or the record of one that is finished.

    Args:
        config: all settings of the phase.
        max_tokens: most tokens of a row, further limited by the base's context.
        option: option of the phase's command that gives `max_tokens`.
        packed: whether rows are to be packed, if the base keeps them apart.
        chooses: whether the base must score all openings behind one prompt.
        extended: whether unmeasured problems are learned from, if the set has any.
        changed: what becomes of training rows before they are turned into tokens.

    Raises:
        TuningError: data, base or folder cannot be used, or memory is too small.
    """
    began = time.monotonic()
    found = set_files(data)
    run = run_in(out, _spec(phase, config, base, found, extended=extended), alone=is_main_process())
    if run.finished:
        if is_main_process():  # a run that was killed just after it finished
            shutil.rmtree(out / CHECKPOINTS, ignore_errors=True)
        return run
    chosen = training_rows(found, extended=extended)
    if chosen.num_set_aside:
        whole_line(console, _set_aside_line(chosen))
    precision = "bf16" if train_config.frozen_in_bf16 else "fp32"
    more = f" and {len(chosen.extended)} of unmeasured problems" if chosen.extended else ""
    whole_line(console, f"loading {base}; {len(chosen.training)} training rows{more}")
    loaded = models.load(base, precision=precision, attention=train_config.attention)
    template = Template.of(loaded.tokenizer)
    context = models.context_of(loaded.model)
    most = min(max_tokens, context)
    encoded = partial(encode, template=template, max_tokens=max_tokens, context=context, option=option)
    rows = encoded(changed(chosen.training), too_long=too_long)
    unmeasured = encode_prompts(changed(chosen.extended), template, max_tokens=most)
    held_out = encoded(chosen.validation, too_long="drop")
    if rows.num_dropped:
        left_out = f"{rows.num_dropped} of {len(chosen.training)} rows"
        whole_line(console, f"{left_out} have more than {most} tokens and are left out")
    check_known((row.ids for row in (*rows.rows, *unmeasured.rows, *held_out.rows)), models.num_tokens_of(loaded.model))
    check_loss(loaded.model)
    if chooses:
        check_choice(loaded.model)
    packs = packed and keeps_packed_rows_apart(loaded.model)
    model = models.prepared(
        loaded.model, train_config.lora, compiled=train_config.compile, frozen_share=train_config.frozen_share
    )
    check_memory(model, sharded=train_config.fsdp)
    return Begun(
        run=run,
        out=out,
        model=model,
        tokenizer=loaded.tokenizer,
        training=rows.rows,
        extended=unmeasured.rows,
        validation=held_out.rows,
        num_dropped=rows.num_dropped,
        num_set_aside=chosen.num_set_aside,
        packs=packs,
        began=began,
    )


def trainer_of(kind: type[Kind], begun: Begun, config: TrainConfig, plan: Any, num_evaluated: int) -> Kind:
    """The trainer of a phase, which takes the batches of a plan in order; the run's folder is begun.

    Args:
        num_evaluated: number of validation rows that it evaluates.
    """
    evaluated: Any = spread(begun.validation, num_evaluated)
    if is_main_process():
        write_run(begun.out, begun.run)
    return kind(
        model=begun.model,
        args=trainer_arguments(config, begun.out, len(plan), num_processes()),
        train_dataset=wanted_batches(plan, config, num_processes()),
        eval_dataset=evaluated,
        data_collator=only,
        callbacks=[StopWhereNotFinite(config.learning_rate)],
        optimizers=(muon_of(begun.model, config), None) if config.descent == "muon" else (None, None),
    )


def train(trainer: Trainer, folder: Path, tokens: TokenCount, wish: StopWish, console: Console) -> dict[str, float]:
    """Trains from the last whole checkpoint on, and returns the last value of every metric.

    Raises:
        TuningError: memory or disk ran out.
        Stopped: a stop was asked for; the steps done are in a checkpoint.
    """
    for display in TRAINER_DISPLAYS:
        trainer.remove_callback(display)
    checkpoint = last_checkpoint(folder)
    if checkpoint is not None:
        console.print(f"going on from {checkpoint.name}")
    with closing(RunProgress(folder, tokens, console)) as progress, lines_for_errors(folder), wish.awaited():
        # This one comes first, since the other logs the steps that are saved.
        trainer.add_callback(StopAtStep(wish))
        trainer.add_callback(progress)
        with suppress(EvaluationLeftOut):
            trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if is_asked_anywhere(wish, trainer.args):
        raise Stopped(_how_far(folder, trainer.state.max_steps))
    logged = [entry for entry in trainer.state.log_history if "train_runtime" not in entry]
    return {name: float(value) for entry in logged for name, value in entry.items()}


def finish(begun: Begun, trainer: Trainer, results: dict[str, float]) -> RunRecord:
    """Saves the whole model into the run folder, and records that the run is finished.

    Raises:
        TuningError: the folder cannot be written.
    """
    counts: dict[str, JsonValue] = {
        "num_rows": len(begun.training),
        "num_problems": len({row.example.problem_id for row in begun.training}),
        "num_dropped": begun.num_dropped,
        "num_set_aside": begun.num_set_aside,
    }
    done = begun.run.model_copy(update={"finished": True, "results": results, "facts": facts(begun.began) | counts})
    with lines_for_errors(begun.out):
        weights: Any = trainer.accelerator.get_state_dict(trainer.model_wrapped) if trainer.is_fsdp_enabled else None
        if trainer.is_world_process_zero():
            models.save(trainer.accelerator.unwrap_model(trainer.model), begun.tokenizer, begun.out, weights)
            loss_figure(begun.out)
            write_card(begun.out, card_of(begun.out, done, chat=begun.tokenizer.chat_template is not None))
            # The run counts as finished from here on, so all that a finished run has is there by now.
            write_run(begun.out, done)
            shutil.rmtree(begun.out / CHECKPOINTS, ignore_errors=True)
    return done


def _spec(
    phase: Literal["contrast", "teach"], config: dict[str, JsonValue], base: str, found: SetFiles, *, extended: bool
) -> RunSpec:
    """The spec of a run on these files."""
    splits = (TRAINING_SPLIT, VALIDATION_SPLIT, *((EXTENDED_SPLIT,) if extended else ()))
    return RunSpec(
        phase=phase,
        config=config,
        base=base,
        base_digest=content_digest(base),
        data=str(found.folder),
        data_digest=data_digest(found, splits),
        data_snapshot=found.snapshot,
    )


def _set_aside_line(chosen: TrainingRows) -> str:
    problems = {row.base_problem_id for row in [*chosen.training, *chosen.validation]}
    return (
        f"the set has no validation rows: {chosen.num_set_aside} of its {len(problems)} training problems are set "
        "aside for evaluations, and not trained on"
    )


def _how_far(folder: Path, steps: int) -> str:
    """How far a stopped run came, and what is kept of it."""
    checkpoint = last_checkpoint(folder)
    if checkpoint is None:
        return "before the first step; there is nothing to keep yet"
    return f"at step {step_of(checkpoint):,} of {steps:,}; {checkpoint} is kept"
