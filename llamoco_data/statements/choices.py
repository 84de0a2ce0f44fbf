"""Choices that a random stream makes for a text: one of several options, yes or no, a name that nothing else has."""

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
    """One name for each role, all different, and none of them taken where the candidates allow it.

    One of the first four candidates that are still free is drawn. Each role needs a candidate that no other role has.
    """
    used = set(taken)
    names: dict[str, str] = {}
    for role, options in candidates:
        free = [name for name in options if name not in used]
        given = names.values()
        names[role] = pick(rng, (free or [name for name in options if name not in given])[:4])
        used.add(names[role])
    return names
