"""Dual annealing: generalized simulated annealing with local searches (Xiang et al., 1997), from SciPy."""

import math
from contextlib import suppress

import numpy as np
from scipy.optimize import dual_annealing

INITIAL_TEMPERATURE = 5230.0  # of the values in their own spread
VISIT = 2.62  # heavier-tailed jumps the nearer to 3
LOCAL_SEARCH = True
SPREAD = 100.0  # of the values of the first random points, as the library sees them
HUGE = 1e300  # what is as large as this counts as not finite


class BudgetSpent(Exception):
    """Raised inside the objective to leave the library after the last evaluation."""


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; returns the best x found in the box (constraints are not handled)."""
    rng = np.random.default_rng(seed)
    dim, width = len(lower), upper - lower
    evaluations, best_u, best_value, worst_value = 0, None, math.inf, -math.inf

    def place(u):
        """Point of the box for a point of the unit cube."""
        return np.minimum(lower + u * width, upper)

    def evaluate(u):
        """Objective at a point of the unit cube; infinity where it is not finite."""
        nonlocal evaluations, best_u, best_value, worst_value
        if evaluations == max_evaluations:
            raise BudgetSpent
        evaluations += 1
        value = float(objective(place(u)))
        if abs(value) < HUGE:
            worst_value = max(value, worst_value)
        else:
            value = math.inf
        if value <= best_value:
            best_u, best_value = u.copy(), value
        return value

    with suppress(BudgetSpent):
        first = []
        while not first or (len(first) < 10 and evaluations < max_evaluations // 10):
            value = evaluate(rng.random(dim))
            if math.isfinite(value):
                first.append(value)
        size = (np.ptp(first) or 1.0) / SPREAD
        dual_annealing(
            lambda u: min(evaluate(u), worst_value) / size,
            [(0.0, 1.0)] * dim,
            x0=best_u,
            maxiter=max_evaluations,
            maxfun=2 * max_evaluations,
            initial_temp=INITIAL_TEMPERATURE,
            visit=VISIT,
            no_local_search=not LOCAL_SEARCH,
            rng=rng,
        )
    return place(best_u)
