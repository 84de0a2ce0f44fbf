"""Pattern search by Deb's feasibility rules (2000), restarted from random points (Hooke & Jeeves, 1961)."""

import math

import numpy as np

DIRECTIONS = "random"  # a random orthogonal basis for each round (Audet & Dennis, 2006), or the "axes" of the box
INITIAL_STEP = 0.25  # as a share of the box; it is halved whenever no direction helps
SMALLEST_STEP = 1e-9
EQUALITY_TOLERANCE = 1e-4
HUGE = 1e300  # what is as large as this counts as not finite


class BudgetSpent(Exception):
    """Raised to leave the search after the last evaluation."""


def explore(assess, rng, u, score, step):
    """Best point met on the way along each direction in turn, forwards or else backwards."""
    if DIRECTIONS == "axes":
        basis = rng.permutation(np.eye(len(u)))
    else:
        basis = np.linalg.qr(rng.standard_normal((len(u), len(u))))[0]
    for direction in basis:
        for move in (step * direction, -step * direction):
            trial = np.minimum(np.maximum(u + move, 0.0), 1.0)
            if (trial == u).all():
                continue
            trial_score = assess(trial)
            if trial_score < score:
                u, score = trial, trial_score
                break
    return u, score


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; constraints(x[D]) -> (g[P], h[Q]) with g <= 0, h = 0; returns the best x found."""
    rng = np.random.default_rng(seed)
    dim, width = len(lower), upper - lower
    evaluations, best_x, best_score = 0, None, (math.inf, math.inf)

    def assess(u):
        """(violation, value): the smaller pair is the better point; whatever is not finite is worst."""
        nonlocal evaluations, best_x, best_score
        if evaluations == max_evaluations:
            raise BudgetSpent
        evaluations += 1
        x = np.minimum(lower + u * width, upper)
        value, violation = objective(x), 0.0
        if constraints is not None:
            g, h = constraints(x)
            violation = sum(max(v, 0.0) for v in g) + sum(max(abs(v) - EQUALITY_TOLERANCE, 0.0) for v in h)
        score = (violation, value) if abs(value) < HUGE and violation < HUGE else (math.inf, math.inf)
        if score <= best_score:
            best_x, best_score = x, score
        return score

    try:
        while True:
            base, step = rng.random(dim), INITIAL_STEP
            base_score = assess(base)
            while step > SMALLEST_STEP:
                u, score = explore(assess, rng, base, base_score, step)
                while score < base_score:  # as long as it helps, jump as far again and explore around there
                    ahead = np.clip(2 * u - base, 0.0, 1.0)
                    base, base_score = u, score
                    u, score = explore(assess, rng, ahead, assess(ahead), step)
                step /= 2
    except BudgetSpent:
        return best_x
