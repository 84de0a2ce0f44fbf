# pyright: reportExplicitAny=false
"""Teaches a base by a recipe within minutes, and writes what came out as JSON: a study for a machine with one GPU.

    python -m tests.benchmarks.gpu_study EXPORT BASE --out FILE

EXPORT is what `llamoco-data export` wrote, BASE a folder with a model. The command is run in the root of the source,
which need not be installed, and uses neither network nor Ray. A few steps are timed, then as many are made as the
minutes allow, so that the learning rate comes to its end. The file says how well the base and the taught model choose,
how fast both kinds of steps are, and how fast TRL's trainer is on the same rows, where TRL can be imported. It is
written after teaching, and again with what is measured then, so a study that is ended loses no more than that. Exits
with 1 if the minutes ran out before the last step. It needs torch, transformers, accelerate, peft, pyarrow, pydantic,
rich and click.
"""

import argparse
import dataclasses
import gc
import importlib.util
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import Field, JsonValue
from rich.console import Console
from typing_extensions import override

from llamoco_tune import model as models
from llamoco_tune.choice import choice_log_probabilities, prompts_of
from llamoco_tune.choice_plan import num_writing
from llamoco_tune.choosing import Chooser, judged
from llamoco_tune.cli.phases import changed
from llamoco_tune.evaluation import spread
from llamoco_tune.forward import inside_forward
from llamoco_tune.instructions import rows_of
from llamoco_tune.metrics import MetricsRecord, read_metrics
from llamoco_tune.openings import Openings
from llamoco_tune.phase import Begun, trainer_of
from llamoco_tune.pretrained import pretrained_model
from llamoco_tune.progress import TRAINER_DISPLAYS, TokenCount
from llamoco_tune.quiet import quiet_transformers
from llamoco_tune.recipe_files import recipe
from llamoco_tune.records import Record, TuningError
from llamoco_tune.run_folder import RunRecord, last_checkpoint
from llamoco_tune.snapshots import set_files
from llamoco_tune.stopping import Stopped, StopWish
from llamoco_tune.teach import (
    AnswerTrainer,
    TeachConfig,
    begin_teaching,
    chooser_for,
    mixed_plan_of,
    padded_instead,
    teach,
)
from llamoco_tune.tokens import Encoded, Template, encode_prompts
from llamoco_tune.training import TrainConfig, facts, lines_for_errors, mixed_precision
from llamoco_tune.trie import Trie
from llamoco_tune.written import check_writable, in_one_step, writing
from tests.benchmarks.tuning import Clock, ours, theirs

VERSION = 1
SPLITS = ("validation", "test", "test_families")
"""Splits on which choices are judged, where a set has them."""
WORDINGS = 4
"""Most prompts of a problem over which a choice is averaged."""
MOST_PROBLEMS = 600
"""Most problems of a split; at even distances if there are more."""
TRIAL_STEPS = 8
"""Steps that are timed beforehand. Every second one writes, and the first of each kind does not count."""
TRAINING_SHARE = 0.6
"""Share of the seconds left after the trial that steps are planned for; evaluations and TRL need the rest."""
DEADLINE_SHARE = 0.85
"""Share of these seconds after which a run is stopped, whatever was planned."""
EVALUATIONS = 5
"""Evaluations of a run after the one before its first step."""
PEER_ROWS = 128
"""Most rows that our trainer and TRL's take, in batches of at most `PEER_BATCH`."""
PEER_BATCH = 16
PEER_S = 60.0
"""Seconds that must be left for the comparison to begin; nothing ends it."""
RESAMPLES = 1_000

Problems = Sequence[Sequence[Encoded]]
"""Some prompts of each problem."""


class ChoiceFigures(Record):
    """How well a model chooses on the problems of a split, by the scores in their rows; nothing is run."""

    num_problems: int
    wordings: int
    """Most prompts of a problem over which its choice is averaged."""
    gap_closed: float
    gap_low: float
    """Lower end of the 95 % interval of the gap closed, from problems drawn anew."""
    gap_high: float
    choice_score: float
    """Mean score of the choices."""
    choice_right: float
    """Share of the choices that are the label's optimizer."""


