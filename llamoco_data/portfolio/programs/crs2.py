"""Controlled random search with local mutation and Deb's feasibility rules, with restarts (Kaelo & Ali, 2006)."""

import math
from heapq import heapify, heapreplace

import numpy as np

POPULATION_PER_DIMENSION = 4  # times D + 1
TOLERANCE = 1e-9  # it starts again when the population is this small, as a share of the box
EQUALITY_TOLERANCE = 1e-4
HUGE = 1e300  # what is as large as this counts as not finite


class BudgetSpent(Exception):
    """Raised to leave the search after the last evaluation."""


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; constraints(x[D]) -> (g[P], h[Q]) with g <= 0, h = 0; returns the best x found."""
    rng = np.random.default_rng(seed)
    dim, width = len(lower), upper - lower
    size = POPULATION_PER_DIMENSION * (dim + 1)
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

    def search():
        """Replaces the worst point again and again, until all are in one place."""
        population = rng.random((size, dim))
        scores = [assess(u) for u in population]
        worst_first = [(-violation, -value, i) for i, (violation, value) in enumerate(scores)]
        heapify(worst_first)
        leader = min(range(size), key=scores.__getitem__)
        step = 0
        while step % size or np.ptp(population, axis=0).max() > TOLERANCE:
            step += 1
            others = rng.random(size).argpartition(dim)[:dim]  # differ from each other
            centre = (population[leader] + population[others[1:]].sum(axis=0)) / dim
            trial = np.minimum(np.maximum(2 * centre - population[others[0]], 0.0), 1.0)
            score = assess(trial)
            if score >= scores[worst_first[0][2]]:  # a failure: look on the other side of the best point
                shift = rng.random(dim) * (population[leader] - trial)
                trial = np.minimum(np.maximum(population[leader] + shift, 0.0), 1.0)
                score = assess(trial)
            worst = worst_first[0][2]
            if score < scores[worst]:
                population[worst], scores[worst] = trial, score
                heapreplace(worst_first, (-score[0], -score[1], worst))
                if score < scores[leader]:
                    leader = worst

    try:
        while True:
            search()
    except BudgetSpent:
        return best_x
