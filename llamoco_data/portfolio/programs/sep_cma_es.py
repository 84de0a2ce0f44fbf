"""Separable CMA-ES, which adapts variances only, restarted with doubled populations (Ros & Hansen, 2008)."""

import math
from collections import deque

import numpy as np

INITIAL_STEP = 0.3  # standard deviation, as a share of the box
POPULATION_FACTOR = 1.0  # times 4 + 3 ln(D), for the first search
POPULATION_GROWTH = 2.0  # from one search to the next
TOLERANCE = 1e-12  # a search ends when steps are this share of the box, or values alike to this share


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; returns the best x found in the box (constraints are not handled)."""
    rng = np.random.default_rng(seed)
    n = len(lower)
    length = math.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n))  # of a normal vector, on average
    evaluations, best_x, best_value = 0, None, math.inf

    def evaluate(points):
        """Values of points, reflected at the walls of the unit cube; worst past the budget."""
        nonlocal evaluations, best_x, best_value
        values = np.full(len(points), 1e300)
        folded = points % 2.0
        xs = np.minimum(lower + np.minimum(folded, 2.0 - folded) * (upper - lower), upper)
        for i, x in enumerate(xs[: max_evaluations - evaluations]):
            evaluations += 1
            value = objective(x)
            values[i] = value if math.isfinite(value) else 1e300
            if values[i] <= best_value:
                best_x, best_value = x, values[i]
        return values

    def search(size):
        """One search with a population of the given size, from a random mean."""
        w = np.maximum(math.log((size + 1) / 2) - np.log(np.arange(1, size + 1)), 0.0)  # of all ranks
        w /= w.sum()
        mu_eff = 1 / (w @ w)
        c_sigma, c_c = (mu_eff + 2) / (n + mu_eff + 3), 4 / (n + 4)
        d_sigma = 1 + 2 * max(0.0, math.sqrt((mu_eff - 1) / (n + 1)) - 1) + c_sigma
        c_full = (
            2 / (n + math.sqrt(2)) ** 2 + min(1.0, (2 * mu_eff - 1) / ((n + 2) ** 2 + mu_eff)) * (mu_eff - 1)
        ) / mu_eff
        c_cov = min(1.0, (n + 2) / 3 * c_full)  # faster than with all covariances: the paper's gain
        mean, sigma, variance, path_sigma, path_c = rng.random(n), INITIAL_STEP, np.ones(n), np.zeros(n), np.zeros(n)
        history, generation = deque(maxlen=10 + math.ceil(30 * n / size)), 0
        while evaluations < max_evaluations:
            generation += 1
            z = rng.standard_normal((size, n))
            values = evaluate(mean + sigma * np.sqrt(variance) * z)
            order = np.argsort(values)
            mean_z, mean_square = w @ z[order], w @ z[order] ** 2
            mean = mean + sigma * np.sqrt(variance) * mean_z
            path_sigma = (1 - c_sigma) * path_sigma + math.sqrt(c_sigma * (2 - c_sigma) * mu_eff) * mean_z
            norm = math.hypot(*path_sigma)
            h = norm < (1.4 + 2 / (n + 1)) * length * math.sqrt(1 - (1 - c_sigma) ** (2 * generation))
            path_c = (1 - c_c) * path_c + h * math.sqrt(c_c * (2 - c_c) * mu_eff) * np.sqrt(variance) * mean_z
            variance = (1 - c_cov) * variance + c_cov * (path_c**2 / mu_eff + (1 - 1 / mu_eff) * variance * mean_square)
            sigma = min(1.0, sigma * math.exp(c_sigma / d_sigma * (norm / length - 1)))
            spread = max(values[order[-1]], *history) - min(values[order[0]], *history) if history else math.inf
            history.append(values[order[0]])
            stalled = len(history) == history.maxlen and spread <= TOLERANCE * abs(best_value)
            if stalled or sigma * math.sqrt(variance.max()) < TOLERANCE or variance.min() < 1e-14 * variance.max():
                return

    size = POPULATION_FACTOR * (4 + 3 * math.log(n))
    while evaluations < max_evaluations:
        search(max(4, int(size)))
        size *= POPULATION_GROWTH
    return best_x
