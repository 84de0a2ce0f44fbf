"""BOBYQA: bounded search by quadratic models, restarted from random points (Powell, 2009), from NLopt."""

import math
from contextlib import suppress

import nlopt
import numpy as np

INITIAL_STEP = 0.4  # radius of the first trust region, as a share of the box
TOLERANCE = 1e-8  # a search ends when its trust region is this small, as a share of the box


class BudgetSpent(Exception):
    """Raised inside the objective to leave the library after the last evaluation."""


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; returns the best x found in the box (constraints are not handled)."""
    rng = np.random.default_rng(seed)
    dim, width = len(lower), upper - lower
    evaluations, best_x, best_value = 0, None, math.inf

    def evaluate(u, _gradient):
        """Objective at a point of the unit cube; whatever is not finite is worst."""
        nonlocal evaluations, best_x, best_value
        if evaluations == max_evaluations:
            raise BudgetSpent
        evaluations += 1
        x = np.minimum(lower + u * width, upper)
        value = float(objective(x))
        value = value if math.isfinite(value) else 1e100
        if value <= best_value:
            best_x, best_value = x, value
        return value

    search = nlopt.opt(nlopt.LN_BOBYQA, dim)
    search.set_min_objective(evaluate)
    search.set_lower_bounds(np.zeros(dim))
    search.set_upper_bounds(np.ones(dim))
    search.set_initial_step(INITIAL_STEP)
    search.set_xtol_abs(TOLERANCE)
    with suppress(BudgetSpent):
        while True:
            try:
                search.optimize(rng.random(dim))
            except nlopt.RoundoffLimited:
                continue  # as close as rounding lets it
            except SystemError as error:  # so the library reports what was raised in the middle of a model's update
                raise error.__cause__ or error from None
    return best_x
