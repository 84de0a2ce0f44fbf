"""L-BFGS-B on finite differences, restarted from random points (Byrd, Lu, Nocedal & Zhu, 1995), from SciPy."""

import math
from contextlib import suppress
from functools import lru_cache

import numpy as np
from scipy.optimize import minimize as scipy_minimize

DIFFERENCE_STEP = 1e-8  # as a share of the box
FIRST_STEP = 100.0  # of the steepest variable, in widths of the box; the walls cut it short
TOLERANCE = 1e-11  # a search ends when its progress is this small beside the value and the first slope
MEMORY = 10
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

    def evaluate(u):
        """Objective at a point of the unit cube; what is not finite is as bad as the worst value so far."""
        return min(outcome(u.tobytes()), worst_value)

    @lru_cache(maxsize=1)
    def value_and_slopes(point):
        """Objective and gradient by one-sided differences, taken towards the inside of the box."""
        u = np.frombuffer(point)
        value = evaluate(u)
        steps = np.diag(np.where(u < 0.5, DIFFERENCE_STEP, -DIFFERENCE_STEP))
        return value, np.array([evaluate(u + step) - value for step in steps]) / steps.diagonal()

    def search(start):
        """One search, with the objective divided by its steepest slope at the start: steps are in widths of the box."""
        size = np.abs(value_and_slopes(start.tobytes())[1]).max() / FIRST_STEP or 1.0

        def scaled(u):
            value, slopes = value_and_slopes(u.tobytes())
            return value / size, slopes / size

        scipy_minimize(
            scaled,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=[(0.0, 1.0)] * dim,
            options={"maxcor": MEMORY, "ftol": TOLERANCE, "gtol": 0.0, "maxiter": max_evaluations},
        )

    with suppress(BudgetSpent):
        while True:
            start = rng.random(dim)
            if math.isfinite(outcome(start.tobytes())):
                search(start)
    return best_x
