"""Turns rows of tokens into batches, packed or padded; all batches of a run are one indexable plan.

A batch depends on the plan's seed and its index alone, so batch 117 is the same in an interrupted and an undisturbed
run, on one process or several.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray

from llamoco_tune.mixing import drawn
from llamoco_tune.tokens import Encoded

IGNORED = -100
"""Label of positions without a loss: prompt and padding."""

WAITING = 64
"""Number of rows that wait for a pack with room for them; in a padded plan, of batches that are sorted together."""

ROUND = 64
"""Tokens to whose multiples padded batches may be rounded up. PyTorch's kernels for CPUs keep something for every shape
that they have met, 5 MB a step for a model of 2 M parameters, so lengths must repeat."""

Batch = dict[str, torch.Tensor]
"""input_ids, position_ids and labels, each (B, T), int64. There is no mask: positions start anew with each packed row,
and a row never sees the padding to its right."""


@dataclass(frozen=True, slots=True, eq=False)
class PackedPlan:
    """Batches of sequences of one length, filled with whole rows."""

    rows: Sequence[Encoded]
    weights: NDArray[np.float64]
    length: int
    """T: tokens of a packed sequence."""
    per_batch: int
    """B: sequences of a batch."""
    batches_per_epoch: int
    """Number of batches in every epoch; their rows are drawn anew in each."""
    num_epochs: int
    seed: int

    def __len__(self) -> int:
        return self.num_epochs * self.batches_per_epoch

    def __getitem__(self, index: int) -> Batch:
        packs = self.packs(index)
        return stacked([packed([self.rows[i] for i in pack], self.length) for pack in packs])

    def packs(self, index: int) -> list[tuple[int, ...]]:
        """The rows of each sequence of a batch."""
        epoch, place = divmod(index, self.batches_per_epoch)
        count = self.batches_per_epoch * self.per_batch
        packs = _packs_of_epoch(self, epoch, count)
        return [packs[i] for i in range(place * self.per_batch, (place + 1) * self.per_batch)]


@dataclass(frozen=True, slots=True, eq=False)
class PaddedPlan:
    """Batches of rows of about one length, each row padded on the right to the longest of its batch."""

    rows: Sequence[Encoded]
    weights: NDArray[np.float64]
    per_batch: int
    """B: rows of a batch."""
    batches_per_epoch: int
    num_epochs: int
    seed: int
    round_to: int = 1
    """Tokens to whose multiple a batch is padded."""

    def __len__(self) -> int:
        return self.num_epochs * self.batches_per_epoch

    def __getitem__(self, index: int) -> Batch:
        rows = [self.rows[i] for i in self.chosen(index)]
        length = rounded(max(len(row.ids) for row in rows), self.round_to)
        return stacked([packed([row], length) for row in rows])

    def chosen(self, index: int) -> tuple[int, ...]:
        """The rows of a batch."""
        epoch, place = divmod(index, self.batches_per_epoch)
        return _groups_of_epoch(self, epoch)[place]


def packed(rows: Sequence[Encoded], length: int) -> Batch:
    """One sequence of `length` tokens that holds the rows one after the other, with labels at their answers.

    The rest of the sequence is filled with a row without labels.
    """
    used = sum(len(row.ids) for row in rows)
    fill = np.zeros(length - used, dtype=np.int64)
    sequences = [*(row.ids for row in rows), fill]
    labels = [*(_labels(row) for row in rows), np.full_like(fill, IGNORED)]
    return {
        "input_ids": torch.from_numpy(np.concatenate(sequences)),
        "position_ids": torch.from_numpy(np.concatenate([np.arange(len(ids)) for ids in sequences])),
        "labels": torch.from_numpy(np.concatenate(labels)),
    }


def rounded(length: int, multiple: int = ROUND) -> int:
    """The next multiple of some tokens."""
    return -(-length // multiple) * multiple


def stacked(sequences: Sequence[Batch]) -> Batch:
    """A batch of sequences of one length."""
    return {name: torch.stack([sequence[name] for sequence in sequences]) for name in sequences[0]}


def _labels(row: Encoded) -> NDArray[np.int64]:
    """The tokens of the answer, and `IGNORED` for those of the prompt; the loss shifts them."""
    labels = row.ids.copy()
    labels[: row.num_prompt] = IGNORED
    return labels


@lru_cache(maxsize=4)
def _packs_of_epoch(plan: PackedPlan, epoch: int, count: int) -> list[tuple[int, ...]]:
    rng = np.random.default_rng([plan.seed, epoch])
    draws = drawn(plan.weights, rng)
    lengths = [len(row.ids) for row in plan.rows]
    packs = list(islice(filled(draws, lengths, plan.length), count))
    return [packs[i] for i in rng.permutation(count)]


def filled(draws: Iterator[int], lengths: Sequence[int], capacity: int) -> Iterator[tuple[int, ...]]:
    """Yields packs without end: each begins with the row that has waited longest, then takes the longest that fit.

    Args:
        draws: an endless stream of rows, none longer than the capacity.
    """
    waiting = list(islice(draws, WAITING))
    while True:
        pack, room = [waiting.pop(0)], capacity
        room -= lengths[pack[0]]
        while (best := _best_fit(waiting, lengths, room)) is not None:
            waiting.remove(best)
            pack.append(best)
            room -= lengths[best]
        waiting += islice(draws, len(pack))
        yield tuple(pack)


def _best_fit(waiting: Sequence[int], lengths: Sequence[int], room: int) -> int | None:
    fitting = [row for row in waiting if lengths[row] <= room]
    return max(fitting, key=lengths.__getitem__, default=None)


@lru_cache(maxsize=4)
def _groups_of_epoch(plan: PaddedPlan, epoch: int) -> list[tuple[int, ...]]:
    rng = np.random.default_rng([plan.seed, epoch])
    count = plan.batches_per_epoch * plan.per_batch
    rows = list(islice(drawn(plan.weights, rng), count))
    window = WAITING * plan.per_batch
    groups: list[tuple[int, ...]] = []
    for start in range(0, count, window):
        near = sorted(rows[start : start + window], key=lambda row: len(plan.rows[row].ids))
        groups += [tuple(near[i : i + plan.per_batch]) for i in range(0, len(near), plan.per_batch)]
    return [groups[i] for i in rng.permutation(len(groups))]
