"""Sequential least-squares quadratic programming, restarted from random points (Kraft, 1988), from SciPy."""

import math
from contextlib import suppress
from functools import lru_cache

import numpy as np
from scipy.optimize import minimize as scipy_minimize

DIFFERENCE_STEP = 1e-8  # as a share of the box
TOLERANCE = 1e-10  # a search ends when its progress is this small
MARGIN = 1e-8  # inequalities are asked to hold by this much, so that rounding cannot break them
EQUALITY_TOLERANCE = 1e-4


class BudgetSpent(Exception):
    """Raised inside the objective to leave the library after the last evaluation."""


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; constraints(x[D]) -> (g[P], h[Q]) with g <= 0, h = 0; returns the best x found."""
    rng = np.random.default_rng(seed)
    dim, width = len(lower), upper - lower
    evaluations, best_x, best_score = 0, None, (math.inf, math.inf)

    @lru_cache(maxsize=256)
    def outcome(point):
        """(f, g, h) at a point of the unit cube, given as bytes; whatever is not finite is worst."""
        nonlocal evaluations, best_x, best_score
        if evaluations == max_evaluations:
            raise BudgetSpent
        evaluations += 1
        x = np.minimum(lower + np.frombuffer(point) * width, upper)
        value, violation, g, h = objective(x), 0.0, np.zeros(0), np.zeros(0)
        if constraints is not None:
            g, h = map(np.asarray, constraints(x))
            violation = sum(max(v, 0.0) for v in g) + sum(max(abs(v) - EQUALITY_TOLERANCE, 0.0) for v in h)
        if not math.isfinite(violation + value):
            violation, value, g, h = math.inf, 1e100, np.full(len(g), 1e100), np.full(len(h), 1e100)
        if (violation, value) <= best_score:
            best_x, best_score = x, (violation, value)
        return value, g, h

    @lru_cache(maxsize=4)
    def slopes(point):
        """Gradient of f and Jacobians of g and h by one-sided differences, taken towards the inside of the box."""
        u = np.frombuffer(point)
        steps = np.where(u < 0.5, DIFFERENCE_STEP, -DIFFERENCE_STEP)
        shifted = zip(*(outcome(row.tobytes()) for row in u + np.diag(steps)), strict=True)
        return [(np.array(there) - here).T / steps for here, there in zip(outcome(point), shifted, strict=True)]

    with suppress(BudgetSpent):
        while True:
            scipy_minimize(
                lambda u: outcome(u.tobytes())[0],
                rng.random(dim),
                jac=lambda u: slopes(u.tobytes())[0],
                method="SLSQP",
                bounds=[(0.0, 1.0)] * dim,
                constraints=[
                    {
                        "type": "ineq",
                        "fun": lambda u: -outcome(u.tobytes())[1] - MARGIN,
                        "jac": lambda u: -slopes(u.tobytes())[1],
                    },
                    {
                        "type": "eq",
                        "fun": lambda u: outcome(u.tobytes())[2],
                        "jac": lambda u: slopes(u.tobytes())[2],
                    },
                ],
                options={"ftol": TOLERANCE, "maxiter": 1000},
            )
    return best_x
