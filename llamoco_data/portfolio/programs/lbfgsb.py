"""L-BFGS-B on finite differences, restarted from random points (Byrd, Lu, Nocedal & Zhu, 1995), from SciPy."""

import math
from contextlib import suppress

import numpy as np
from scipy.optimize import minimize as scipy_minimize

DIFFERENCE_STEP = 1e-8  # as a share of the box
TOLERANCE = 1e-10  # a search ends when its relative progress is this small
MEMORY = 10


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

    def value_and_gradient(u):
        """One-sided differences, taken towards the inside of the box."""
        value = evaluate(u)
        steps = np.diag(np.where(u < 0.5, DIFFERENCE_STEP, -DIFFERENCE_STEP))
        return value, np.array([evaluate(u + step) - value for step in steps]) / steps.diagonal()

    with suppress(BudgetSpent):
        while True:
            scipy_minimize(
                value_and_gradient,
                rng.random(dim),
                jac=True,
                method="L-BFGS-B",
                bounds=[(0.0, 1.0)] * dim,
                options={"maxcor": MEMORY, "ftol": TOLERANCE, "gtol": 0.0, "maxiter": max_evaluations},
            )
    return best_x
