# pyright: reportExplicitAny=false
"""Phase 1, contrastive warm-up: prompts with the same best optimizer are brought together, others moved apart.

The loss is the margin loss of Ma et al. (arXiv 2403.01131) or InfoNCE. The same causal model goes on to phase 2.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from pydantic import Field
from rich.console import Console
from torch import Tensor
from torch.utils.checkpoint import checkpoint
from transformers import Trainer
from typing_extensions import override

from llamoco_tune.batches import IGNORED, Batch
from llamoco_tune.evaluation import loss_by_family
from llamoco_tune.forward import hidden_states, nats_of_answers
from llamoco_tune.losses import batch_info_nce, margin_loss, profile_info_nce
from llamoco_tune.pairs import GROUP, ContrastPlan
from llamoco_tune.phase import begin, finish, train, trainer_of
from llamoco_tune.probing import Probed, linear_probe, majority_share, one_each, probed
from llamoco_tune.processes import is_main_process, num_processes
from llamoco_tune.progress import TokenCount
from llamoco_tune.records import Record, TuningError
from llamoco_tune.run_folder import RunRecord
from llamoco_tune.stopping import StopWish
from llamoco_tune.tokens import Encoded, TooLong
from llamoco_tune.training import (
    EvaluationLeftOut,
    TrainConfig,
    end_without_evaluation,
    go_on_with_evaluation,
    lines_for_errors,
    log_evaluation,
    mixed_precision,
)
from llamoco_tune.written import in_one_step

EMBEDDINGS_FILE = "embeddings.npz"
"""Embeddings of validation prompts before and after the warm-up, with the families of their best optimizers."""


class ContrastConfig(Record):
    """Everything that decides a run of this phase, but for base and data."""

    train: TrainConfig
    loss: Literal["margin", "info_nce", "profile"] = "info_nce"
    """Loss: `margin` is the paper's; with `info_nce`, all prompts of the batch with another optimizer are negatives;
    `profile` brings prompts as near as the scores of all optimizers on their problems are alike."""
    margin: float = 0.3
    """Margin (phi) of the margin loss."""
    temperature: float = 0.05
    """Temperature of InfoNCE."""
    profile_width: float = Field(default=0.1, gt=0)
    """Difference of scores, root mean square over the optimizers, that makes two prompts e times less alike."""
    lm_weight: float = Field(default=0.0, ge=0)
    """Weight of the language model's loss on answers, which keeps the model from forgetting how to write."""
    lm_tokens: int | None = Field(default=None, ge=1)
    """Leading answer tokens in the language model's loss; None means all. An answer names its optimizer in the first
    line, so with few tokens this is the loss of choosing, at little more than the cost of the prompts."""
    per_batch: int = Field(default=32, ge=GROUP, multiple_of=GROUP)
    """B: prompts that are compared with each other."""
    micro_batch: int = Field(default=8, ge=1)
    """Number of prompts that are embedded at once; the loss compares the whole batch."""
    recompute: bool = True
    """Recompute activations so that one micro-batch is held at a time; a third slower."""
    centred: bool = True
    """Subtract the mean over the batch before embeddings are compared. Embeddings of a causal model lie in a narrow
    cone (Ethayarajh, arXiv 1909.00512) with cosines near 1, whose differences are too small for the temperature; the
    part that is common to all tells nothing (Mu & Viswanath, arXiv 1702.01417)."""
    max_tokens: int = Field(default=4_096, ge=16)
    """Most tokens of prompt and answer together."""
    too_long: TooLong = "drop"
    num_evaluated: int = Field(default=48, ge=1)
    """Number of validation rows for the language model's loss."""
    num_probed: int = Field(default=400, ge=1)
    """Most training problems that the linear probe learns from, and most validation problems that it is tried on."""


def contrast(
    data: Path, base: str, out: Path, config: ContrastConfig, console: Console, wish: StopWish | None = None
) -> RunRecord:
    """Warms a base up on the training split of an export, or goes on where an earlier call stopped.

    Args:
        out: the run folder, which in the end holds the warmed-up model.
        wish: checked at every step; None never stops.

    Raises:
        TuningError: data, base or folder cannot be used, or memory or disk ran out.
        Stopped: a stop was asked for; the run can go on.
    """
    wish = wish or StopWish()
    begun = begin(
        "contrast",
        data,
        base,
        out,
        config.model_dump(mode="json"),
        config.train,
        max_tokens=config.max_tokens,
        option="--max-tokens",
        too_long=config.too_long,
        packed=False,
        console=console,
    )
    if isinstance(begun, RunRecord):
        return begun
    if config.loss == "profile" and not any(row.example.scores for row in begun.training):
        raise TuningError("the rows have no scores of optimizers to compare; export the campaign again, or give --loss")
    plan = plan_of(begun.training, config, processes=num_processes())
    tokens = TokenCount()
    trainer = trainer_of(ContrastTrainer, begun, config.train, plan, config.num_evaluated)
    trainer.prepare(config, tokens, wish)
    learned = one_each(begun.training, config.num_probed)
    asked = one_each(begun.validation, config.num_probed)

    def probe(when: str) -> Probed:
        console.print(f"embedding {len(learned) + len(asked)} prompts {when} the warm-up")
        model: Any = trainer.model
        with mixed_precision(config.train, model.device):
            return probed(model, learned, asked)

    before = probe("before")
    results = train(trainer, out, tokens, wish, console)
    after = probe("after")
    if is_main_process():
        _write_embeddings(out, asked, before, after)
    optimizers = [[row.example.optimizer for row in rows] for rows in (learned, asked)]
    results["probe_majority"] = majority_share(*optimizers)
    for when, found in (("before", before), ("after", after)):
        accuracy = linear_probe(found.training, optimizers[0], found.held_out, optimizers[1])
        results[f"probe_accuracy_{when}"] = accuracy
    return finish(begun, trainer, results)


