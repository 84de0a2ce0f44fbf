"""Draws the rows of an epoch by weights that keep frequent optimizers from crowding out rare ones."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Mixing = Literal["balanced", "capped", "proportional"]
"""`balanced` gives every optimizer the same mass, 1 / (N_a N_{q,a}) a row (Ma et al., arXiv 2403.01131); `capped` gives
an optimizer the mass min(N_{q,a}, cap) (example-proportional with a limit, Raffel et al., arXiv 1910.10683);
`proportional` gives every row the same mass."""


def row_weights(optimizers: Sequence[str], mixing: Mixing, *, cap: int = 0) -> NDArray[np.float64]:
    """The probability of each row; they sum to 1.

    Args:
        optimizers: optimizer of each row's answer.
        cap: most rows that an optimizer counts for, with `capped`.

    Raises:
        ValueError: `capped` without a cap.
    """
    if mixing == "capped" and cap < 1:
        raise ValueError(f"capped mixing needs a cap of at least 1, not {cap}")
    rows = Counter(optimizers)
    mass = {name: _mass(count, mixing, cap) for name, count in rows.items()}
    total = sum(mass.values())
    return np.array([mass[name] / rows[name] / total for name in optimizers])


def drawn(weights: NDArray[np.float64], rng: np.random.Generator) -> Iterator[int]:
    """Yields rows without end, each about as often as its weight says, and as evenly as possible.

    This is systematic sampling of N rows at a time, in random order: how often a row is drawn among N differs from N
    times its weight by less than 1.
    """
    count = len(weights)
    while True:
        ticks = (np.arange(count) + rng.random()) / count
        order = rng.permutation(count)
        picks = np.searchsorted(np.cumsum(weights[order]) / weights.sum(), ticks, side="right")
        yield from (int(order[min(pick, count - 1)]) for pick in rng.permutation(picks))


def _mass(count: int, mixing: Mixing, cap: int) -> float:
    match mixing:
        case "balanced":
            return 1.0
        case "capped":
            return float(min(count, cap))
        case "proportional":
            return float(count)
