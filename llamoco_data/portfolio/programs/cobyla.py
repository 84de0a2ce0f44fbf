"""COBYLA: constrained search by linear approximations, restarted from random points (Powell, 1994), from NLopt."""

import math
from contextlib import suppress
from functools import lru_cache

import nlopt
import numpy as np

INITIAL_STEP = 0.1  # radius of the first trust region, as a share of the box
TOLERANCE = 1e-8  # a search ends when its trust region is this small, as a share of the box
MARGIN = 1e-8  # inequalities are asked to hold by this share of their size, so that rounding cannot break them
EQUALITY_TOLERANCE = 1e-4
HUGE = 1e300  # what is as large as this counts as not finite


class BudgetSpent(Exception):
    """Raised inside the objective to leave the library after the last evaluation."""


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; constraints(x[D]) -> (g[P], h[Q]) with g <= 0, h = 0; returns the best x found."""
    rng = np.random.default_rng(seed)
    dim, width = len(lower), upper - lower
    evaluations, best_x, best_score, worst, num_equalities = 0, None, (math.inf, math.inf), 0.0, 0

    @lru_cache(maxsize=256)
    def outcome(point):
        """(f, *g, *h) at a point of the unit cube, given as bytes; None where any of them is not finite."""
        nonlocal evaluations, best_x, best_score, worst, num_equalities
        if evaluations == max_evaluations:
            raise BudgetSpent
        evaluations += 1
        x = np.fmin(np.fmax(lower, lower + np.frombuffer(point) * width), upper)  # the library may ask for NaN
        value, (g, h) = objective(x), ((), ()) if constraints is None else constraints(x)
        row, num_equalities = np.array([value, *g, *h], dtype=float), len(h)
        violation = sum(max(v, 0.0) for v in g) + sum(max(abs(v) - EQUALITY_TOLERANCE, 0.0) for v in h)
        if np.abs(row).max() < HUGE:
            worst = np.maximum(worst, np.abs(row))
        else:
            row, violation, value = None, math.inf, math.inf
        if (violation, value) <= best_score:
            best_x, best_score = x, (violation, value)
        return row

    def values(u):
        """(f, *g, *h) at a point of the unit cube; where not all are finite, as bad as any so far."""
        row = outcome(u.tobytes())
        return worst if row is None else row

    def search(start):
        """One search; the size of a limit, which sets its margin, is the largest value that it has had so far."""
        margins = MARGIN * worst[1:]
        num_limits = len(margins)
        first = num_limits - num_equalities  # of the equalities, which are two limits each

        def write_limits(result, u, _gradient):
            result[:num_limits] = values(u)[1:]
            result[:first] += margins[:first]
            result[num_limits:] = -result[first:num_limits]

        library = nlopt.opt(nlopt.LN_COBYLA, dim)
        library.set_min_objective(lambda u, _gradient: values(u)[0])
        library.set_lower_bounds(np.zeros(dim))
        library.set_upper_bounds(np.ones(dim))
        library.set_initial_step(INITIAL_STEP)
        library.set_xtol_abs(TOLERANCE)
        library.set_maxeval(max_evaluations)
        if num_limits:
            library.add_inequality_mconstraint(write_limits, np.zeros(num_limits + num_equalities))
        with suppress(nlopt.RoundoffLimited):  # as close as rounding lets it
            library.optimize(start)

    with suppress(BudgetSpent):
        while True:
            start = rng.random(dim)
            if outcome(start.tobytes()) is not None:
                search(start)
    return best_x