class ContrastTrainer(Trainer):
    """The trainer of this phase: its loss compares a whole batch, whose prompts are embedded in parts."""

    def prepare(self, config: ContrastConfig, tokens: TokenCount, wish: StopWish) -> None:
        self._config, self._tokens, self._wish = config, tokens, wish

    @override
    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Tensor | Any],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Any:
        """The contrastive loss of a batch plus the weighted LM loss, averaged over the step's batches."""
        self._tokens.add(sum(part["input_ids"].numel() for part in _parts(inputs, self._config.micro_batch)))
        loss = model(inside=contrastive(self._config), batch=inputs)
        return loss / self.current_gradient_accumulation_steps

    @override
    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: list[str] | None = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        """The language model's loss on validation answers, which shows what the warm-up makes it forget."""
        model: Any = self.model
        rows: Any = self.eval_dataset
        model.eval()
        try:
            with mixed_precision(self._config.train, model.device):
                found = loss_by_family(model, rows, go_on=partial(go_on_with_evaluation, self._wish, self.args))
        except EvaluationLeftOut:
            return end_without_evaluation(self)
        return log_evaluation(self, {f"{metric_key_prefix}_lm_{name}": value for name, value in found.items()})


def contrastive(config: ContrastConfig) -> Callable[[Any, Batch], Tensor]:
    """Returns the loss of a batch, to be computed inside the model's forward; parts are embedded one after the other.

    With several recomputed parts this is GradCache (Gao et al., arXiv 2101.06983): all parts are embedded without
    keeping activations, the loss is taken over all embeddings, then each part is run again with its share of the
    gradient. Checkpointing does exactly this.
    """

    def loss(model: Any, batch: Batch) -> Tensor:
        parts = list(_parts(batch, config.micro_batch))
        done = [
            checkpoint(_embedded, model, part, config.lm_weight > 0, use_reentrant=False)
            if config.recompute and len(parts) > 1
            else _embedded(model, part, config.lm_weight > 0)
            for part in parts
        ]
        embeddings_BH = torch.cat([embeddings for embeddings, _ in done])
        total = _contrastive_loss(config, embeddings_BH, batch)
        if config.lm_weight:
            num_answer = (batch["labels"][:, 1:] != IGNORED).sum()
            total = total + config.lm_weight * torch.stack([nats for _, nats in done]).sum() / num_answer
        return total

    return loss


def plan_of(rows: Sequence[Encoded], config: ContrastConfig, *, processes: int = 1) -> ContrastPlan:
    """The batches of a whole run; an epoch draws as many rows as there are.

    Args:
        processes: number of processes that share the batches.
    """
    train_config = config.train
    num_batches = -(-len(rows) * train_config.num_epochs // config.per_batch)
    if train_config.max_steps is not None:
        num_batches = train_config.max_steps * train_config.accumulation * processes
    longest = max(len(row.ids) - row.num_prompt for row in rows)
    answer_tokens = (config.lm_tokens or longest) if config.lm_weight else 0
    return ContrastPlan(rows, config.per_batch, num_batches, train_config.seed, answer_tokens)


def _contrastive_loss(config: ContrastConfig, embeddings_BH: Tensor, batch: Batch) -> Tensor:
    if config.centred:
        embeddings_BH = embeddings_BH.float() - embeddings_BH.float().mean(0)
    if config.loss == "profile":
        return profile_info_nce(
            embeddings_BH, batch["profiles"], batch["problems"], config.temperature, config.profile_width
        )
    if config.loss == "margin":
        return margin_loss(embeddings_BH, batch["optimizers"], config.margin)
    return batch_info_nce(embeddings_BH, batch["optimizers"], batch["problems"], config.temperature)


def _embedded(model: Any, part: Batch, with_answers: bool) -> tuple[Tensor, Tensor]:
    """Embeddings of the prompts (b, H), and the summed loss of the answers in nats, or 0 if it is not wanted."""
    hidden_BTH = hidden_states(model, part["input_ids"], part["position_ids"])
    last_B = torch.arange(len(hidden_BTH), device=hidden_BTH.device), part["lengths"] - 1
    if not with_answers:
        return hidden_BTH[last_B], hidden_BTH.new_zeros(())
    return hidden_BTH[last_B], nats_of_answers(model, hidden_BTH, part["labels"])


def _parts(batch: Batch, size: int) -> Iterator[Batch]:
    """Yields the rows of a batch, sorted by length, `size` at a time, without the padding that these do not need."""
    for start in range(0, len(batch["lengths"]), size):
        part = {name: value[start : start + size] for name, value in batch.items()}
        taught_T = (part["labels"] != IGNORED).any(0)
        ends = torch.arange(1, len(taught_T) + 1, device=taught_T.device)[taught_T]
        longest = int(torch.cat([part["lengths"], ends]).max())
        yield {name: value[:, :longest] if value.dim() == 2 else value for name, value in part.items()}


def _write_embeddings(out: Path, asked: Sequence[Encoded], before: Probed, after: Probed) -> None:
    """Keeps the embeddings of validation prompts for a figure, whole or not at all.

    Raises:
        TuningError: the folder cannot be written.
    """
    families = np.array([row.example.family for row in asked])
    with lines_for_errors(out), in_one_step(out / EMBEDDINGS_FILE) as part, part.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, before=before.held_out, after=after.held_out, families=families)
