"""The points that a search has evaluated, in their order, and how they are read from answers and told in prompts."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from llamoco_tune.search.black_box import BlackBox, Value

Point = tuple[float, ...]
"""Coordinates of a point of the box, one for each variable."""

_BRACKETED = re.compile(r"[\[(]([^\[\]()]*)[\])]")
_BETWEEN = re.compile(r"[,;\s]+")


@dataclass(frozen=True, slots=True)
class Tried:
    """A point that was evaluated."""

    x: Point
    value: Value
    step: int
    """Number of the step in which it was proposed; 0 for a random point of the beginning."""


@dataclass(slots=True)
class Trail:
    """The points of a search so far, none of them twice."""

    box: BlackBox
    tried: list[Tried] = field(default_factory=list[Tried])
    num_steps: int = 0
    """Number of steps that were made after the random points of the beginning."""

    @property
    def is_spent(self) -> bool:
        """Whether the budget is used up."""
        return len(self.tried) >= self.box.max_evaluations

    def best(self, count: int) -> list[Tried]:
        """The best points so far, the best one last; of equal ones the earlier is better."""
        return sorted(self.tried, key=lambda one: one.value.order)[:count][::-1]

    def add(self, points: Sequence[Point]) -> int:
        """Evaluates the points that are new, as far as the budget goes, moved into the box; returns their number.

        A point is new if it is not told like an earlier one, which a model may repeat.
        """
        known = {told(one.x) for one in self.tried}
        before = len(self.tried)
        for point in points:
            x_D = np.clip(np.array(point), self.box.lower, self.box.upper)
            x = tuple(map(float, x_D))
            if told(x) not in known and not self.is_spent:
                known.add(told(x))
                self.tried.append(Tried(x, self.box.call(x_D), self.num_steps))
        return len(self.tried) - before


def points_in(answer: str, dimension: int, at_most: int) -> list[Point]:
    """The last points in an answer: numbers in brackets, one for each variable."""
    found: list[Point] = []
    for text in _BRACKETED.findall(answer):
        numbers = _numbers(text)
        if len(numbers) == dimension and all(map(math.isfinite, numbers)):
            found.append(tuple(numbers))
    return found[-at_most:]


def _numbers(text: str) -> list[float]:
    try:
        return [float(word) for word in _BETWEEN.split(text.strip())]
    except ValueError:
        return []


def described(box: BlackBox) -> str:
    """What a model is told of a problem."""
    constraints = (
        "\nThere are constraints. The violation of a point is 0 if it holds all of them. A point with a smaller "
        "violation is better, whatever the values."
    )
    return (
        f"A function of {box.dimension} variables is to be minimized. It is a black box, of which only values are "
        f"known.\nLower bounds: {told(box.lower.tolist())}\nUpper bounds: {told(box.upper.tolist())}"
        f"{constraints * box.is_constrained}\n"
    )


def listed(tried: Sequence[Tried], box: BlackBox) -> str:
    """Points with their values, one a line."""
    lines: list[str] = []
    for one in tried:
        violation = f", violation {one.value.violation:.6g}" if box.is_constrained else ""
        lines.append(f"{told(one.x)} value {one.value.f:.6g}{violation}\n")
    return "".join(lines)


def told(x: Sequence[float]) -> str:
    """A point with six digits a number."""
    return f"[{', '.join(f'{number:.6g}' for number in x)}]"
