"""JADE: differential evolution with adaptive F and CR and an archive of replaced points (Zhang & Sanderson, 2009)."""

import math

import minionpy
import numpy as np

POPULATION_SIZE = 20
ADAPTATION_RATE = 0.1  # of the means of F and CR
ARCHIVE_RATIO = 1.0  # of the population


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; returns the best x found in the box (constraints are not handled)."""
    rng = np.random.default_rng(seed)
    evaluations, best_x, best_value = 0, None, math.inf
    failure = None

    def evaluate(points):
        """Values of a list of points of the unit cube; once the budget is spent, the rest is worst."""
        nonlocal evaluations, best_x, best_value, failure
        values = [1e300] * len(points)
        try:
            u = np.reshape(points, (-1, len(lower)))[: max_evaluations - evaluations]
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

    try:
        while evaluations < max_evaluations:  # a converged population is followed by a new one
            minionpy.JADE(
                evaluate,
                [(0.0, 1.0)] * len(lower),
                maxevals=max_evaluations - evaluations,
                seed=int(rng.integers(2**31)),
                options={
                    "population_size": POPULATION_SIZE,
                    "c": ADAPTATION_RATE,
                    "archive_size_ratio": ARCHIVE_RATIO,
                    "minimum_population_size": POPULATION_SIZE,  # it does not shrink
                },
            ).optimize()
    except RuntimeError as error:  # minionpy's stand-in for whatever the objective raised
        raise (failure or error) from None
    return best_x
