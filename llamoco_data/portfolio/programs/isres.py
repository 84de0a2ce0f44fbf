"""Improved stochastic ranking evolution strategy for constrained problems (Runarsson & Yao, 2005)."""

import math

import numpy as np

POPULATION_SIZE = 60
PARENT_SHARE = 0.14  # of the population
INITIAL_STEP = 0.3  # standard deviation, as a share of the box, divided by the root of D
STEP_SMOOTHING = 0.2
DIFFERENTIAL_STEP = 0.85  # of a parent towards the best, along its difference from the next
FEASIBILITY_BLINDNESS = 0.45  # probability of ranking by the objective where violations matter
SMALLEST_STEP = 1e-12
EQUALITY_TOLERANCE = 1e-4
HUGE = 1e300  # what is as large as this counts as not finite


def stochastic_ranking(scores, rng):
    """Indices by a bubble sort that compares by violation or, at random and among feasible points, by value."""
    order = sorted(range(len(scores)), key=scores.__getitem__)
    if scores[order[-1]][0] == 0.0:
        return order
    order = list(range(len(scores)))
    for by_value in rng.random((len(order), len(order) - 1)) < FEASIBILITY_BLINDNESS:
        swapped = False
        for j, blind in enumerate(by_value.tolist()):
            a, b = scores[order[j]], scores[order[j + 1]]
            if a[1] > b[1] if blind or a[0] == b[0] == 0.0 else a[0] > b[0]:
                order[j], order[j + 1], swapped = order[j + 1], order[j], True
        if not swapped:
            break
    return order


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; constraints(x[D]) -> (g[P], h[Q]) with g <= 0, h = 0; returns the best x found."""
    rng = np.random.default_rng(seed)
    dim, num_parents = len(lower), max(2, int(PARENT_SHARE * POPULATION_SIZE))
    evaluations, best_x, best_score = 0, None, (math.inf, math.inf)

    def assess(x):
        """(violation, value): the smaller pair is the better point; whatever is not finite is worst."""
        value, violation = objective(x), 0.0
        if constraints is not None:
            g, h = constraints(x)
            violation = sum(max(v, 0.0) for v in g) + sum(max(abs(v) - EQUALITY_TOLERANCE, 0.0) for v in h)
        return (violation, value) if abs(value) < HUGE and violation < HUGE else (math.inf, math.inf)

    def evaluate(points):
        """(violation, value) of each point in the unit cube; past the budget, all are worst."""
        nonlocal evaluations, best_x, best_score
        scores = [(math.inf, math.inf)] * len(points)
        for i, x in enumerate(np.minimum(lower + points * (upper - lower), upper)[: max_evaluations - evaluations]):
            evaluations += 1
            score = scores[i] = assess(x)
            if score <= best_score:
                best_x, best_score = x, score
        return scores

    common, own = 1 / math.sqrt(2 * dim), 1 / math.sqrt(2 * math.sqrt(dim))  # learning rates of the steps
    while evaluations < max_evaluations:  # restart once the steps vanish
        points = rng.random((POPULATION_SIZE, dim))
        steps = np.full(points.shape, INITIAL_STEP / math.sqrt(dim))
        while evaluations < max_evaluations and steps.max() > SMALLEST_STEP:
            order = stochastic_ranking(evaluate(points), rng)[:num_parents]
            parents, parent_steps = points[order], steps[order]
            i = np.arange(POPULATION_SIZE) % num_parents
            noise = common * rng.standard_normal((POPULATION_SIZE, 1)) + own * rng.standard_normal(points.shape)
            steps = np.minimum(parent_steps[i] * np.exp(noise), INITIAL_STEP)
            points = parents[i] + steps * rng.standard_normal(points.shape)
            for _ in range(10):  # redraw what leaves the box
                outside = (points < 0) | (points > 1)
                points = np.where(outside, parents[i] + steps * rng.standard_normal(points.shape), points)
            points = np.clip(points, 0.0, 1.0)
            steps = parent_steps[i] + STEP_SMOOTHING * (steps - parent_steps[i])
            k = num_parents - 1  # the first children of the parents: differential variation
            moved = parents[:k] + DIFFERENTIAL_STEP * (parents[0] - parents[1:])
            inside = ((moved >= 0) & (moved <= 1)).all(1)
            points[:k][inside], steps[:k][inside] = moved[inside], parent_steps[:k][inside]
    return best_x
