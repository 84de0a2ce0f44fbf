"""Several methods in turn, each with a share of the budget; the best point is kept."""

import math

import numpy as np

EQUALITY_TOLERANCE = 1e-4

METHODS = ()


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; constraints(x[D]) -> (g[P], h[Q]) with g <= 0, h = 0; returns the best x found."""
    evaluations, best_x, best_score = 0, None, (math.inf, math.inf)

    def watched(x):
        """The objective at a point, which is kept where it is the best so far."""
        nonlocal evaluations, best_x, best_score
        evaluations += 1
        value, (g, h) = objective(x), ((), ()) if constraints is None else constraints(x)
        violation = sum(max(v, 0.0) for v in g) + sum(max(abs(v) - EQUALITY_TOLERANCE, 0.0) for v in h)
        if best_x is None or (violation, value) <= best_score:
            best_x, best_score = np.array(x), (violation, value)
        return value

    for method, share in METHODS:
        left = max_evaluations - evaluations
        allowed = left if method is METHODS[-1][0] else min(left, round(share * max_evaluations))
        if allowed:
            method()(watched, lower, upper, allowed, seed, constraints=constraints)
    return best_x
