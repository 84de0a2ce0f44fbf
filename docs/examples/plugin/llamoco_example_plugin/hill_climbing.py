"""Hill climbing: steps to better neighbours, near and far, from random starts (Russell & Norvig, 1995)."""

import math

import numpy as np

STEP = 0.1  # of the widest steps, as a share of the box
DECADES = 4.0  # between the widest and the narrowest steps
PATIENCE = 100  # steps without success after which it starts again


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; returns the best x found (constraints are not handled)."""
    rng = np.random.default_rng(seed)
    best_x, best_value = None, math.inf
    x, value, failures = None, math.inf, 0
    for _ in range(max_evaluations):
        start = x is None or failures == PATIENCE
        if start:
            trial = rng.uniform(lower, upper)
        else:
            width = STEP * 10 ** -rng.uniform(0, DECADES) * (upper - lower)
            trial = np.clip(x + width * rng.normal(size=len(lower)), lower, upper)
        found = objective(trial)
        found = found if math.isfinite(found) else math.inf
        failures += 1
        if start or found < value:
            x, value, failures = trial, found, 0
        if found <= best_value:
            best_x, best_value = trial, found
    return best_x
