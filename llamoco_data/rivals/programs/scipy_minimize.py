"""SciPy's `minimize` with its defaults, L-BFGS-B or with constraints SLSQP, from random points of the box."""

import math
from contextlib import suppress
from functools import lru_cache

import numpy as np
from scipy.optimize import minimize as scipy_minimize

EQUALITY_TOLERANCE = 1e-4


class BudgetSpent(Exception):
    """Raised inside the objective to leave the library after the last evaluation."""


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; constraints(x[D]) -> (g[P], h[Q]) with g <= 0, h = 0; returns the best x found."""
    rng = np.random.default_rng(seed)
    evaluations, best_x, best_score = 0, None, (math.inf, math.inf)

    @lru_cache(maxsize=256)
    def outcome(point):
        """(f, g, h) at a point, given as bytes."""
        nonlocal evaluations, best_x, best_score
        if evaluations == max_evaluations:
            raise BudgetSpent
        evaluations += 1
        x = np.clip(np.frombuffer(point), lower, upper)
        value, (g, h) = objective(x), ((), ()) if constraints is None else constraints(x)
        violation = sum(max(v, 0.0) for v in g) + sum(max(abs(v) - EQUALITY_TOLERANCE, 0.0) for v in h)
        if best_x is None or (violation, value) <= best_score:
            best_x, best_score = x, (violation, value)
        return value, g, h

    limits = [
        {"type": "ineq", "fun": lambda x: -np.asarray(outcome(x.tobytes())[1])},
        {"type": "eq", "fun": lambda x: np.asarray(outcome(x.tobytes())[2])},
    ]
    with suppress(BudgetSpent):
        while True:
            scipy_minimize(
                lambda x: outcome(x.tobytes())[0],
                rng.uniform(lower, upper),
                bounds=list(zip(lower, upper, strict=True)),
                constraints=() if constraints is None else limits,
            )
    return best_x
