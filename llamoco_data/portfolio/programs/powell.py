"""Powell's direction set method, restarted from random points (Powell, 1964; Brent, 1973), from SciPy."""

import math
from contextlib import suppress

import numpy as np
from scipy.optimize import minimize as scipy_minimize

LINE_TOLERANCE = 1e-2  # a line search ends when its interval is this small, as a share of the box
TOLERANCE = 1e-8  # a search ends when a round of line searches gains less than this, relatively
HUGE = 1e300  # what is as large as this counts as not finite


class BudgetSpent(Exception):
    """Raised inside the objective to leave the library after the last evaluation."""


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; returns the best x found in the box (constraints are not handled)."""
    rng = np.random.default_rng(seed)
    dim, width = len(lower), upper - lower
    evaluations, best_x, best_value, worst_value = 0, None, math.inf, -math.inf

    def evaluate(u):
        """Objective at a point of the unit cube; what is not finite is as bad as the worst value so far."""
        nonlocal evaluations, best_x, best_value, worst_value
        if evaluations == max_evaluations:
            raise BudgetSpent
        evaluations += 1
        x = np.minimum(lower + np.minimum(np.maximum(u, 0.0), 1.0) * width, upper)
        value = float(objective(x))
        if abs(value) < HUGE:
            worst_value = max(value, worst_value)
        else:
            value = math.inf
        if value <= best_value:
            best_x, best_value = x, value
        return min(value, worst_value) if math.isfinite(worst_value) else 0.0

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
