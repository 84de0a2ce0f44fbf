"""Simulated annealing with a step for each variable, by Deb's feasibility rules (Corana et al., 1987; Deb, 2000)."""

import math

import numpy as np

ANNEALINGS = 1  # the budget is divided among them; each begins at the best point so far
HOTTEST = 1.0  # first temperature, in standard deviations of the values of random points
COLDEST = 1e-10  # last temperature
SWEEPS = 10  # rounds through the variables between two adjustments of their steps
VARIATION = 2.0  # strength of the adjustments
EQUALITY_TOLERANCE = 1e-4
HUGE = 1e300  # what is as large as this counts as not finite


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; constraints(x[D]) -> (g[P], h[Q]) with g <= 0, h = 0; returns the best x found."""
    rng = np.random.default_rng(seed)
    dim, width = len(lower), upper - lower
    best_u, best_score = None, (math.inf, math.inf)

    def place(u):
        """Point of the box for a point of the unit cube."""
        return np.minimum(lower + u * width, upper)

    def assess(u):
        """(violation, value): the smaller pair is the better point; whatever is not finite is worst."""
        nonlocal best_u, best_score
        x = place(u)
        value, violation = objective(x), 0.0
        if constraints is not None:
            g, h = constraints(x)
            violation = sum(max(v, 0.0) for v in g) + sum(max(abs(v) - EQUALITY_TOLERANCE, 0.0) for v in h)
        score = (violation, value) if abs(value) < HUGE and violation < HUGE else (math.inf, math.inf)
        if score <= best_score:
            best_u, best_score = u, score
        return score

    samples = min(5 * dim, 1 + max_evaluations // 10)
    scores = [assess(rng.random(dim)) for _ in range(samples)]
    scales = np.std([score for score in scores if math.isfinite(score[1])] or [(0.0, 0.0)], axis=0)
    for schedule in np.array_split(np.arange(max_evaluations - samples), ANNEALINGS):
        u, score, step, accepted = best_u, best_score, np.full(dim, 0.5), np.zeros(dim)
        for i in range(len(schedule)):
            axis = i % dim
            trial = u.copy()
            trial[axis] += step[axis] * rng.uniform(-1.0, 1.0)
            if not 0.0 <= trial[axis] <= 1.0:
                trial[axis] = rng.random()
            trial_score = assess(trial)
            which = int(trial_score[0] == score[0])  # compared by violation, or where they are equal by value
            temperature = scales[which] * HOTTEST * (COLDEST / HOTTEST) ** (i / len(schedule))
            if trial_score <= score or trial_score[which] - score[which] < temperature * rng.exponential():
                u, score = trial, trial_score
                accepted[axis] += 1
            if (i + 1) % (SWEEPS * dim) == 0:  # aim at accepting half of the trials
                rate = accepted / SWEEPS
                growth = 1 + VARIATION * np.maximum(rate - 0.6, 0.0) / 0.4
                decay = 1 + VARIATION * np.maximum(0.4 - rate, 0.0) / 0.4
                step, accepted = np.minimum(step * growth / decay, 1.0), np.zeros(dim)
    return place(best_u)
