"""COBYLA: constrained search by linear approximations, restarted from random points (Powell, 1994), from NLopt."""

import math
from contextlib import suppress
from functools import lru_cache

import nlopt
import numpy as np

INITIAL_STEP = 0.1  # radius of the first trust region, as a share of the box
TOLERANCE = 1e-8  # a search ends when its trust region is this small, as a share of the box
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
        """Objective and limits (all <= 0) at a point of the unit cube, given as bytes; what is not finite is worst."""
        nonlocal evaluations, best_x, best_score
        if evaluations == max_evaluations:
            raise BudgetSpent
        evaluations += 1
        x = np.minimum(lower + np.frombuffer(point) * width, upper)
        value, violation, limits = float(objective(x)), 0.0, np.zeros(0)
        if constraints is not None:
            g, h = map(np.asarray, constraints(x))
            violation = sum(max(v, 0.0) for v in g) + sum(max(abs(v) - EQUALITY_TOLERANCE, 0.0) for v in h)
            limits = np.concatenate([g + MARGIN, h, -h])
        if not math.isfinite(violation + value):
            violation, value, limits = math.inf, 1e100, np.full(len(limits), 1e100)
        if (violation, value) <= best_score:
            best_x, best_score = x, (violation, value)
        return value, limits

    def write_limits(result, u, _gradient):
        result[:] = outcome(u.tobytes())[1]

    search = nlopt.opt(nlopt.LN_COBYLA, dim)
    search.set_min_objective(lambda u, _gradient: outcome(u.tobytes())[0])
    search.set_lower_bounds(np.zeros(dim))
    search.set_upper_bounds(np.ones(dim))
    search.set_initial_step(INITIAL_STEP)
    search.set_xtol_abs(TOLERANCE)
    search.set_maxeval(max_evaluations)
    with suppress(BudgetSpent):
        start = rng.random(dim)
        if num_limits := len(outcome(start.tobytes())[1]):
            search.add_inequality_mconstraint(write_limits, np.zeros(num_limits))
        while True:
            search.optimize(start)
            start = rng.random(dim)
    return best_x
