"""Random sample, then SLSQP from its best points (Rinnooy Kan & Timmer, 1987; Kraft, 1988), from SciPy."""

from contextlib import suppress
from functools import lru_cache

import numpy as np
from scipy.optimize import minimize as scipy_minimize

SAMPLE_SHARE = 0.1  # of the budget
DIFFERENCE_STEP = 1e-8  # as a share of the box
EQUALITY_TOLERANCE = 1e-4
HUGE = 1e300  # as large counts as not finite


class BudgetSpent(Exception):
    """Raised to end the search."""


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; constraints(x[D]) -> (g[P], h[Q]) with g <= 0, h = 0; returns the best x found."""
    rng = np.random.default_rng(seed)
    dim, evaluations, best, worst, end = len(lower), 0, (HUGE, HUGE, None, None), 0.0, 1

    @lru_cache(maxsize=256)
    def outcome(point):
        """((f, *g, *h), (violation, f)); where not all are finite, as bad as any so far."""
        nonlocal evaluations, best, worst, end
        if evaluations == max_evaluations:
            raise BudgetSpent
        evaluations += 1
        u = np.frombuffer(point)
        x = np.minimum(lower + u * (upper - lower), upper)
        value, (g, h) = objective(x), ((), ()) if constraints is None else constraints(x)
        row, end = np.array([value, *g, *h], dtype=float), 1 + len(g)
        score = np.maximum(g, 0).sum() + np.maximum(np.abs(h) - EQUALITY_TOLERANCE, 0).sum(), value
        if np.abs(row).max() < HUGE:
            worst = np.maximum(worst, np.abs(row))
        else:
            row, score = worst + np.zeros(len(row)), (HUGE, HUGE)
        if score <= best[:2]:
            best = *score, u, x
        return row, score

    def search(start):
        """SLSQP, with f, g and h divided by their steepest slopes at the start."""
        start = np.clip(start, 0, 1 - DIFFERENCE_STEP)
        around = np.array([values(u) for u in (start, *(start + DIFFERENCE_STEP * np.eye(dim)))])
        steepest = np.abs(around - around[0]).max(axis=0) / DIFFERENCE_STEP
        sizes = np.where(steepest > 0, steepest, 1)
        scipy_minimize(
            lambda u: values(u)[0] / sizes[0],
            start,
            method="SLSQP",
            bounds=[(0, 1)] * dim,
            constraints=[
                {"type": "ineq", "fun": lambda u: -(values(u) / sizes)[1:end] - 1e-8},
                {"type": "eq", "fun": lambda u: (values(u) / sizes)[end:]},
            ],
            options={"eps": DIFFERENCE_STEP, "ftol": 1e-12, "maxiter": 1000},
        )

    def values(u):
        return outcome(u.tobytes())[0]

    with suppress(BudgetSpent):
        size = max(1, int(SAMPLE_SHARE * max_evaluations))
        sample = sorted(rng.random((size, dim)), key=lambda u: outcome(u.tobytes())[1])
        for start in sample:
            search(start)
        while True:
            search(rng.normal(best[2], 10 ** rng.uniform(-3, -0.5)))
    return best[3]
