"""Measures how far the tolerance of the equalities lowers the objective near a point, which is no progress of a run."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from llamoco_data.problems.evaluation import Problem
from llamoco_data.problems.functions.definition import Vector
from llamoco_data.problems.spec import EQUALITY_TOLERANCE

_PROBE = 1e-6
"""Step of the forward differences, as a share of the box."""


def slack_worth(problem: Problem, x: Vector) -> float:
    """How much lower the objective is on one side of the equalities' tolerance than on the other, at a feasible point.

    For each equality, this takes the shortest step, in shares of the box, that moves it alone by the tolerance and
    stays, to first order, within the box and the inequalities. The fall of the objective along the step counts twice,
    because the tolerance has two sides. Near an optimum the sum is that of 2 |multiplier| tolerance. The cost is D + 1
    calls of the constraints and 1 + 2 Q of the objective, which no meter counts.

    Returns:
        The sum over the equalities; 0 where a slope is not finite or no step lowers the objective.
    """
    near = _near(problem, x)
    f = problem.objective(x)
    if not np.isfinite(near.slopes).all() or not np.isfinite(f):
        return 0.0
    worth = 0.0
    for equality in range(problem.spec.num_equality):
        steps = (_step(near, equality, by) for by in (-EQUALITY_TOLERANCE, EQUALITY_TOLERANCE))
        values = [problem.objective(x + step_D * near.width) for step_D in steps]
        worth += 2 * max(0.0, f - min((value for value in values if np.isfinite(value)), default=f))
    return worth if np.isfinite(worth) else 0.0


@dataclass(frozen=True, slots=True)
class _Near:
    """A point and its constraints to first order, in shares of the box; D variables, P inequalities, M constraints."""

    width: Vector
    down: Vector
    """Room below each variable, at most 0, shape (D,)."""
    up: Vector
    """Room above each variable, at least 0, shape (D,)."""
    g: Vector
    """Values of the inequalities, shape (P,)."""
    slopes: NDArray[np.float64]
    """Slopes of the constraints, inequalities first, shape (M, D)."""


def _near(problem: Problem, x: Vector) -> _Near:
    width_D = problem.upper - problem.lower
    down_D, up_D = (problem.lower - x) / width_D, (problem.upper - x) / width_D
    g_P, h_Q = problem.constraints(x)
    here_M = np.concatenate([g_P, h_Q])
    probe_D = np.where(up_D >= _PROBE, _PROBE, -_PROBE)
    slopes_MD = np.empty((len(here_M), len(x)))
    for i, probe in enumerate(probe_D):
        moved = x.copy()
        moved[i] += probe * width_D[i]
        slopes_MD[:, i] = (np.concatenate(problem.constraints(moved)) - here_M) / probe
    return _Near(width_D, down_D, up_D, g_P, slopes_MD)


def _step(near: _Near, equality: int, by: float) -> Vector:
    """The shortest step that moves one equality by `by` and no other, within the box and the inequalities.

    A variable that would leave the box, or an inequality that would break, is held where it is and the step computed
    again, at most D + P times.
    """
    num_inequality = len(near.g)
    target_M = np.zeros(len(near.slopes))
    target_M[num_inequality + equality] = by
    free_D = np.ones(len(near.width), bool)
    held_M = np.arange(len(target_M)) >= num_inequality
    while True:
        step_D = np.zeros(len(free_D))
        step_D[free_D] = np.linalg.pinv(near.slopes[np.ix_(held_M, free_D)]) @ target_M[held_M]
        leaves_D = free_D & ((step_D < near.down) | (step_D > near.up))
        breaks_P = ~held_M[:num_inequality] & (near.g + near.slopes[:num_inequality] @ step_D > 0)
        if not leaves_D.any() and not breaks_P.any():
            return step_D
        free_D &= ~leaves_D
        held_M[:num_inequality] |= breaks_P
