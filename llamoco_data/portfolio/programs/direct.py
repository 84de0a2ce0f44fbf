"""DIRECT: ever smaller rectangles (Jones et al., 1993), then Nelder-Mead from its best point; from NLopt."""

import math
from contextlib import suppress

import nlopt
import numpy as np

LOCALLY_BIASED = True  # by the rules of Gablonsky & Kelley (2001), for functions with few minima
GLOBAL_SHARE = 0.5  # of the budget; the rest goes to local searches from around the best point
LOCAL_STEP = 0.02  # edge of its first simplex and distance of its start from the best point, as a share of the box
TOLERANCE = 1e-8  # a local search ends when its simplex is this small, as a share of the box


class BudgetSpent(Exception):
    """Raised inside the objective to leave the library after the last evaluation."""


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; returns the best x found in the box (constraints are not handled)."""
    rng = np.random.default_rng(seed)
    dim, width = len(lower), upper - lower
    evaluations, best_u, best_value = 0, None, math.inf

    def place(u):
        """Point of the box for a point of the unit cube."""
        return np.minimum(lower + u * width, upper)

    def evaluate(u, _gradient):
        """Objective at a point of the unit cube; whatever is not finite is worst."""
        nonlocal evaluations, best_u, best_value
        if evaluations == max_evaluations:
            raise BudgetSpent
        evaluations += 1
        value = float(objective(place(u)))
        value = value if math.isfinite(value) else 1e300
        if value <= best_value:
            best_u, best_value = u.copy(), value
        return value

    def library_search(method):
        search = nlopt.opt(method, dim)
        search.set_min_objective(evaluate)
        search.set_lower_bounds(np.zeros(dim))
        search.set_upper_bounds(np.ones(dim))
        return search

    with suppress(BudgetSpent):
        division = library_search(nlopt.GN_DIRECT_L if LOCALLY_BIASED else nlopt.GN_DIRECT)
        division.set_maxeval(max(1, int(GLOBAL_SHARE * max_evaluations)))
        division.optimize(np.full(dim, 0.5))
        descent = library_search(nlopt.LN_NELDERMEAD)
        descent.set_initial_step(LOCAL_STEP)
        descent.set_xtol_abs(TOLERANCE)
        while True:
            descent.optimize(np.clip(best_u + LOCAL_STEP * rng.uniform(-1.0, 1.0, dim), 0.0, 1.0))
    return place(best_u)
