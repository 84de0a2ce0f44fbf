"""CMA-ES from pycma with its defaults, restarted with doubled populations; with constraints by its own Lagrangian."""

import math
from contextlib import suppress
from functools import lru_cache

import cma
import numpy as np

SIGMA0 = 0.25  # a quarter of the box, as pycma recommends
RESTARTS = 9  # of one call, as in pycma's examples
EQUALITY_TOLERANCE = 1e-4


class BudgetSpent(Exception):
    """Raised inside the objective to leave the library after the last evaluation."""


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; constraints(x[D]) -> (g[P], h[Q]) with g <= 0, h = 0; returns the best x found."""
    rng = np.random.default_rng(seed)
    dim = len(lower)
    evaluations, best_x, best_score = 0, None, (math.inf, math.inf)

    @lru_cache(maxsize=256)
    def outcome(point):
        """(f, [*g, *h, *-h]) at a point of the unit cube, given as bytes."""
        nonlocal evaluations, best_x, best_score
        if evaluations == max_evaluations:
            raise BudgetSpent
        evaluations += 1
        x = np.clip(lower + np.frombuffer(point) * (upper - lower), lower, upper)
        value, (g, h) = objective(x), ((), ()) if constraints is None else constraints(x)
        excesses = [*g, *(v - EQUALITY_TOLERANCE for v in h), *(-v - EQUALITY_TOLERANCE for v in h)]
        violation = sum(max(v, 0.0) for v in excesses)
        if best_x is None or (violation, value) <= best_score:
            best_x, best_score = x, (violation, value)
        return value, excesses

    def value_at(u):
        return outcome(np.asarray(u, dtype=float).tobytes())[0]

    def excesses_at(u):
        return outcome(np.asarray(u, dtype=float).tobytes())[1]

    def start():
        return rng.random(dim)

    with suppress(BudgetSpent):
        while True:
            options = {"bounds": [0, 1], "seed": int(rng.integers(1, 2**31)), "verbose": -9, "verb_log": 0}
            if constraints is None:
                cma.fmin2(value_at, start, SIGMA0, options, restarts=RESTARTS)
            else:
                alone = {"archives": False}  # they would need another package, and only serve to look at
                cma.fmin_con2(value_at, start(), SIGMA0, excesses_at, kwargs_confit=alone, options=options)
    return best_x
