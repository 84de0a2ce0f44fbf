"""Global-best particle swarm with inertia weight and Deb's feasibility rules (Shi & Eberhart, 1998)."""

import math

import numpy as np

SWARM_SIZE = 30
INERTIA = 0.7298
COGNITIVE = 1.496
SOCIAL = 1.496
ALIKE = 1e-12  # it starts again when all points score alike, to this share
EQUALITY_TOLERANCE = 1e-4
HUGE = 1e300  # what is as large as this counts as not finite


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; constraints(x[D]) -> (g[P], h[Q]) with g <= 0, h = 0; returns the best x found."""
    rng = np.random.default_rng(seed)
    shape = (SWARM_SIZE, len(lower))
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
        position = rng.random(shape)
        velocity = 0.5 * (rng.random(shape) - position)
        memory = position.copy()
        scores = evaluate(position)
        while evaluations < max_evaluations and (np.ptp(scores, 1) > ALIKE * np.abs(scores).max(1)).any():
            leader = memory[np.lexsort(scores[::-1])[0]]
            velocity = (
                INERTIA * velocity
                + COGNITIVE * rng.random(shape) * (memory - position)
                + SOCIAL * rng.random(shape) * (leader - position)
            )
            free = position + velocity
            position = np.clip(free, 0.0, 1.0)
            velocity[position != free] = 0.0  # stop at the wall
            new = evaluate(position)
            better = np.where(new[0] == scores[0], new[1] < scores[1], new[0] < scores[0])
            memory[better], scores[:, better] = position[better], new[:, better]
    return best_x
