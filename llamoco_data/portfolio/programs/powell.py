"""Powell's direction set method, restarted from random points (Powell, 1964; Brent, 1973), from SciPy."""

import math
from contextlib import suppress

import numpy as np
from scipy.optimize import minimize as scipy_minimize

LINE_TOLERANCE = 1e-2  # a line search ends when its interval is this small, as a share of the box
TOLERANCE = 1e-8  # a search ends when a round of line searches gains less than this, relatively


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
        x = np.minimum(lower + np.minimum(np.maximum(u, 0.0), 1.0) * width, upper)
        value = float(objective(x))
        value = value if math.isfinite(value) else 1e100
        if value <= best_value:
            best_x, best_value = x, value
        return value

    with suppress(BudgetSpent):
        while True:
            scipy_minimize(
                evaluate,
                rng.random(dim),
                method="Powell",
                bounds=[(0.0, 1.0)] * dim,
                options={
                    "xtol": LINE_TOLERANCE,
                    "ftol": TOLERANCE,
                    "maxiter": max_evaluations,
                    "maxfev": 2 * max_evaluations,
                },
            )
    return best_x
