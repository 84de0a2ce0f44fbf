"""Subplex: Nelder-Mead searches of subspaces in turn, restarted from random points (Rowan, 1990), from NLopt."""

import math
from contextlib import suppress

import nlopt
import numpy as np

INITIAL_STEP = 0.4  # edges of the first simplexes, as a share of the box
TOLERANCE = 1e-8  # a search ends when its steps are this small, as a share of the box


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
        value = value if math.isfinite(value) else 1e300
        if value <= best_value:
            best_x, best_value = x, value
        return value

    search = nlopt.opt(nlopt.LN_SBPLX, dim)
    search.set_min_objective(evaluate)
    search.set_lower_bounds(np.zeros(dim))
    search.set_upper_bounds(np.ones(dim))
    search.set_initial_step(INITIAL_STEP)
    search.set_xtol_abs(TOLERANCE)
    with suppress(BudgetSpent):
        while True:
            search.optimize(rng.random(dim))
    return best_x
