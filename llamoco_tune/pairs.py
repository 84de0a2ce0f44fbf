"""Chooses the prompts of a contrastive batch: pairs with the same best optimizer, and hard negatives with another one.

As in the plans of `batches`, a batch depends on the seed and its index alone.
"""

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from llamoco_tune.batches import Batch, packed, stacked
from llamoco_tune.mixing import row_weights
from llamoco_tune.tokens import Encoded

GROUP = 4
"""Rows that are chosen together: an anchor, its positive, and two hard negatives."""


@dataclass(frozen=True, slots=True, eq=False)
class ContrastPlan:
    """Batches of groups: an anchor, drawn with the same mass for every optimizer; a prompt of another problem with the
    same optimizer; one that shares a function with it and one in the same wording, both with another optimizer.

    If there is no such row, any row is drawn in its place.
    """

    rows: Sequence[Encoded]
    per_batch: int
    """B: prompts of a batch, a multiple of `GROUP`."""
    num_batches: int
    seed: int
    answer_tokens: int
    """Number of leading answer tokens behind each prompt, for a language model's loss; 0 if there is none."""
    _index: "_Index" = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_index", _Index.of(self.rows))

    def __len__(self) -> int:
        return self.num_batches

    def __getitem__(self, number: int) -> Batch:
        chosen = sorted(self.chosen(number), key=lambda row: len(self.rows[row].ids))
        return contrast_batch([self.rows[row] for row in chosen], self._index, chosen, answer_tokens=self.answer_tokens)

    def chosen(self, number: int) -> list[int]:
        """The rows of a batch, group by group."""
        rng = np.random.default_rng([self.seed, number])
        anchors = rng.choice(len(self.rows), size=self.per_batch // GROUP, p=self._index.weights)
        return [row for anchor in anchors for row in self._index.group(int(anchor), rng)]


def contrast_batch(
    rows: Sequence[Encoded], index: "_Index", numbers: Sequence[int], *, answer_tokens: int
) -> dict[str, torch.Tensor]:
    """A batch: input_ids, position_ids, labels (B, T), padded on the right; lengths of the prompts (B,); optimizers and
    problems (B,), as numbers; profiles (B, K), scores of all optimizers."""
    cut = [Encoded(row.example, row.ids[: row.num_prompt + answer_tokens], row.num_prompt) for row in rows]
    length = max(len(row.ids) for row in cut)
    return {
        **stacked([packed([row], length) for row in cut]),
        "lengths": torch.tensor([row.num_prompt for row in rows]),
        "optimizers": torch.from_numpy(index.optimizers[list(numbers)]),
        "problems": torch.from_numpy(index.problems[list(numbers)]),
        "profiles": torch.from_numpy(index.profiles[list(numbers)]),
    }


@dataclass(frozen=True, slots=True)
class _Index:
    """Row numbers by what rows have in common: optimizer, function, wording."""

    optimizers: NDArray[np.int64]
    problems: NDArray[np.int64]
    profiles: NDArray[np.float32]
    """Score of every optimizer on the row's problem, 0 where it did not run."""
    weights: NDArray[np.float64]
    by_optimizer: dict[Hashable, NDArray[np.int64]]
    by_function: dict[Hashable, NDArray[np.int64]]
    by_wording: dict[Hashable, NDArray[np.int64]]
    functions: tuple[tuple[str, ...], ...]
    wordings: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, rows: Sequence[Encoded]) -> "_Index":
        examples = [row.example for row in rows]
        wordings = tuple((example.form, example.wording) for example in examples)
        optimizers = _numbered([example.optimizer for example in examples])
        return cls(
            optimizers=optimizers,
            problems=_numbered([example.problem_id for example in examples]),
            profiles=_profiles([example.scores for example in examples]),
            weights=row_weights([example.optimizer for example in examples], "balanced"),
            by_optimizer=_places([(int(number),) for number in optimizers]),
            by_function=_places([example.functions for example in examples]),
            by_wording=_places([(wording,) for wording in wordings]),
            functions=tuple(example.functions for example in examples),
            wordings=wordings,
        )

    def group(self, anchor: int, rng: np.random.Generator) -> list[int]:
        """An anchor with its positive and two hard negatives."""
        positives = self.by_optimizer[int(self.optimizers[anchor])]
        positives = positives[self.problems[positives] != self.problems[anchor]]
        functions = self.functions[anchor]
        shared = self.by_function[functions[rng.integers(len(functions))]] if functions else np.array([], dtype=int)
        alike = self.by_wording[self.wordings[anchor]]
        return [
            anchor,
            self._one_of(positives, rng),
            self._one_of(shared[self.optimizers[shared] != self.optimizers[anchor]], rng),
            self._one_of(alike[self.optimizers[alike] != self.optimizers[anchor]], rng),
        ]

    def _one_of(self, rows: NDArray[np.int64], rng: np.random.Generator) -> int:
        return int(rng.choice(rows if len(rows) else len(self.optimizers)))


def _numbered(names: Sequence[str]) -> NDArray[np.int64]:
    return np.unique(np.array(names), return_inverse=True)[1].astype(np.int64)


def _profiles(scores: Sequence[Mapping[str, float]]) -> NDArray[np.float32]:
    names = sorted(set[str]().union(*scores))
    return np.array([[row.get(name, 0.0) for name in names] for row in scores], dtype=np.float32)


def _places(keys: Sequence[Sequence[Hashable]]) -> dict[Hashable, NDArray[np.int64]]:
    places: dict[Hashable, list[int]] = defaultdict(list)
    for row, of_row in enumerate(keys):
        for key in of_row:
            places[key].append(row)
    return {key: np.array(rows, dtype=np.int64) for key, rows in places.items()}
