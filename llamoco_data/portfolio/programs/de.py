"""Differential evolution (Storn & Price, 1997) with binomial crossover and Deb's feasibility rules (2000)."""

import math

import numpy as np

STRATEGY = "rand1bin"  # or "best1bin", "currenttobest1bin"
POPULATION_SIZE = 15
F = 0.5
CR = 0.9
ALIKE = 1e-12  # it starts again when all points score alike, to this share
EQUALITY_TOLERANCE = 1e-4
HUGE = 1e300  # what is as large as this counts as not finite


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; constraints(x[D]) -> (g[P], h[Q]) with g <= 0, h = 0; returns the best x found."""
    rng = np.random.default_rng(seed)
    dim = len(lower)
    evaluations, best_x, best_score = 0, None, (math.inf, math.inf)

    def assess(x):
        """(violation, value): the smaller pair is the better point; whatever is not finite is worst."""
        value, violation = objective(x), 0.0
        if constraints is not None:
            g, h = constraints(x)
            violation = sum(max(v, 0.0) for v in g) + sum(max(abs(v) - EQUALITY_TOLERANCE, 0.0) for v in h)
        return (violation, value) if abs(value) < HUGE and violation < HUGE else (HUGE, HUGE)

    def evaluate(points):
        """Rows of violations and of values of points in the unit cube; past the budget, all are worst."""
        nonlocal evaluations, best_x, best_score
        scores = np.full((len(points), 2), HUGE)
        for i, x in enumerate(np.minimum(lower + points * (upper - lower), upper)[: max_evaluations - evaluations]):
            evaluations += 1
            score = scores[i] = assess(x)
            if score <= best_score:
                best_x, best_score = x, score
        return scores.T

    while evaluations < max_evaluations:  # a restart each time
        population = rng.random((POPULATION_SIZE, dim))
        scores = evaluate(population)
        while evaluations < max_evaluations and (np.ptp(scores, 1) > ALIKE * np.abs(scores).max(1)).any():
            best = population[np.lexsort(scores[::-1])[0]]
            i = rng.permutation(POPULATION_SIZE)
            a, b, c = np.roll(i, 1), np.roll(i, 2), np.roll(i, 3)  # differ from i and from each other
            target = population[i]
            base = {
                "rand1bin": population[a],
                "best1bin": best,
                "currenttobest1bin": target + F * (best - target),
            }[STRATEGY]
            trial = base + F * (population[b] - population[c])
            crossed = rng.random(trial.shape) < CR
            crossed[np.arange(POPULATION_SIZE), rng.integers(dim, size=POPULATION_SIZE)] = True
            trial = np.where(crossed, trial, target)
            trial = np.where(trial < 0, target / 2, np.where(trial > 1, (1 + target) / 2, trial))  # halfway to the wall
            old, new = scores[:, i], evaluate(trial)
            better = np.where(new[0] == old[0], new[1] <= old[1], new[0] < old[0])
            population[i[better]], scores[:, i[better]] = trial[better], new[:, better]
    return best_x
