"""(1+1) evolution strategy with the 1/5 success rule, restarted when its step vanishes (Rechenberg, 1973)."""

import math

import numpy as np

INITIAL_STEP = 0.2  # standard deviation, as a share of the box
EXPANSION = 1.5  # growth of the step on success; it shrinks by the fourth root on failure
SMALLEST_STEP = 1e-10
EQUALITY_TOLERANCE = 1e-4
HUGE = 1e300  # what is as large as this counts as not finite


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; constraints(x[D]) -> (g[P], h[Q]) with g <= 0, h = 0; returns the best x found."""
    rng = np.random.default_rng(seed)
    dim, width = len(lower), upper - lower
    best_x, best_score = None, (math.inf, math.inf)
    parent, parent_score, step = None, None, 0.0  # no step yet: begin at a random point

    def assess(x):
        """(violation, value): the smaller pair is the better point; whatever is not finite is worst."""
        value, violation = objective(x), 0.0
        if constraints is not None:
            g, h = constraints(x)
            violation = sum(max(v, 0.0) for v in g) + sum(max(abs(v) - EQUALITY_TOLERANCE, 0.0) for v in h)
        return (violation, value) if abs(value) < HUGE and violation < HUGE else (math.inf, math.inf)

    for _ in range(max_evaluations):
        restart = step < SMALLEST_STEP
        if restart:
            child = rng.random(dim)
        else:
            child = (parent + step * rng.standard_normal(dim)) % 2.0
            child = np.minimum(child, 2.0 - child)  # reflected at the walls of the unit cube
        x = np.minimum(lower + child * width, upper)
        score = assess(x)
        if restart:
            parent, parent_score, step = child, score, INITIAL_STEP
        elif score <= parent_score:
            parent, parent_score, step = child, score, min(step * EXPANSION, 1.0)
        else:
            step *= EXPANSION**-0.25
        if score <= best_score:
            best_x, best_score = x, score
    return best_x
