"""Dual annealing: generalized simulated annealing with local searches (Xiang et al., 1997), from SciPy."""

import math
from contextlib import suppress

import numpy as np
from scipy.optimize import dual_annealing

INITIAL_TEMPERATURE = 5230.0
VISIT = 2.62  # heavier-tailed jumps the nearer to 3
LOCAL_SEARCH = True


class BudgetSpent(Exception):
    """Raised inside the objective to leave the library after the last evaluation."""


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; returns the best x found in the box (constraints are not handled)."""
    rng = np.random.default_rng(seed)
    dim, width = len(lower), upper - lower
    evaluations, best_x, best_value = 0, None, math.inf

    def evaluate(u):
        """Objective at a point of the unit cube; whatever is not finite is worst."""
        nonlocal evaluations, best_x, best_value
        if evaluations == max_evaluations:
            raise BudgetSpent
        evaluations += 1
        x = np.minimum(lower + u * width, upper)
        value = objective(x)
        value = value if math.isfinite(value) else 1e100
        if value <= best_value:
            best_x, best_value = x, value
        return value

    with suppress(BudgetSpent):
        dual_annealing(
            evaluate,
            [(0.0, 1.0)] * dim,
            maxiter=max_evaluations,
            maxfun=2 * max_evaluations,
            initial_temp=INITIAL_TEMPERATURE,
            visit=VISIT,
            no_local_search=not LOCAL_SEARCH,
            rng=rng,
        )
    return best_x
