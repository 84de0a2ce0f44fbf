# pyright: reportExplicitAny=false
"""Phase 2, instruction tuning: the model learns to write the answer of each prompt, and only the answer's tokens count.

As Ma et al. (arXiv 2403.01131) do it, but with a choice of mixings (`mixing.Mixing`) and batches that waste nothing.
"""

import contextlib
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from rich.console import Console
from torch import Tensor
from transformers import Trainer
from typing_extensions import override

from llamoco_tune import model as models
from llamoco_tune.augmentation import augmented
from llamoco_tune.batches import IGNORED, ROUND, Batch, PackedPlan, PaddedPlan, rounded
from llamoco_tune.choice import check_window
from llamoco_tune.choice_plan import ChoicePlan, MixedPlan, num_writing, without_openings
from llamoco_tune.choosing import (
    READING_HEAD,
    ChoiceConfig,
    Chooser,
    answers_by_optimizer,
    attach_reading_head,
    choices_found,
    chooser_of,
    choosing_loss,
    detach_reading_head,
)
from llamoco_tune.evaluation import (
    EvaluationConfig,
    loss_by_family,
    spread,
    titles_of,
    weights_cast_once,
    written_programs,
)
from llamoco_tune.forward import answer_nats
from llamoco_tune.instructions import Example
from llamoco_tune.kept import KeepBest
from llamoco_tune.losses import ANSWER_CHUNK
from llamoco_tune.mixing import Mixing, row_weights
from llamoco_tune.openings import Openings, with_lines, write_openings
from llamoco_tune.phase import Begun, begin, finish, train, trainer_of
from llamoco_tune.processes import is_main_process, num_processes
from llamoco_tune.progress import TokenCount
from llamoco_tune.records import Record, TuningError
from llamoco_tune.run_folder import RunRecord
from llamoco_tune.stopping import StopWish
from llamoco_tune.swapping import lesson_weights, some_unread, swapped
from llamoco_tune.tokens import Encoded, TooLong, text_of
from llamoco_tune.training import (
    EvaluationLeftOut,
    TrainConfig,
    end_without_evaluation,
    go_on_with_evaluation,
    lines_for_errors,
    log_evaluation,
    mixed_precision,
)


class TeachConfig(Record):
    """Everything that decides a run of this phase, but for base and data."""

    train: TrainConfig
    batching: Literal["packed", "padded"] = "packed"
    """Form of batches: `packed` has whole rows behind each other in sequences of one length, `padded` has padded rows
    of about one length. A base that cannot keep packed rows apart gets padded ones."""
    sequence_length: int = Field(default=2_048, ge=16)
    """Tokens of a packed sequence, and the most that a row may have."""
    per_batch: int = Field(default=1, ge=1)
    """Number of sequences, or of padded rows, in a batch of one device."""
    mixing: Mixing = "balanced"
    mixing_cap: int = Field(default=0, ge=0, validate_default=True)
    """Most rows that an optimizer counts for in `capped` mixing."""
    too_long: TooLong = "drop"
    loss_chunk: int = ANSWER_CHUNK
    """Number of positions whose logits are in memory at once."""
    choice: ChoiceConfig | None = None
    """Learn to choose an optimizer beside writing its program; None only teaches to write whole answers."""
    keep: Literal["best", "last"] = "best"
    """Weights that become the model: those with the best choices on validation problems in the second half of the run,
    or the last ones, as always where nothing is learned of choosing or weights are sharded."""
    evaluation: EvaluationConfig = EvaluationConfig()

    @field_validator("mixing_cap")
    @classmethod
    def _check_cap(cls, cap: int, info: ValidationInfo) -> int:
        if info.data.get("mixing") == "capped" and cap < 1:
            raise PydanticCustomError(
                "no_cap", "capped mixing needs the most rows that an optimizer counts for, mixing_cap (--mixing-cap)"
            )
        return cap


def teach(
    data: Path, base: str, out: Path, config: TeachConfig, console: Console, wish: StopWish | None = None
) -> RunRecord:
    """Tunes a base on the training split of an export, or goes on where an earlier call stopped.

    Args:
        out: the run folder, which in the end holds the tuned model.
        wish: checked at every step; None never stops.

    Raises:
        TuningError: data, base or folder cannot be used, or memory or disk ran out.
        Stopped: a stop was asked for; the run can go on.
    """
    wish = wish or StopWish()
    begun = begin_teaching(data, base, out, config, console)
    if isinstance(begun, RunRecord):
        return begun
    chooser = chooser_for(config, begun)
    if config.batching == "packed" and not begun.packs:
        config = padded_instead(config, begun.training)
        console.print(
            f"packed rows of this base would see each other: batches of {config.per_batch} padded rows instead"
        )
    plan = (
        mixed_plan_of(begun.training, config, chooser, processes=num_processes(), round_to=_round_to(begun))
        if chooser
        else plan_of(begun.training, config, processes=num_processes())
    )
    tokens = TokenCount()
    trainer = trainer_of(AnswerTrainer, begun, config.train, plan, config.evaluation.num_rows)
    trainer.prepare(config, tokens, begun.tokenizer, titles_of(begun.training), wish, chooser)
    best = KeepBest(out) if chooser and config.keep == "best" and not config.train.fsdp else None
    if best:
        trainer.add_callback(best)
    results = train(trainer, out, tokens, wish, console)
    if best:
        results |= best.put_back(begun.model)
    detach_reading_head(begun.model)
    if chooser and is_main_process():
        with lines_for_errors(out):
            write_openings(out, openings_to_write(chooser, begun))
    return finish(begun, trainer, results)


