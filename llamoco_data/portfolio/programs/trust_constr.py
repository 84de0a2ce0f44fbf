"""Trust-region interior point method, restarted from random points (Byrd, Hribar & Nocedal, 1999), from SciPy."""

import math
import warnings
from contextlib import suppress
from functools import lru_cache

import numpy as np
from scipy.optimize import BFGS, NonlinearConstraint
from scipy.optimize import minimize as scipy_minimize

INITIAL_RADIUS = 0.5  # of the first trust region, as a share of the box
DIFFERENCE_STEP = 1e-8  # as a share of the box
TOLERANCE = 1e-8  # a search ends when its trust region is this small, or its slopes are beside the first ones
MARGIN = 1e-8  # distance that inequalities are asked to keep, as a share of the box: rounding cannot break them
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
        x = np.minimum(lower + np.clip(np.frombuffer(point), 0.0, 1.0) * width, upper)
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

    @lru_cache(maxsize=4)
    def slopes(point):
        """Gradients of f, g and h by one-sided differences, taken towards the inside of the box."""
        u = np.frombuffer(point)
        steps = np.where(u < 0.5, DIFFERENCE_STEP, -DIFFERENCE_STEP)
        return (np.array([values(row) for row in u + np.diag(steps)]) - values(u)).T / steps

    def search(start):
        """One search; f, g and h are divided by their steepest slopes at its start, and so are in shares of the box."""
        steepest = np.abs(slopes(start.tobytes())).max(axis=1)
        sizes = np.where(steepest > 0.0, steepest, 1.0)
        equality = np.arange(len(sizes))[1:] >= len(sizes) - num_equalities
        rule = NonlinearConstraint(
            lambda u: values(u)[1:] / sizes[1:],
            np.where(equality, 0.0, -np.inf),
            np.where(equality, 0.0, -MARGIN),
            jac=lambda u: slopes(u.tobytes())[1:] / sizes[1:, None],
            hess=BFGS(),
        )
        scipy_minimize(
            lambda u: values(u)[0] / sizes[0],
            start,
            jac=lambda u: slopes(u.tobytes())[0] / sizes[0],
            hess=BFGS(),
            method="trust-constr",
            bounds=[(0.0, 1.0)] * dim,
            constraints=[rule] if len(equality) else [],
            options={"initial_tr_radius": INITIAL_RADIUS, "xtol": TOLERANCE, "gtol": TOLERANCE, "maxiter": 1000},
        )

    with suppress(BudgetSpent), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of gradients that do not change, or depend on each other
        while True:
            if outcome((start := rng.random(dim)).tobytes()) is not None:
                search(start)
    return best_x
