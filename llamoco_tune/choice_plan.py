"""The batches of learning to choose, prompts alone, and how they take turns with batches of answers in one plan.

As in `batches`, a batch depends on the seed and its index alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray

from llamoco_tune.batches import WAITING, Batch, PackedPlan, PaddedPlan
from llamoco_tune.choice import prompt_batch
from llamoco_tune.tokens import Encoded

MIN_STD = 1e-9
"""Standard deviation from which a feature of statements is told; a constant one has nothing to tell."""
MOST_DEVIATIONS = 5.0
"""Deviations from the mean at which a feature is cut off, so that no outlier rules the loss of reading."""


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """Prompts, and what is to be learned from each: N rows, the measured ones first, K optimizers, F features."""

    rows: Sequence[Encoded]
    num_measured: int
    targets: NDArray[np.float32]
    scores: NDArray[np.float32]
    features: NDArray[np.float32]
    """Standardised features of the statements; F is 0 where they are not learned."""


@dataclass(frozen=True, slots=True, eq=False)
class ChoicePlan:
    """Batches of prompts of about one length, each partly of measured and partly of unmeasured problems.

    Measured and unmeasured rows are each taken in an order that is drawn anew for each pass over them.
    """

    lessons: Lessons
    per_batch: int
    """B: prompts of a batch."""
    extended_share: float
    """Share of unmeasured problems in each batch, where there are any."""
    num_batches: int
    seed: int

    def __len__(self) -> int:
        return self.num_batches

    def __getitem__(self, index: int) -> Batch:
        chosen = list(self.chosen(index))
        lessons = self.lessons
        return {
            **prompt_batch([lessons.rows[i].ids[: lessons.rows[i].num_prompt] for i in chosen]),
            "targets": torch.from_numpy(lessons.targets[chosen]),
            "scores": torch.from_numpy(lessons.scores[chosen]),
            "features": torch.from_numpy(lessons.features[chosen]),
            # The trainer counts these, so that a step's loss is a mean over its prompts.
            "labels": torch.zeros(len(chosen), dtype=torch.int64),
            "shift_labels": torch.zeros(len(chosen), dtype=torch.int64),
        }

    def chosen(self, index: int) -> tuple[int, ...]:
        """The rows of a batch."""
        window, place = divmod(index, self.window)
        return _groups_of_window(self, window)[place]

    @property
    def window(self) -> int:
        """Number of batches whose rows are sorted by length together; no more than one pass over the measured rows."""
        return max(1, min(WAITING, self.lessons.num_measured // max(1, self.per_batch - self.num_extended)))

    @property
    def num_extended(self) -> int:
        """Number of rows of unmeasured problems in each batch."""
        there = len(self.lessons.rows) > self.lessons.num_measured
        return min(self.per_batch, round(self.extended_share * self.per_batch)) if there else 0


@dataclass(frozen=True, slots=True, eq=False)
class MixedPlan:
    """Batches of choosing, and at even distances steps of writing; all batches of a step are of one kind."""

    choosing: ChoicePlan
    writing: PackedPlan | PaddedPlan | None
    writing_share: float
    per_step: int
    """Number of batches in a step, over all processes."""
    num_steps: int

    def __len__(self) -> int:
        return self.num_steps * self.per_step

    def __getitem__(self, index: int) -> Batch:
        step, place = divmod(index, self.per_step)
        before = num_writing(step, self.writing_share)
        if self.writing is not None and num_writing(step + 1, self.writing_share) > before:
            return self.writing[before * self.per_step + place]
        return self.choosing[(step - before) * self.per_step + place]


def num_writing(num_steps: int, share: float) -> int:
    """Number of steps of writing among the first steps."""
    return int(num_steps * share + 1e-9)


def without_openings(rows: Sequence[Encoded], openings: dict[str, list[int]]) -> list[Encoded]:
    """The rows with their openings counted as part of the prompt, so that the loss of answers begins behind them."""
    return [Encoded(row.example, row.ids, row.num_prompt + len(openings[row.example.optimizer])) for row in rows]


def features_of(rows: Sequence[Encoded]) -> NDArray[np.float32]:
    """What the statements tell, standardised over the rows, (N, F); features that never vary are left out.

    A feature that a row lacks gets its mean.
    """
    names = sorted({name for row in rows for name in row.example.reading})
    value_NF = np.array([[row.example.reading.get(name, np.nan) for name in names] for row in rows], dtype=np.float64)
    value_NF[~np.isfinite(value_NF)] = np.nan
    value_NF = value_NF[:, np.isfinite(value_NF).any(0)]
    value_NF = np.where(np.isnan(value_NF), np.nanmean(value_NF, axis=0), value_NF)
    std_F = value_NF.std(0)
    varies_F = std_F > MIN_STD
    standard_NF = (value_NF - value_NF.mean(0))[:, varies_F] / std_F[varies_F]
    return np.clip(standard_NF, -MOST_DEVIATIONS, MOST_DEVIATIONS).astype(np.float32)


@lru_cache(maxsize=4)
def _groups_of_window(plan: ChoicePlan, window: int) -> list[tuple[int, ...]]:
    """The batches of one window, in which rows are sorted by length to waste no padding."""
    lessons = plan.lessons
    measured, extended = plan.per_batch - plan.num_extended, plan.num_extended
    batches = plan.window
    groups: list[tuple[int, ...]] = [()] * batches
    for first, count, size in (
        (0, lessons.num_measured, measured),
        (lessons.num_measured, len(lessons.rows) - lessons.num_measured, extended),
    ):
        if not size:
            continue
        taken = [first + i for i in _taken(count, window * batches * size, batches * size, (plan.seed, first))]
        near = sorted(taken, key=lambda i: lessons.rows[i].num_prompt)
        groups = [group + tuple(near[i * size : (i + 1) * size]) for i, group in enumerate(groups)]
    order = np.random.default_rng([plan.seed, window]).permutation(batches)
    return [groups[i] for i in order]


def _taken(count: int, start: int, number: int, seed: tuple[int, int]) -> list[int]:
    """Some rows of an endless sequence, in which one permutation of all rows follows another."""
    places = range(start, start + number)
    orders = {epoch: _order(count, epoch, seed) for epoch in {place // count for place in places}}
    return [int(orders[place // count][place % count]) for place in places]


@lru_cache(maxsize=8)
def _order(count: int, epoch: int, seed: tuple[int, int]) -> NDArray[np.int64]:
    return np.random.default_rng([*seed, epoch]).permutation(count)
