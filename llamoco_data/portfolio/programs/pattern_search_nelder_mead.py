"""Pattern search (Hooke & Jeeves, 1961), then Nelder-Mead (1965) around its best point; from NLopt."""

import math
from contextlib import suppress
from functools import lru_cache
from itertools import chain, cycle

import nlopt
import numpy as np

GLOBAL_SHARE = 0.6  # of the budget; the rest goes to local searches
INITIAL_STEP = 0.25  # of the pattern, as a share of the box; it is halved whenever no axis helps
SMALLEST_STEP = 1e-9
LOCAL_STEP = 0.1  # edge of a local search's first simplex, as a share of the box
TOLERANCE = 1e-8  # a local search ends when its simplex is this small, as a share of the box
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

    def neighbour(u, value, step):
        """Best point met on the way along each axis in turn, forwards or else backwards."""
        for axis in rng.permutation(dim):
            for move in (step, -step):
                trial = u.copy()
                trial[axis] = min(max(u[axis] + move, 0.0), 1.0)
                trial_value = math.inf if trial[axis] == u[axis] else outcome(trial.tobytes())
                if trial_value < value:
                    u, value = trial, trial_value
                    break
        return u, value

    def explore():
        """One pattern search after the other, from random points."""
        while True:
            base, step = rng.random(dim), INITIAL_STEP
            base_value = outcome(base.tobytes())
            while step > SMALLEST_STEP:
                u, value = neighbour(base, base_value, step)
                while value < base_value:  # as long as it helps, jump as far again and explore around there
                    ahead = np.clip(2 * u - base, 0.0, 1.0)
                    base, base_value = u, value
                    u, value = neighbour(ahead, outcome(ahead.tobytes()), step)
                step /= 2

    def polish(start):
        """One search by Nelder-Mead from a point where the objective is finite."""
        search = nlopt.opt(nlopt.LN_NELDERMEAD, dim)
        search.set_min_objective(lambda u, _gradient: min(outcome(u.tobytes()), worst_value))
        search.set_lower_bounds(np.zeros(dim))
        search.set_upper_bounds(np.ones(dim))
        search.set_initial_step(LOCAL_STEP)
        search.set_xtol_abs(TOLERANCE)
        search.optimize(start)

    with suppress(BudgetSpent):
        explore()
    limit = max_evaluations
    with suppress(BudgetSpent):
        for distance in chain([0.0], cycle(DISTANCES)):
            start = np.clip(best_u + distance * rng.uniform(-1.0, 1.0, dim), 0.0, 1.0)
            if math.isfinite(outcome(start.tobytes())):
                polish(start)
    return np.minimum(lower + best_u * width, upper)
