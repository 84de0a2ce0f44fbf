"""BIPOP-CMA-ES (Hansen, 2009), then BOBYQA (Powell, 2009) around its best point; from minionpy and NLopt."""

import math
from contextlib import suppress
from functools import lru_cache
from itertools import chain, cycle

import minionpy
import nlopt
import numpy as np

GLOBAL_SHARE = 0.6  # of the budget; the rest goes to local searches
INITIAL_STEP = 0.3  # standard deviation of the first search's steps, as a share of the box
LOCAL_STEP = 0.1  # first trust region of a local search, as a share of the box
TOLERANCE = 1e-8  # a local search ends when its trust region is this small, as a share of the box
DISTANCES = (0.025, 0.05, 0.1, 0.2)  # of later local searches' starts from the best point, as shares of the box
HUGE = 1e300  # what is as large as this counts as not finite


class BudgetSpent(Exception):
    """Raised inside the objective to leave a phase after its last evaluation."""


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; returns the best x found in the box (constraints are not handled)."""
    rng = np.random.default_rng(seed)
    dim, width = len(lower), upper - lower
    limit = max(1, int(GLOBAL_SHARE * max_evaluations))
    evaluations, best_u, best_value, worst_value, failure = 0, None, math.inf, -math.inf, None

    @lru_cache(maxsize=1)
    def outcome(point):
        """Objective at a point of the unit cube, given as bytes; infinity where it is not finite."""
        nonlocal evaluations, best_u, best_value, worst_value
        if evaluations == limit:
            raise BudgetSpent
        evaluations += 1
        u = np.frombuffer(point)
        value = float(objective(np.minimum(lower + u * width, upper)))
        if abs(value) < HUGE:
            worst_value = max(value, worst_value)
        else:
            value = math.inf
        if value <= best_value:
            best_u, best_value = u, value
        return value

    def evaluate(points):
        """Values of points of the unit cube; past the first phase's share, worst."""
        nonlocal failure
        values = [HUGE] * len(points)
        try:
            for i, u in enumerate(np.reshape(points, (-1, dim))[: limit - evaluations]):
                values[i] = min(outcome(u.tobytes()), HUGE)
        except BaseException as error:
            failure = error
            raise
        return values

    def explore():
        """Searches by BIPOP-CMA-ES until the first phase's share of the budget is spent."""
        options = {"rel_initial_step": INITIAL_STEP, "x_tol": 1e-12}
        try:
            while evaluations < limit:  # as a rule one call, which restarts by itself
                random = int(rng.integers(2**31))
                search = minionpy.BIPOP_aCMAES(
                    evaluate, [(0.0, 1.0)] * dim, maxevals=limit - evaluations, seed=random, options=options
                )
                search.optimize()
        except RuntimeError as error:  # minionpy's stand-in for whatever the objective raised
            raise (failure or error) from None

    def polish(start):
        """One search by BOBYQA from a point where the objective is finite."""
        search = nlopt.opt(nlopt.LN_BOBYQA, dim)
        search.set_min_objective(lambda u, _gradient: min(outcome(u.tobytes()), worst_value))
        search.set_lower_bounds(np.zeros(dim))
        search.set_upper_bounds(np.ones(dim))
        search.set_initial_step(LOCAL_STEP)
        search.set_xtol_abs(TOLERANCE)
        try:
            search.optimize(start)
        except nlopt.RoundoffLimited:
            pass  # as close as rounding lets it
        except SystemError as error:  # so the library reports what was raised in the middle of a model's update
            raise error.__cause__ or error from None

    with suppress(BudgetSpent):
        explore()
    limit = max_evaluations
    with suppress(BudgetSpent):
        for distance in chain([0.0], cycle(DISTANCES)):
            start = np.clip(best_u + distance * rng.uniform(-1.0, 1.0, dim), 0.0, 1.0)
            if math.isfinite(outcome(start.tobytes())):
                polish(start)
    return np.minimum(lower + best_u * width, upper)
