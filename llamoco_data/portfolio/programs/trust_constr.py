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
TOLERANCE = 1e-8  # a search ends when its trust region or its gradient is this small
MARGIN = 1e-8  # inequalities are asked to hold by this much, so that rounding cannot break them
EQUALITY_TOLERANCE = 1e-4
WORST = 1e30  # stands for whatever is not finite


class BudgetSpent(Exception):
    """Raised inside the objective to leave the library after the last evaluation."""


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; constraints(x[D]) -> (g[P], h[Q]) with g <= 0, h = 0; returns the best x found."""
    rng = np.random.default_rng(seed)
    dim, width = len(lower), upper - lower
    evaluations, best_x, best_score = 0, None, (math.inf, math.inf)

    @lru_cache(maxsize=256)
    def outcome(point):
        """(f, g joined with h, length of g) at a point of the unit cube, given as bytes; not finite is worst."""
        nonlocal evaluations, best_x, best_score
        if evaluations == max_evaluations:
            raise BudgetSpent
        evaluations += 1
        x = np.minimum(lower + np.clip(np.frombuffer(point), 0.0, 1.0) * width, upper)
        value, violation, g, h = float(objective(x)), 0.0, np.zeros(0), np.zeros(0)
        if constraints is not None:
            g, h = map(np.asarray, constraints(x))
            violation = sum(max(v, 0.0) for v in g) + sum(max(abs(v) - EQUALITY_TOLERANCE, 0.0) for v in h)
        limits = np.concatenate([g + MARGIN, h])
        if not math.isfinite(violation + value):
            violation, value, limits = math.inf, WORST, np.full(len(limits), WORST)
        if (violation, value) <= best_score:
            best_x, best_score = x, (violation, value)
        return value, limits, len(g)

    @lru_cache(maxsize=4)
    def slopes(point):
        """Gradient of f and Jacobian of the limits by one-sided differences, taken towards the inside of the box."""
        u = np.frombuffer(point)
        steps = np.where(u < 0.5, DIFFERENCE_STEP, -DIFFERENCE_STEP)
        shifted = [outcome(row.tobytes())[:2] for row in u + np.diag(steps)]
        here = outcome(point)[:2]
        return [(np.array(there) - at).T / steps for at, there in zip(here, zip(*shifted, strict=True), strict=True)]

    def search(start):
        value, limits, inequalities = outcome(start.tobytes())
        if value == WORST:
            return  # no slope to follow
        rule = NonlinearConstraint(
            lambda u: outcome(u.tobytes())[1],
            np.where(np.arange(len(limits)) < inequalities, -np.inf, 0.0),
            0.0,
            jac=lambda u: slopes(u.tobytes())[1],
            hess=BFGS(),
        )
        scipy_minimize(
            lambda u: outcome(u.tobytes())[0],
            start,
            jac=lambda u: slopes(u.tobytes())[0],
            hess=BFGS(),
            method="trust-constr",
            bounds=[(0.0, 1.0)] * dim,
            constraints=[rule] if len(limits) else [],
            options={"initial_tr_radius": INITIAL_RADIUS, "xtol": TOLERANCE, "gtol": TOLERANCE, "maxiter": 1000},
        )

    with suppress(BudgetSpent), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of gradients that do not change, or depend on each other
        while True:
            search(rng.random(dim))
    return best_x
