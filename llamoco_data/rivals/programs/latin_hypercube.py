"""Latin hypercube sample (McKay et al., 1979), the same whatever the seed of the run; best point kept."""

import math

import numpy as np
from scipy.stats import qmc

SAMPLE_SEED = 0
EQUALITY_TOLERANCE = 1e-4


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; constraints(x[D]) -> (g[P], h[Q]) with g <= 0, h = 0; returns the best x found."""
    best_x, best_score = None, (math.inf, math.inf)
    for u in qmc.LatinHypercube(len(lower), rng=SAMPLE_SEED).random(max_evaluations):
        x = np.minimum(lower + u * (upper - lower), upper)
        value, (g, h) = objective(x), ((), ()) if constraints is None else constraints(x)
        violation = sum(max(v, 0.0) for v in g) + sum(max(abs(v) - EQUALITY_TOLERANCE, 0.0) for v in h)
        if best_x is None or (violation, value) <= best_score:
            best_x, best_score = x, (violation, value)
    return best_x
