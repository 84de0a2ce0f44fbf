"""Draws the choices of a text from a random stream: one of several options, yes or no, a name used for nothing else."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np

Option = TypeVar("Option")


def pick(rng: np.random.Generator, options: Sequence[Option]) -> Option:
    return options[int(rng.integers(len(options)))]


def chance(rng: np.random.Generator, probability: float) -> bool:
    return bool(rng.random() < probability)


def pick_names(
    rng: np.random.Generator, candidates: Sequence[tuple[str, Sequence[str]]], taken: Iterable[str]
) -> dict[str, str]:
    """A different name for each role, drawn from the first four of its candidates that are still free.

    A role whose candidates are all taken gets one that no earlier role has got; there must be one.

    Args:
        candidates: (role, names that it may get), in the order of drawing.
        taken: names to avoid where the candidates allow it.
    """
    used = set(taken)
    names: dict[str, str] = {}
    for role, options in candidates:
        free = [name for name in options if name not in used]
        given = names.values()
        names[role] = pick(rng, (free or [name for name in options if name not in given])[:4])
        used.add(names[role])
    return names