class Speed(Record):
    """Speed of one kind of steps: medians over all but the first."""

    num_steps: int
    tokens_per_s: float
    """Tokens of batches, padding included."""
    utilisation: float | None
    """Share of the device's peak, at 6 operations for each trained weight and token; null if the peak is unknown."""


class PeerFigures(Record):
    """Both trainers on the same rows in the same padded batches; every weight learns to write whole answers."""

    num_rows: int
    tokens_per_s: float
    """Tokens of rows, padding excluded."""
    trl_tokens_per_s: float | None
    trl_missing: str | None
    """Reason why TRL has no figure."""


class GpuStudy(Record):
    """Content of the file."""

    version: int = Field(default=VERSION, ge=VERSION, le=VERSION)
    recipe: str
    config: dict[str, JsonValue]
    """Settings of teaching, with the number of steps that the minutes allowed."""
    base_digest: str
    data_digest: str
    num_measured: int
    """Number of training rows, whose scores were measured."""
    num_extended: int
    """Number of training prompts of unmeasured problems."""
    facts: dict[str, JsonValue]
    """Device, minutes of the whole study, versions of libraries."""
    recipe_steps: int
    """Number of steps that the recipe makes of these rows."""
    num_steps: int
    """Number of steps done."""
    finished: bool
    """False if time ran out before the last step, so that the learning rate did not come to its end."""
    before: dict[str, tuple[ChoiceFigures, ...]]
    """Choices of the base by split: with one prompt, and averaged over several."""
    after: dict[str, tuple[ChoiceFigures, ...]]
    """Choices of the taught model, in the same form; none of an unfinished adapter, or before they are made."""
    speed: dict[str, Speed]
    """Speed by kind of steps, `choosing` and `writing`."""
    peak_memory_gb: float
    evaluations: dict[str, dict[str, float | None]]
    """Figures on validation rows by step."""
    peer: PeerFigures | None
    """Null if it was not wanted, or no time was left."""


class Deadline(StopWish):
    """Asks a run to stop at a time of the monotonic clock."""

    def __init__(self, at: float) -> None:
        super().__init__()
        self._at = at

    @property
    @override
    def is_asked(self) -> bool:
        return super().is_asked or time.monotonic() >= self._at


def studied(
    export: Path,
    base: str,
    name: str,
    config: TeachConfig,
    work: Path,
    *,
    minutes: float,
    peer: bool = True,
    console: Console,
    keep: Callable[[GpuStudy], None] = lambda _: None,
) -> GpuStudy:
    """Runs the whole study.

    Args:
        name: of the recipe that the settings are of.
        work: an empty folder, for runs.
        peer: whether our trainer and TRL's are compared.
        keep: called with the study so far: after teaching, and when the taught model is judged.

    Raises:
        TuningError: data or base cannot be used, the settings teach no choosing, or memory ran out.
    """
    began = time.monotonic()
    ends = began + 60 * minutes
    begun = _begun(export, base, config, work / "trial", console)
    chooser = chooser_for(config, begun)
    if chooser is None:
        raise TuningError(f"recipe {name} does not teach to choose; take another one")
    config = config if begun.packs or config.batching == "padded" else padded_instead(config, begun.training)
    asked = _problems_of(export, begun, config)
    before = choices_of(begun.model, chooser.openings, asked, config.train)
    console.print(f"before: {_line(before)}")
    with lines_for_errors(work):
        trial_s = _step_seconds(begun, chooser, config)
    recipe_steps = mixed_plan_of(begun.training, config, chooser).num_steps
    left_s = ends - time.monotonic()
    config = affordable(config, recipe_steps, trial_s, TRAINING_SHARE * left_s)
    console.print(f"{config.train.max_steps} steps of the recipe's {recipe_steps}; {left_s:.0f} s are left")
    training, spec, num_extended = begun.training, begun.run.spec, len(begun.extended)
    openings = chooser.openings
    del begun, chooser
    _free()
    wish = Deadline(time.monotonic() + DEADLINE_SHARE * left_s)
    taught = taught_in(work / "taught", export, base, config, wish, console)
    study = GpuStudy(
        recipe=name,
        config=config.model_dump(mode="json"),
        base_digest=spec.base_digest,
        data_digest=spec.data_digest,
        num_measured=len(training),
        num_extended=num_extended,
        recipe_steps=recipe_steps,
        finished=taught == work / "taught",
        before=before,
        after={},
        peer=None,
        facts=facts(began),
        **_trained(read_metrics(work / "taught")),
    )
    keep(study)
    if taught:
        after = choices_after(taught, openings, asked, config.train)
        study = study.model_copy(update={"after": after, "facts": facts(began)})
        keep(study)
    console.print(f"after: {_line(study.after)}")
    _free()
    if peer and config.train.lora is None and time.monotonic() + PEER_S <= ends:
        study = study.model_copy(update={"peer": _beside_trl(base, training, work), "facts": facts(began)})
    return study


