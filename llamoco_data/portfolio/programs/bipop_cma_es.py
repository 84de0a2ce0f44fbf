"""BIPOP-CMA-ES: covariance matrix adaptation restarted with alternating large and small populations (Hansen, 2009)."""

import math
from contextlib import suppress

import cma
import numpy as np

INITIAL_STEP = 0.3  # standard deviation, as a share of the box
POPULATION_FACTOR = 1.0  # times 4 + 3 ln(D)


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
        value = value if math.isfinite(value) else 1e300
        if value <= best_value:
            best_x, best_value = x, value
        return value

    options = {
        "bounds": [0.0, 1.0],
        "popsize_factor": POPULATION_FACTOR,
        "seed": int(rng.integers(1, 2**31)),
        "verbose": -9,
    }
    with suppress(BudgetSpent):
        while True:
            cma.fmin2(evaluate, lambda: rng.random(dim), INITIAL_STEP, options, restarts=99, bipop=True)
    return best_x
