"""One run of an optimizer against a count of evaluations: how many to a target, or how near within a budget."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import ioh
import numpy as np

from llamoco_data.portfolio import Setting, program_text
from llamoco_data.texts import execute

Objective = Callable[[np.ndarray], float]
Limits = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""x -> (g, h): feasible where g <= 0 and |h| <= 1e-4."""

Solver = Callable[["Trial", np.ndarray, np.ndarray, int, int], object]
"""An optimizer as (trial, lower, upper, max_evaluations, seed); the trial ends it, and what it returns is not read."""


class Ended(BaseException):
    """The target is reached or the budget is spent; no library's `except Exception` may hold it up."""


@dataclass(slots=True)
class Trial:
    """A function to minimize once. A call is an evaluation, and raises `Ended` where the run is over."""

    function: Objective
    optimum: float
    lower: np.ndarray
    upper: np.ndarray
    max_evaluations: int
    target_gap: float = 0.0
    """The run ends when a feasible value is this near to the optimum."""
    limits: Limits | None = None
    evaluations: int = 0
    gap: float = math.inf
    """Least distance of a feasible value from the optimum so far."""

    def __call__(self, x: np.ndarray) -> float:
        if self.ended:
            raise Ended
        self.evaluations += 1
        value = float(self.function(x))
        if value - self.optimum < self.gap and self._feasible(x):
            self.gap = value - self.optimum
            if self.gap <= self.target_gap:
                raise Ended
        return value

    @property
    def ended(self) -> bool:
        return self.gap <= self.target_gap or self.evaluations >= self.max_evaluations

    def run(self, solver: Solver, seed: int) -> "Trial":
        """Itself, after the solver has been ended, or has ended by itself."""
        try:
            solver(self, self.lower.copy(), self.upper.copy(), self.max_evaluations, seed)
        except Ended:
            pass
        except Exception:  # some libraries turn the signal into an error of their own
            if not self.ended:
                raise
        return self

    def _feasible(self, x: np.ndarray) -> bool:
        if self.limits is None:
            return True
        g, h = self.limits(x)
        return bool((g <= 0).all() and (np.abs(h) <= 1e-4).all())


def bbob(function: int, dimension: int, instance: int, max_evaluations: int, target_gap: float = 0.0) -> Trial:
    """A function of the COCO bbob suite in its box from -5 to 5."""
    problem: Any = ioh.get_problem(function, instance, dimension, ioh.ProblemClass.BBOB)
    box = np.full(dimension, 5.0)
    return Trial(problem, float(problem.optimum.y), -box, box, max_evaluations, target_gap)


def program_of(optimizer: str, settings: Mapping[str, Setting], change: tuple[str, str] | None = None) -> dict:
    """The names that a program of the portfolio defines; at will with a piece of its text exchanged."""
    text = program_text(optimizer, settings)
    if change is not None:
        assert change[0] in text
        text = text.replace(*change)
    return execute(text, "program").names


def portfolio_solver(optimizer: str, settings: Mapping[str, Setting], change: tuple[str, str] | None = None) -> Solver:
    """A program of the portfolio as a solver; at will with a piece of its text exchanged."""
    minimize = program_of(optimizer, settings, change)["minimize"]
    return lambda trial, lower, upper, max_evaluations, seed: minimize(
        trial, lower, upper, max_evaluations, seed, constraints=trial.limits
    )
