"""Lessons of writing whose answer is another optimizer's than the best: a program follows its own first words.

The optimizer that is best for a problem also has most of the answers to problems like it. A model that learns from
these alone can tell the rest of an answer from the prompt, and writes that even where it began with another optimizer.
"""

import dataclasses
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from llamoco_tune.mixing import Mixing, row_weights
from llamoco_tune.tokens import Encoded

FRAME = 8
"""Tokens at each end of a prompt that stay where the rest of it means nothing."""


def swapped(rows: Sequence[Encoded], *, seed: int) -> list[Encoded]:
    """Each row's prompt with the answer of another optimizer that was scored on the problem, as another row has it.

    Rows without such an optimizer are left out.
    """
    rng = np.random.default_rng([seed, len(rows)])
    by_optimizer: dict[str, list[Encoded]] = {}
    for row in rows:
        by_optimizer.setdefault(row.example.optimizer, []).append(row)
    found: list[Encoded] = []
    for row in rows:
        others = sorted(name for name in row.example.scores if name in by_optimizer and name != row.example.optimizer)
        if not others:
            continue
        name = others[rng.integers(len(others))]
        giver = by_optimizer[name][rng.integers(len(by_optimizer[name]))]
        found.append(with_answer_of(row, giver))
    return found


def some_unread(rows: Sequence[Encoded], share: float, longest: int, *, seed: int) -> list[Encoded]:
    """The rows, a share of them after a prompt that means nothing; which ones, and what they are, depend on the seed.

    Such a prompt has tokens drawn from the row's own one, a part of them replaced by any that the rows have, and is
    half to one and a half times as long. Its first and last `FRAME` tokens stay, and with them the plain
    template.

    Args:
        longest: most tokens of a row.
    """
    rng = np.random.default_rng([seed, len(rows), FRAME])
    met = np.unique(np.concatenate([row.ids for row in rows])) if rows else np.empty(0, dtype=np.int64)
    return [_unread(row, met, longest, rng) if rng.random() < share else row for row in rows]


def _unread(row: Encoded, met: NDArray[np.int64], longest: int, rng: np.random.Generator) -> Encoded:
    prompt, answer = row.ids[: row.num_prompt], row.ids[row.num_prompt :]
    inner = prompt[FRAME:-FRAME]
    size = min(round(len(inner) * rng.uniform(0.5, 1.5)), longest - len(answer) - 2 * FRAME)
    if size < 1:
        return row
    strange = np.where(rng.random(size) < rng.random(), rng.choice(met, size), rng.choice(inner, size))
    ids = np.concatenate([prompt[:FRAME], strange.astype(row.ids.dtype), prompt[-FRAME:], answer])
    return Encoded(row.example, ids, 2 * FRAME + size)


def with_answer_of(row: Encoded, giver: Encoded) -> Encoded:
    """A row's prompt with another row's answer."""
    example = dataclasses.replace(row.example, optimizer=giver.example.optimizer, answer=giver.example.answer)
    ids = np.concatenate([row.ids[: row.num_prompt], giver.ids[giver.num_prompt :]])
    return Encoded(example, ids, row.num_prompt)


def lesson_weights(
    own: Sequence[Encoded], others: Sequence[Encoded], share: float, mixing: Mixing, *, cap: int
) -> NDArray[np.float64]:
    """The probability of each row with its own answer, then of each with another's; the latter have the share.

    An optimizer answers as often in the others' part as in the own, so that a short run sees no more texts for them.
    """
    own_weights = row_weights(_optimizers(own), mixing, cap=cap)
    if not others:
        return own_weights
    mass: Counter[str] = Counter()
    for optimizer, weight in zip(_optimizers(own), own_weights, strict=True):
        mass[optimizer] += weight
    rows = Counter(_optimizers(others))
    others_weights = np.array([mass[optimizer] / rows[optimizer] for optimizer in _optimizers(others)])
    return np.concatenate([own_weights * (1 - share), others_weights * (share / others_weights.sum())])


def _optimizers(rows: Sequence[Encoded]) -> list[str]:
    return [row.example.optimizer for row in rows]
