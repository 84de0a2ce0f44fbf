"""Random sample, then COBYLA from its best points (Rinnooy Kan & Timmer, 1987; Powell, 1994), from NLopt."""

from contextlib import suppress
from functools import lru_cache

import nlopt
import numpy as np

SAMPLE_SHARE = 0.1  # of the budget
INITIAL_STEP = 0.1  # radius of the first trust region, as a share of the box
TOLERANCE = 1e-8  # a search ends when its trust region is this small, as a share of the box
MARGIN = 1e-8  # inequalities are asked to hold by this share of the largest value that they have had
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
        x = np.fmin(np.fmax(lower, lower + u * (upper - lower)), upper)  # the library may ask for NaN
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
        """One search by COBYLA; an equality is two limits."""
        start = np.clip(start, 0, 1)
        sizes = np.maximum(np.abs(values(start)), worst)

        def write_limits(result, u, _gradient):
            g, h = np.split(values(u)[1:], [end - 1])
            result[:] = *(g + MARGIN * sizes[1:end]), *h, *-h

        library = nlopt.opt(nlopt.LN_COBYLA, dim)
        library.set_min_objective(lambda u, _gradient: values(u)[0])
        library.set_lower_bounds(np.zeros(dim))
        library.set_upper_bounds(np.ones(dim))
        library.set_initial_step(INITIAL_STEP)
        library.set_xtol_abs(TOLERANCE)
        library.set_maxeval(max_evaluations)
        if num_limits := 2 * len(sizes) - end - 1:
            library.add_inequality_mconstraint(write_limits, np.zeros(num_limits))
        with suppress(nlopt.RoundoffLimited):  # as close as rounding lets it
            library.optimize(start)

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
