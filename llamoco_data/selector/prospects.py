"""Who may win a problem: the order in which optimizers promise most, by the scores of similar measured problems.

The order is that of a greedy cover: each optimizer is the one that raises the expected best score most, given those
before it. So a near-copy of the first comes late, and one that wins seldom, but where the first fails, comes early.
"""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from llamoco_data.identity import Record

GAIN_DIGITS = 9
"""Decimals of a gain: beyond them machines may differ, and no order may hang on that."""


class Precedents(Record):
    """The measured problems that are most similar to a problem."""

    rows: tuple[int, ...]
    """Their rows in the prior, most similar first."""
    weights: tuple[float, ...]
    """How similar each is; together 1, but for rounding."""


def prospects(
    precedents: Precedents, scores_NO: NDArray[np.float64], optimizers: Sequence[str], applying: Collection[str]
) -> dict[str, float]:
    """Optimizer -> how much it is expected to raise the best score of those before it, in this order.

    Args:
        scores_NO: scores of the measured problems, without gaps.
        optimizers: the optimizers of its columns.
        applying: optimizers that apply to the problem; others are left out.
    """
    scores_KO = scores_NO[list(precedents.rows)]
    weights_K1 = np.array(precedents.weights)[:, None]
    left = [column for column, name in enumerate(optimizers) if name in applying]
    reached_K1 = np.zeros_like(weights_K1)
    order: dict[str, float] = {}
    while left:
        rises_KO = np.maximum(scores_KO[:, left] - reached_K1, 0.0)
        gains = (weights_K1 * rises_KO).sum(axis=0).round(GAIN_DIGITS)
        if not gains.any():
            break
        best = left.pop(int(gains.argmax()))
        order[optimizers[best]] = float(gains.max())
        reached_K1 = np.maximum(reached_K1, scores_KO[:, [best]])
    means = (weights_K1 * scores_KO[:, left]).sum(axis=0).round(GAIN_DIGITS)
    places: list[int] = np.argsort(-means, kind="stable").tolist()
    for place in places:
        order[optimizers[left[place]]] = 0.0
    return order