def begin_teaching(data: Path, base: str, out: Path, config: TeachConfig, console: Console) -> Begun | RunRecord:
    """The rows as tokens and the base, nothing trained yet; or the record of a run that is finished.

    Raises:
        TuningError: data, base or folder cannot be used.
    """
    changed: Callable[[Sequence[Example]], list[Example]] = list
    if choice := config.choice:
        changed = partial(
            augmented, restyled_share=choice.restyled_share, noisy_share=choice.noisy_share, seed=config.train.seed
        )
    return begin(
        "teach",
        data,
        base,
        out,
        config.model_dump(mode="json"),
        config.train,
        max_tokens=config.sequence_length,
        option="--sequence-length",
        too_long=config.too_long,
        packed=config.batching == "packed",
        console=console,
        chooses=config.choice is not None,
        extended=config.choice is not None and config.choice.extended,
        changed=changed,
    )


class AnswerTrainer(Trainer):
    """The trainer of this phase, whose loss counts only the tokens of answers."""

    def prepare(
        self,
        config: TeachConfig,
        tokens: TokenCount,
        tokenizer: Any,
        titles: Mapping[str, str],
        wish: StopWish,
        chooser: Chooser | None = None,
    ) -> None:
        self._config, self._tokens, self._wish = config, tokens, wish
        self._tokenizer, self._titles = tokenizer, titles
        self._chooser = chooser
        self._parts: dict[str, list[tuple[float, float]]] = {}

    @override
    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Tensor | Any],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Any:
        """Nats a token or loss a prompt: the batch's sum, divided by the answer tokens or prompts of the whole step."""
        self._tokens.add(inputs["input_ids"].numel())
        assert num_items_in_batch is not None, "the trainer counts labels"
        if self._chooser is not None and "targets" in inputs:
            total = model(inside=choosing_loss(self._chooser, self._note), batch=inputs)
        else:
            total = model(inside=self._writing_loss, batch=inputs)
            if self._chooser is not None:
                num_tokens = float((inputs["labels"] != IGNORED).sum())
                self._note("writing", float(total.detach()) / max(num_tokens, 1.0), weight=num_tokens)
        return total / num_items_in_batch * self.accelerator.num_processes

    @override
    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        if "loss" in logs:
            logs |= {f"{name}_loss": _mean(noted) for name, noted in self._parts.items()}
            self._parts = {}
        super().log(logs, start_time)

    def _note(self, name: str, value: float, *, weight: float = 1.0) -> None:
        self._parts.setdefault(name, []).append((value, weight))

    def _writing_loss(self, model: Any, batch: Batch) -> Tensor:
        nats = answer_nats(self._config.loss_chunk)(model, batch)
        head = getattr(model, READING_HEAD, None)
        # Processes that train together need a gradient of every weight.
        return nats if head is None else nats + 0.0 * sum(weights.sum() for weights in head.parameters())

    @override
    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: list[str] | None = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        try:
            found = self._found()
        except EvaluationLeftOut:
            return end_without_evaluation(self)
        return log_evaluation(self, {f"{metric_key_prefix}_{name}": value for name, value in found.items()})

    def _found(self) -> dict[str, float]:
        """The figures of an evaluation.

        Raises:
            EvaluationLeftOut: a stop was asked for.
        """
        config = self._config.evaluation
        model: Any = self.model
        rows: Any = self.eval_dataset
        go_on = partial(go_on_with_evaluation, self._wish, self.args)
        model.eval()
        with mixed_precision(self._config.train, model.device):
            found = loss_by_family(model, rows, go_on=go_on)
            if self._chooser is not None:
                found |= choices_found(self._chooser, model, go_on=go_on)
        if not config.num_programs or not self._has_programs():
            return found
        asked = spread(rows, config.num_programs)
        with self._writing():
            return found | written_programs(
                model, self._tokenizer, asked, self._titles, max_new_tokens=config.max_new_tokens, go_on=go_on
            )

    def _has_programs(self) -> bool:
        """Whether the evaluation at this step has programs; the step alone decides, so a resumed run has the same."""
        number, rest = divmod(self.state.global_step, self._config.train.evaluate_every)
        last = self.state.global_step >= self.state.max_steps
        return last or (rest == 0 and number % self._config.evaluation.programs_every == 0)

    def _writing(self) -> contextlib.AbstractContextManager[Any]:
        """The context in which programs are written: training's precision, with weights cast once if all are here."""
        model: Any = self.model
        in_bf16 = models.computed_in(self._config.train.precision) == "bf16"
        if in_bf16 and self.accelerator.num_processes == 1:
            return weights_cast_once(model, torch.bfloat16)
        return mixed_precision(self._config.train, model.device)