def choices_of(
    model: Any, openings: Openings, asked: Mapping[str, Problems], train: TrainConfig
) -> dict[str, tuple[ChoiceFigures, ...]]:
    """Figures of a model's choices by split, with one prompt of a problem and with several.

    Args:
        model: a model that `inside_forward` has prepared; it is moved to the GPU, if there is one.
    """
    model = model.to("cuda" if torch.cuda.is_available() else "cpu").eval()
    found: dict[str, tuple[ChoiceFigures, ...]] = {}
    for split, problems in asked.items():
        rows = [row for prompts in problems for row in prompts]
        with mixed_precision(train, model.device):
            log_NK = choice_log_probabilities(model, Trie.of(openings), prompts_of(rows))
        ends = np.cumsum([len(prompts) for prompts in problems])[:-1]
        by_problem = np.split(log_NK, ends)
        found[split] = tuple(
            _figures(problems, [openings.optimizers[log_MK[:count].mean(0).argmax()] for log_MK in by_problem], count)
            for count in (1, WORDINGS)
        )
    return found


def _figures(problems: Problems, chosen: Sequence[str], wordings: int) -> ChoiceFigures:
    examples = [prompts[0].example for prompts in problems]
    whole = judged(examples, chosen)
    pairs = zip(examples, chosen, strict=True)
    score_N = np.array([judged([example], [name])["choice_score"] for example, name in pairs])
    single_N = np.array([example.single_best_score or 0.0 for example in examples])
    best_N = np.array([max(example.scores.values(), default=0.0) for example in examples])
    drawn_RN = np.random.default_rng(0).integers(len(examples), size=(RESAMPLES, len(examples)))
    won_R = (score_N - single_N)[drawn_RN].mean(1)
    width_R = (best_N - single_N)[drawn_RN].mean(1)
    gap_R = np.divide(won_R, width_R, out=np.zeros_like(won_R), where=width_R > 0)
    low, high = np.quantile(gap_R, [0.025, 0.975])
    return ChoiceFigures(
        num_problems=len(examples),
        wordings=wordings,
        gap_closed=whole["gap_closed"],
        gap_low=float(low),
        gap_high=float(high),
        choice_score=whole["choice_score"],
        choice_right=whole["choice_right"],
    )


def _begun(export: Path, base: str, config: TeachConfig, out: Path, console: Console) -> Begun:
    """The rows as tokens and the base, as teaching takes them; nothing is trained yet."""
    begun = begin_teaching(export, base, out, config, console)
    if isinstance(begun, RunRecord):
        raise TuningError(f"{out} holds a run; give an empty folder")
    return begun


