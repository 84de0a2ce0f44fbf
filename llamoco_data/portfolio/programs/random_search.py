"""Random search: independent uniform samples of the box, best one kept by Deb's feasibility rules (2000)."""

import math

import numpy as np

EQUALITY_TOLERANCE = 1e-4
HUGE = 1e300  # what is as large as this counts as not finite


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; constraints(x[D]) -> (g[P], h[Q]) with g <= 0, h = 0; returns the best x found."""
    rng = np.random.default_rng(seed)
    best_x, best_score = None, (math.inf, math.inf)

    def assess(x):
        """(violation, value): the smaller pair is the better point; whatever is not finite is worst."""
        value, violation = objective(x), 0.0
        if constraints is not None:
            g, h = constraints(x)
            violation = sum(max(v, 0.0) for v in g) + sum(max(abs(v) - EQUALITY_TOLERANCE, 0.0) for v in h)
        return (violation, value) if abs(value) < HUGE and violation < HUGE else (math.inf, math.inf)

    for _ in range(max_evaluations):
        x = np.minimum(lower + rng.random(len(lower)) * (upper - lower), upper)
        score = assess(x)
        if score <= best_score:
            best_x, best_score = x, score
    return best_x
