"""L-SHADE (Tanabe & Fukunaga, 2014), then SLSQP (Kraft, 1988) around its best point; from minionpy and SciPy."""

import math
from contextlib import suppress
from functools import lru_cache
from itertools import chain, cycle

import minionpy
import numpy as np
from scipy.optimize import minimize as scipy_minimize

GLOBAL_SHARE = 0.6  # of the budget; the rest goes to local searches
POPULATION_PER_DIMENSION = 6
DIFFERENCE_STEP = 1e-8  # as a share of the box
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
        """Searches by L-SHADE until the first phase's share of the budget is spent."""
        options = {"population_size": POPULATION_PER_DIMENSION * dim, "archive_size_ratio": 2.6}
        try:
            while evaluations < limit:  # a converged population is followed by a new one
                random = int(rng.integers(2**31))
                search = minionpy.LSHADE(
                    evaluate, [(0.0, 1.0)] * dim, maxevals=limit - evaluations, seed=random, options=options
                )
                search.optimize()
        except RuntimeError as error:  # minionpy's stand-in for whatever the objective raised
            raise (failure or error) from None

    @lru_cache(maxsize=1)
    def value_and_slopes(point):
        """Objective and gradient by one-sided differences, taken towards the inside of the box."""
        u = np.frombuffer(point)
        value = min(outcome(point), worst_value)
        steps = np.diag(np.where(u < 0.5, DIFFERENCE_STEP, -DIFFERENCE_STEP))
        values = np.array([min(outcome((u + step).tobytes()), worst_value) for step in steps])
        return value, (values - value) / steps.diagonal()

    def polish(start):
        """One search by SLSQP, with the objective divided by its steepest slope at the start."""
        size = np.abs(value_and_slopes(start.tobytes())[1]).max() or 1.0
        scipy_minimize(
            lambda u: tuple(part / size for part in value_and_slopes(u.tobytes())),
            start,
            jac=True,
            method="SLSQP",
            bounds=[(0.0, 1.0)] * dim,
            options={"ftol": 1e-12, "maxiter": 1000},
        )

    with suppress(BudgetSpent):
        explore()
    limit = max_evaluations
    with suppress(BudgetSpent):
        for distance in chain([0.0], cycle(DISTANCES)):
            start = np.clip(best_u + distance * rng.uniform(-1.0, 1.0, dim), 0.0, 1.0)
            if math.isfinite(outcome(start.tobytes())):
                polish(start)
    return np.minimum(lower + best_u * width, upper)