def _problems_of(export: Path, begun: Begun, config: TeachConfig) -> dict[str, Problems]:
    """Prompts of each split that is there; which comes first takes turns, so that all forms and wordings occur."""
    found, template = set_files(export), Template.of(begun.tokenizer)
    most = min(config.sequence_length, models.context_of(begun.model))
    asked: dict[str, Problems] = {}
    for split in SPLITS:
        if split not in found.splits:
            continue
        by_problem: dict[str, list[Encoded]] = {}
        for row in encode_prompts(rows_of(found, split), template, max_tokens=most).rows:
            by_problem.setdefault(row.example.problem_id, []).append(row)
        every = [by_problem[name] for name in sorted(by_problem)]
        step = max(1.0, len(every) / MOST_PROBLEMS)
        taken = [every[int(i * step)] for i in range(min(len(every), MOST_PROBLEMS))]
        turned = [prompts[i % len(prompts) :] + prompts[: i % len(prompts)] for i, prompts in enumerate(taken)]
        asked[split] = [prompts[:WORDINGS] for prompts in turned]
    return asked


def _step_seconds(begun: Begun, chooser: Chooser, config: TeachConfig) -> dict[str, float]:
    """Seconds of a step of each kind, by a few steps of the trainer itself; the model's weights are spoilt by them."""
    share = 0.5 if chooser.config.writing_share else 0.0
    chooser = dataclasses.replace(chooser, config=chooser.config.model_copy(update={"writing_share": share}))
    train = config.train.model_copy(update={"max_steps": TRIAL_STEPS, "log_every": 1})
    plan = mixed_plan_of(begun.training, config.model_copy(update={"train": train}), chooser)
    trainer, clock = trainer_of(AnswerTrainer, begun, train, plan, 1), Clock()
    trainer.args.eval_strategy = trainer.args.save_strategy = "no"
    trainer.args.eval_on_start = False
    for display in TRAINER_DISPLAYS:
        trainer.remove_callback(display)
    trainer.add_callback(clock)
    trainer.prepare(config, TokenCount(), begun.tokenizer, {}, StopWish(), chooser)
    trainer.train()
    seconds: dict[str, list[float]] = {"choosing": [], "writing": []}
    for step in range(2, TRIAL_STEPS):
        writes = num_writing(step + 1, share) > num_writing(step, share)
        seconds["writing" if writes else "choosing"].append(clock.ended[step] - clock.ended[step - 1])
    return {kind: float(np.median(each)) if each else 0.0 for kind, each in seconds.items()}


