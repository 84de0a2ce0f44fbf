"""CMA-ES restarted with doubled populations, IPOP (Auger & Hansen, 2005), from minionpy."""

import math

import minionpy
import numpy as np

INITIAL_STEP = 0.3  # standard deviation, as a share of the box
POPULATION_FACTOR = 1.0  # times 4 + 3 ln(D), for the first search
POPULATION_GROWTH = 2.0  # from one search to the next
TOLERANCE = 1e-12  # a search ends when steps are this share of the box, or values alike to this share of them


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; returns the best x found in the box (constraints are not handled)."""
    rng = np.random.default_rng(seed)
    dim = len(lower)
    evaluations, best_x, best_value = 0, None, math.inf
    failure = None

    def evaluate(points):
        """Values of a list of points of the unit cube; once the budget is spent, the rest is worst."""
        nonlocal evaluations, best_x, best_value, failure
        values = [1e300] * len(points)
        try:
            u = np.reshape(points, (-1, dim))[: max_evaluations - evaluations]
            for i, x in enumerate(np.minimum(lower + u * (upper - lower), upper)):
                evaluations += 1
                value = objective(x)
                if math.isfinite(value):
                    values[i] = value
                if values[i] <= best_value:
                    best_x, best_value = x, values[i]
        except BaseException as error:
            failure = error
            raise
        return values

    size = POPULATION_FACTOR * (4 + 3 * math.log(dim))
    try:
        while evaluations < max_evaluations:
            minionpy.CMAES(
                evaluate,
                [(0.0, 1.0)] * dim,
                x0=[rng.random(dim).tolist()],
                maxevals=max_evaluations - evaluations,
                seed=int(rng.integers(2**31)),
                options={
                    "population_size": max(4, int(size)),
                    "rel_initial_step": INITIAL_STEP,
                    "x_tol": TOLERANCE,
                    "f_tol": TOLERANCE,
                },
            ).optimize()
            size *= POPULATION_GROWTH
    except RuntimeError as error:  # minionpy's stand-in for whatever the objective raised
        raise (failure or error) from None
    return best_x
