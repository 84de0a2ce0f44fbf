"""Comprehensive learning particle swarm: each variable learns from another particle's best (Liang et al., 2006)."""

import math

import numpy as np

SWARM_SIZE = 20
INERTIA_START = 0.9
INERTIA_END = 0.4
ACCELERATION = 1.49445
REFRESHING_GAP = 7  # iterations without progress after which a particle chooses other teachers
ALIKE = 1e-12  # it starts again when all points score alike, to this share
EQUALITY_TOLERANCE = 1e-4
HUGE = 1e300  # what is as large as this counts as not finite


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; constraints(x[D]) -> (g[P], h[Q]) with g <= 0, h = 0; returns the best x found."""
    rng = np.random.default_rng(seed)
    dim = len(lower)
    shape = (SWARM_SIZE, dim)
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

    def teachers(particle):
        """For each variable the particle to learn from: itself, or with its probability the better of two others."""
        first, second = (particle + rng.integers(1, SWARM_SIZE, (2, dim))) % SWARM_SIZE
        learns = rng.random(dim) < learning[particle]
        learns[rng.integers(dim)] |= not learns.any()  # at least one variable learns from somebody else
        return np.where(learns, np.where(rank[first] < rank[second], first, second), particle)

    learning = 0.05 + 0.45 * np.expm1(10 * np.linspace(0, 1, SWARM_SIZE)) / math.expm1(10)  # probability, by particle
    while evaluations < max_evaluations:  # a restart each time
        position = rng.random(shape)
        velocity = 0.5 * (rng.random(shape) - position)
        memory = position.copy()
        scores = evaluate(position)
        exemplar, failures = np.zeros(shape, dtype=int), np.full(SWARM_SIZE, REFRESHING_GAP)
        while evaluations < max_evaluations and (np.ptp(scores, 1) > ALIKE * np.abs(scores).max(1)).any():
            rank = np.empty(SWARM_SIZE, dtype=int)
            rank[np.lexsort(scores[::-1])] = np.arange(SWARM_SIZE)
            for particle in np.flatnonzero(failures >= REFRESHING_GAP):
                exemplar[particle], failures[particle] = teachers(particle), 0
            inertia = INERTIA_START + (INERTIA_END - INERTIA_START) * evaluations / max_evaluations
            pull = ACCELERATION * rng.random(shape) * (memory[exemplar, np.arange(dim)] - position)
            velocity = np.clip(inertia * velocity + pull, -0.2, 0.2)
            position = position + velocity
            inside = np.flatnonzero(((position >= 0) & (position <= 1)).all(1))  # the others fly back, unevaluated
            new, old = evaluate(position[inside]), scores[:, inside]
            better = np.where(new[0] == old[0], new[1] < old[1], new[0] < old[0])
            failures[inside] += 1
            inside = inside[better]
            memory[inside], scores[:, inside], failures[inside] = position[inside], new[:, better], 0
    return best_x
