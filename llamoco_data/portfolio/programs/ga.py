"""Real-coded genetic algorithm with SBX crossover, polynomial mutation and feasibility rules (Deb, 2000)."""

import math

import numpy as np

POPULATION_SIZE = 30
CROSSOVER_RATE = 0.9
CROSSOVER_ETA = 2.0
MUTATION_ETA = 20.0
EQUALITY_TOLERANCE = 1e-4
HUGE = 1e300  # what is as large as this counts as not finite


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; constraints(x[D]) -> (g[P], h[Q]) with g <= 0, h = 0; returns the best x found."""
    rng = np.random.default_rng(seed)
    dim = len(lower)
    shape = (POPULATION_SIZE, dim)
    evaluations, best_x, best_score = 0, None, (math.inf, math.inf)

    def assess(x):
        """(violation, value): the smaller pair is the better point; whatever is not finite is worst."""
        value, violation = objective(x), 0.0
        if constraints is not None:
            g, h = constraints(x)
            violation = sum(max(v, 0.0) for v in g) + sum(max(abs(v) - EQUALITY_TOLERANCE, 0.0) for v in h)
        return (violation, value) if abs(value) < HUGE and violation < HUGE else (math.inf, math.inf)

    def evaluate(points):
        """Rows of violations and of values of points in the unit cube; past the budget, all are worst."""
        nonlocal evaluations, best_x, best_score
        scores = np.full((len(points), 2), math.inf)
        for i, x in enumerate(np.minimum(lower + points * (upper - lower), upper)[: max_evaluations - evaluations]):
            evaluations += 1
            score = scores[i] = assess(x)
            if score <= best_score:
                best_x, best_score = x, score
        return scores.T

    def crossover(first, second):
        """One SBX child for each pair of parents; every gene is crossed with probability one half."""
        u = rng.random(shape)
        spread = np.where(u < 0.5, 2 * u, 0.5 / (1 - u)) ** (1 / (CROSSOVER_ETA + 1)) * rng.choice([-1, 1], shape)
        crossed = (rng.random(shape) < 0.5) & (rng.random((POPULATION_SIZE, 1)) < CROSSOVER_RATE)
        return np.where(crossed, 0.5 * (first + second + spread * (first - second)), first)

    def mutate(points):
        """Polynomial mutation of one gene in each point, on average."""
        u = rng.random(shape)
        low, high = (2 * u) ** (1 / (MUTATION_ETA + 1)) - 1, 1 - (2 - 2 * u) ** (1 / (MUTATION_ETA + 1))
        step = np.where(u < 0.5, low, high)
        return np.clip(points + np.where(rng.random(shape) < 1 / dim, step, 0.0), 0.0, 1.0)

    population = rng.random(shape)
    scores = evaluate(population)
    while evaluations < max_evaluations:
        order = np.lexsort(scores[::-1])  # best first
        first, second = order[rng.integers(POPULATION_SIZE, size=(2, 2, POPULATION_SIZE)).min(axis=0)]  # tournaments
        children = mutate(crossover(population[first], population[second]))
        pool, scores = np.vstack([population, children]), np.hstack([scores, evaluate(children)])
        survivors = np.lexsort(scores[::-1])[:POPULATION_SIZE]
        population, scores = pool[survivors], scores[:, survivors]
    return best_x
