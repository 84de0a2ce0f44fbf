"""SciPy's `differential_evolution` with its defaults, started again until the budget is spent."""

import math
from contextlib import suppress
from functools import lru_cache

import numpy as np
from scipy.optimize import NonlinearConstraint, differential_evolution

EQUALITY_TOLERANCE = 1e-4


class BudgetSpent(Exception):
    """Raised inside the objective to leave the library after the last evaluation."""


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; constraints(x[D]) -> (g[P], h[Q]) with g <= 0, h = 0; returns the best x found."""
    rng = np.random.default_rng(seed)
    evaluations, best_x, best_score = 0, None, (math.inf, math.inf)

    @lru_cache(maxsize=256)
    def outcome(point):
        """(f, [*g, *|h|]) at a point, given as bytes."""
        nonlocal evaluations, best_x, best_score
        if evaluations == max_evaluations:
            raise BudgetSpent
        evaluations += 1
        x = np.clip(np.frombuffer(point), lower, upper)
        value, (g, h) = objective(x), ((), ()) if constraints is None else constraints(x)
        excesses = np.array([*g, *(abs(v) - EQUALITY_TOLERANCE for v in h)])
        violation = np.maximum(excesses, 0.0).sum()
        if best_x is None or (violation, value) <= best_score:
            best_x, best_score = x, (violation, value)
        return value, excesses

    limits = NonlinearConstraint(lambda x: outcome(np.ascontiguousarray(x).tobytes())[1], -np.inf, 0.0)
    with suppress(BudgetSpent):
        while True:
            differential_evolution(
                lambda x: outcome(np.ascontiguousarray(x).tobytes())[0],
                list(zip(lower, upper, strict=True)),
                constraints=() if constraints is None else limits,
                rng=rng,
            )
    return best_x
