"""Simulated annealing (Corana et al., 1987), then BOBYQA (Powell, 2009) around its best point; from NLopt."""

import math
from contextlib import suppress
from functools import lru_cache
from itertools import chain, cycle

import nlopt
import numpy as np

GLOBAL_SHARE = 0.6  # of the budget; the rest goes to local searches
COLDEST = 1e-10  # last temperature; the first is the standard deviation of the values of random points
SWEEPS = 10  # rounds of the variables between adjustments of their steps
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
    evaluations, best_u, best_value, worst_value = 0, None, math.inf, -math.inf

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

    def explore():
        """Annealing with a step for each variable."""
        values = [outcome(rng.random(dim).tobytes()) for _ in range(min(5 * dim, 1 + limit // 10))]
        scale = np.std([value for value in values if math.isfinite(value)] or [0.0])
        u, value, step, accepted = best_u, best_value, np.full(dim, 0.5), np.zeros(dim)
        trials = limit - len(values)
        for i in range(trials):
            axis, trial = i % dim, u.copy()
            trial[axis] += step[axis] * rng.uniform(-1.0, 1.0)
            if not 0.0 <= trial[axis] <= 1.0:
                trial[axis] = rng.random()
            trial_value = outcome(trial.tobytes())
            temperature = scale * COLDEST ** (i / trials)
            if trial_value <= value or trial_value - value < temperature * rng.exponential():
                u, value = trial, trial_value
                accepted[axis] += 1
            if (i + 1) % (SWEEPS * dim) == 0:  # aim at accepting half of the trials
                rate = accepted / SWEEPS
                growth = (1 + 5 * np.maximum(rate - 0.6, 0.0)) / (1 + 5 * np.maximum(0.4 - rate, 0.0))
                step, accepted = np.minimum(step * growth, 1.0), np.zeros(dim)

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
