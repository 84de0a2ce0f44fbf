"""Sequential least-squares quadratic programming, restarted from random points (Kraft, 1988), from SciPy."""

import math
from contextlib import suppress
from functools import lru_cache

import numpy as np
from scipy.optimize import minimize as scipy_minimize

DIFFERENCE_STEP = 1e-8  # as a share of the box
TOLERANCE = 1e-12  # a search ends when its progress is this small, as a share of the first slope over the box
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
        x = np.minimum(lower + np.frombuffer(point) * width, upper)
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
        _, g, h = np.split(np.arange(len(sizes)), [1, len(sizes) - num_equalities])
        scipy_minimize(
            lambda u: values(u)[0] / sizes[0],
            start,
            jac=lambda u: slopes(u.tobytes())[0] / sizes[0],
            method="SLSQP",
            bounds=[(0.0, 1.0)] * dim,
            constraints=[
                {
                    "type": "ineq",
                    "fun": lambda u: -values(u)[g] / sizes[g] - MARGIN,
                    "jac": lambda u: -slopes(u.tobytes())[g] / sizes[g, None],
                },
                {
                    "type": "eq",
                    "fun": lambda u: values(u)[h] / sizes[h],
                    "jac": lambda u: slopes(u.tobytes())[h] / sizes[h, None],
                },
            ],
            options={"ftol": TOLERANCE, "maxiter": 1000},
        )

    with suppress(BudgetSpent):
        while True:
            start = rng.random(dim)
            if outcome(start.tobytes()) is not None:
                search(start)
    return best_x