def affordable(config: TeachConfig, most: int, step_s: Mapping[str, float], seconds: float) -> TeachConfig:
    """The settings with as many steps as the seconds allow, and no programs, which take the time of many steps."""
    share = config.choice.writing_share if config.choice else 1.0
    mean_s = (1 - share) * step_s["choosing"] + share * step_s["writing"]
    steps = min(most, max(2, int(seconds / mean_s)))
    every = max(1, steps // EVALUATIONS)
    train = {"max_steps": steps, "evaluate_every": every, "save_every": steps, "log_every": 1}
    return config.model_copy(
        update={
            "train": config.train.model_copy(update=train),
            "evaluation": config.evaluation.model_copy(update={"num_programs": 0}),
        }
    )


def taught_in(out: Path, export: Path, base: str, config: TeachConfig, wish: StopWish, console: Console) -> Path | None:
    """The folder of the taught model, its last checkpoint if a stop was asked for; None if there is no whole model."""
    try:
        teach(export, base, out, config, console, wish)
    except Stopped as stopped:
        console.print(f"stopped {stopped}")
        return last_checkpoint(out) if config.train.lora is None else None
    return out


def choices_after(
    folder: Path, openings: Openings, asked: Mapping[str, Problems], train: TrainConfig
) -> dict[str, tuple[ChoiceFigures, ...]]:
    """Figures of the choices of a taught model."""
    dtype = torch.bfloat16 if train.frozen_in_bf16 else torch.float32
    model = pretrained_model(str(folder), dtype=dtype, attn_implementation=train.attention)
    inside_forward(model)
    return choices_of(model, openings, asked, train)


def _trained(lines: Sequence[MetricsRecord]) -> dict[str, Any]:
    """What the lines of a run tell of its steps."""
    steps = [line for line in lines if line.kind == "train" and "loss" in line.values]
    kinds = {"choosing": "choice_loss", "writing": "writing_loss"}
    by_kind = {kind: [line for line in steps if loss in line.values] for kind, loss in kinds.items()}
    evaluated = {str(line.step): line.values for line in lines if line.kind == "evaluation"}
    return {
        "num_steps": max((line.step for line in steps), default=0),
        "speed": {kind: _speed(of_kind) for kind, of_kind in by_kind.items() if of_kind},
        "peak_memory_gb": max((line.peak_memory_bytes for line in lines), default=0) / 1e9,
        "evaluations": evaluated,
    }


def _speed(steps: Sequence[MetricsRecord]) -> Speed:
    later = steps[1:] or steps
    shares = [line.utilisation for line in later if line.utilisation is not None]
    return Speed(
        num_steps=len(steps),
        tokens_per_s=float(np.median([line.tokens_per_s or 0.0 for line in later])),
        utilisation=float(np.median(shares)) if shares else None,
    )


def _beside_trl(base: str, training: Sequence[Encoded], work: Path) -> PeerFigures:
    """Our trainer and TRL's on the same rows; whatever keeps TRL from its work becomes the reason."""
    rows = sorted(spread(training, PEER_ROWS), key=lambda row: len(row.ids))
    per_batch = max(1, min(PEER_BATCH, len(rows) // 4))
    tokens = sum(len(row.ids) for row in rows[per_batch:])
    mine = ours(models.load(base), rows, per_batch, work / "ours")
    _free()
    peers, reason = None, "TRL cannot be imported"
    if importlib.util.find_spec("trl") is not None:
        try:
            clock = theirs(models.load(base), rows, per_batch, work / "trl")
            peers, reason = tokens / (clock.ended[-1] - clock.ended[0]), None
        except Exception as error:  # noqa: BLE001 - the study's own figures must not be lost by another library
            reason = f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"
    return PeerFigures(
        num_rows=len(rows),
        tokens_per_s=tokens / (mine.ended[-1] - mine.ended[0]),
        trl_tokens_per_s=peers,
        trl_missing=reason,
    )


def _line(found: Mapping[str, Sequence[ChoiceFigures]]) -> str:
    parts = [f"{split} {each.gap_closed:.0%} ({each.wordings})" for split, both in found.items() for each in both]
    return f"gap closed (prompts): {', '.join(parts)}" if parts else "not judged"


def _free() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _write(out: Path, study: GpuStudy) -> None:
    """Writes the file, whole or not at all.

    Raises:
        TuningError: it cannot be written.
    """
    with writing(out), in_one_step(out) as part:
        part.write_text(study.to_json(indent=1) + "\n", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("export", type=Path)
    parser.add_argument("base")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--recipe", default="smollm2-full")
    parser.add_argument("--minutes", type=float, default=7.5, help="of the whole study")
    parser.add_argument("--reading-weight", type=float, help="of the loss of reading; the recipe's by default")
    parser.add_argument("--no-peer", action="store_true", help="leave the comparison with TRL out")
    given = parser.parse_args(arguments)
    quiet_transformers()
    console = Console(stderr=True)
    try:
        check_writable(given.out)
        config = changed(recipe(given.recipe).teach, {"reading_weight": given.reading_weight})
        with tempfile.TemporaryDirectory() as work:
            study = studied(
                given.export, given.base, given.recipe, config, Path(work),
                minutes=given.minutes, peer=not given.no_peer, console=console, keep=partial(_write, given.out),
            )  # fmt: skip
        _write(given.out, study)
    except TuningError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0 if study.finished else 1


if __name__ == "__main__":
    sys.exit(main())
