"""BOBYQA: bounded search by quadratic models, restarted from random points (Powell, 2009), from NLopt."""

import math
from contextlib import suppress
from functools import lru_cache

import nlopt
import numpy as np

INITIAL_STEP = 0.4  # radius of the first trust region, as a share of the box
TOLERANCE = 1e-8  # a search ends when its trust region is this small, as a share of the box
HUGE = 1e300  # what is as large as this counts as not finite


class BudgetSpent(Exception):
    """Raised inside the objective to leave the library after the last evaluation."""


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; returns the best x found in the box (constraints are not handled)."""
    rng = np.random.default_rng(seed)
    dim, width = len(lower), upper - lower
    evaluations, best_x, best_value, worst_value = 0, None, math.inf, -math.inf

    @lru_cache(maxsize=1)
    def outcome(point):
        """Objective at a point of the unit cube, given as bytes; infinity where it is not finite."""
        nonlocal evaluations, best_x, best_value, worst_value
        if evaluations == max_evaluations:
            raise BudgetSpent
        evaluations += 1
        x = np.minimum(lower + np.frombuffer(point) * width, upper)
        value = float(objective(x))
        if abs(value) < HUGE:
            worst_value = max(value, worst_value)
        else:
            value = math.inf
        if value <= best_value:
            best_x, best_value = x, value
        return value

    search = nlopt.opt(nlopt.LN_BOBYQA, dim)
    search.set_min_objective(lambda u, _gradient: min(outcome(u.tobytes()), worst_value))
    search.set_lower_bounds(np.zeros(dim))
    search.set_upper_bounds(np.ones(dim))
    search.set_initial_step(INITIAL_STEP)
    search.set_xtol_abs(TOLERANCE)
    with suppress(BudgetSpent):
        while True:
            start = rng.random(dim)
            if math.isinf(outcome(start.tobytes())):
                continue  # nothing to begin with
            try:
                search.optimize(start)
            except nlopt.RoundoffLimited:
                continue  # as close as rounding lets it
            except SystemError as error:  # so the library reports what was raised in the middle of a model's update
                raise error.__cause__ or error from None
    return best_x