def openings_to_write(chooser: Chooser, begun: Begun) -> Openings:
    """The openings of a run's answers, with the rest of their lines."""

    def has_newline(token: int) -> bool:
        return "\n" in text_of(begun.tokenizer, [token])

    return with_lines(chooser.openings, answers_by_optimizer(begun.training), has_newline)


def chooser_for(config: TeachConfig, begun: Begun) -> Chooser | None:
    """What is needed for learning to choose, and the head of reading on the model, if these are wanted.

    Raises:
        TuningError: the rows lack what is to be learned, a layer does not see the longest prompt at once, or reading is
            to be learned with an adapter or shards.
    """
    if config.choice is None:
        return None
    context = models.context_of(begun.model)
    chooser = chooser_of(config.choice, begun.training, begun.extended, begun.validation, context=context)
    check_window(begun.model, chooser.trie, max(row.num_prompt for row in (*chooser.lessons.rows, *chooser.evaluated)))
    if config.choice.reading_weight:
        if config.train.lora or config.train.fsdp:
            raise TuningError(
                "reading is learned by all weights on one device, not by an adapter or by shards; give "
                "--reading-weight 0"
            )
        attach_reading_head(begun.model, chooser.lessons.features.shape[1])
    return chooser


def padded_instead(config: TeachConfig, rows: Sequence[Encoded]) -> TeachConfig:
    """Settings with padded rows that need no more room than the packed sequences: as many as the longest row allows."""
    longest = max(len(row.ids) for row in rows)
    per_sequence = max(1, config.sequence_length // longest)
    return config.model_copy(update={"batching": "padded", "per_batch": config.per_batch * per_sequence})


def plan_of(rows: Sequence[Encoded], config: TeachConfig, *, processes: int = 1) -> PackedPlan | PaddedPlan:
    """The batches of a whole run; an epoch has as many tokens (packed) or rows (padded) as the set.

    Args:
        processes: number of processes that share the batches.
    """
    tokens = sum(len(row.ids) for row in rows)
    sequences = -(-tokens // config.sequence_length) if config.batching == "packed" else len(rows)
    per_epoch = -(-sequences // config.per_batch)
    epochs = config.train.num_epochs
    if config.train.max_steps is not None:
        epochs = -(-config.train.max_steps * config.train.accumulation * processes // per_epoch)
    weights = row_weights([row.example.optimizer for row in rows], config.mixing, cap=config.mixing_cap)
    return _answers_plan(rows, weights, config, per_epoch, epochs)


def mixed_plan_of(
    rows: Sequence[Encoded], config: TeachConfig, chooser: Chooser, *, processes: int = 1, round_to: int = 1
) -> MixedPlan:
    """The batches of a whole run of choosing and writing; an epoch has as many measured prompts as there are rows.

    Args:
        processes: number of processes that share the batches.
        round_to: tokens to whose multiples padded batches of answers are filled up.
    """
    choice, seed = chooser.config, config.train.seed
    per_step = config.train.accumulation * processes
    choosing = ChoicePlan(chooser.lessons, choice.per_batch, choice.extended_share, 1, seed)
    measured = max(1, choice.per_batch - choosing.num_extended) * per_step
    choosing_steps = -(-len(rows) * config.train.num_epochs // measured)
    steps = config.train.max_steps or -(-choosing_steps // (1 - choice.writing_share))
    written = num_writing(int(steps), choice.writing_share) * per_step
    choosing = dataclasses.replace(choosing, num_batches=int(steps) * per_step - written)
    longest = max(len(row.ids) for row in rows)
    others = swapped(rows, seed=seed) if written and choice.swapped_share else []
    others = some_unread([row for row in others if len(row.ids) <= longest], choice.unread_share, longest, seed=seed)
    weights = lesson_weights(rows, others, choice.swapped_share, config.mixing, cap=config.mixing_cap)
    answers = without_openings([*rows, *others], chooser.openings.by_optimizer)
    writing = _answers_plan(answers, weights, config, written, 1, round_to=round_to) if written else None
    return MixedPlan(choosing, writing, choice.writing_share, per_step, int(steps))


def _answers_plan(
    rows: Sequence[Encoded],
    weights: NDArray[np.float64],
    config: TeachConfig,
    per_epoch: int,
    epochs: int,
    *,
    round_to: int = 1,
) -> PackedPlan | PaddedPlan:
    if config.batching == "packed":
        length = config.sequence_length
        return PackedPlan(rows, weights, length, config.per_batch, per_epoch, epochs, config.train.seed)
    return PaddedPlan(rows, weights, config.per_batch, per_epoch, epochs, config.train.seed, round_to)


def _mean(noted: Sequence[tuple[float, float]]) -> float:
    """The mean of values with weights."""
    return sum(value * weight for value, weight in noted) / max(sum(weight for _, weight in noted), 1.0)


def _round_to(begun: Begun) -> int:
    """Tokens to whose multiples batches of answers are padded; 1 if that could go beyond the model's context."""
    longest = max(len(row.ids) for row in begun.training)
    return ROUND if rounded(longest) <= models.context_of(begun.model) else 1
