"""CMA-ES restarted with doubled populations, IPOP (Auger & Hansen, 2005); equations of Hansen's tutorial (2016)."""

import math
from collections import deque

import numpy as np

INITIAL_STEP = 0.3  # standard deviation, as a share of the box
POPULATION_FACTOR = 1.0  # times 4 + 3 ln(D), for the first search
POPULATION_GROWTH = 2.0  # from one search to the next
TOLERANCE = 1e-12  # a search ends when steps are this share of the box, or values alike to this share of them


def strategy_parameters(n, size):
    """Weights of all ranks, mu_eff, c_sigma, d_sigma, c_c, c_1 and c_mu for n variables: table 1 of the tutorial."""
    w, mu = math.log((size + 1) / 2) - np.log(np.arange(1, size + 1)), size // 2  # (49)
    mu_eff, mu_eff_neg = w[:mu].sum() ** 2 / (w[:mu] ** 2).sum(), w[mu:].sum() ** 2 / (w[mu:] ** 2).sum()
    c_sigma = (mu_eff + 2) / (n + mu_eff + 5)  # (55)
    d_sigma = 1 + 2 * max(0.0, math.sqrt((mu_eff - 1) / (n + 1)) - 1) + c_sigma
    c_c = (4 + mu_eff / n) / (n + 4 + 2 * mu_eff / n)  # (56)
    c_1 = 2 / ((n + 1.3) ** 2 + mu_eff)  # (57)
    c_mu = min(1 - c_1, 2 * (0.25 + mu_eff + 1 / mu_eff - 2) / ((n + 2) ** 2 + mu_eff))  # (58)
    negative = min(1 + c_1 / c_mu, 1 + 2 * mu_eff_neg / (mu_eff + 2), (1 - c_1 - c_mu) / (n * c_mu))  # (50)-(52)
    w = np.where(w >= 0, w / w[:mu].sum(), negative * w / -w[mu:].sum())  # (53)
    return w, mu_eff, c_sigma, d_sigma, c_c, c_1, c_mu


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; returns the best x found in the box (constraints are not handled)."""
    rng = np.random.default_rng(seed)
    n = len(lower)
    length = math.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n))  # of a normal vector, on average
    evaluations, best_x, best_value = 0, None, math.inf

    def evaluate(points):
        """Values of points, reflected at the walls of the unit cube; what is not finite or past the budget is worst."""
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
        """One CMA-ES with a population of the given size, from a random mean."""
        mu, (w, mu_eff, c_sigma, d_sigma, c_c, c_1, c_mu) = size // 2, strategy_parameters(n, size)
        mean, sigma, covariance = rng.random(n), INITIAL_STEP, np.eye(n)
        path_sigma, path_c, axes, scales = np.zeros(n), np.zeros(n), np.eye(n), np.ones(n)
        history, generation = deque(maxlen=10 + math.ceil(30 * n / size)), 0
        while evaluations < max_evaluations:
            generation += 1
            z = rng.standard_normal((size, n))
            y = z * scales @ axes.T  # (39)
            values = evaluate(mean + sigma * y)  # (40)
            order = np.argsort(values)
            z, y = z[order], y[order]
            mean_z, mean_y = w[:mu] @ z[:mu], w[:mu] @ y[:mu]
            mean = mean + sigma * mean_y  # (42)
            path_sigma = (1 - c_sigma) * path_sigma + math.sqrt(
                c_sigma * (2 - c_sigma) * mu_eff
            ) * axes @ mean_z  # (43)
            norm = math.hypot(*path_sigma)
            sigma = min(1.0, sigma * math.exp(c_sigma / d_sigma * (norm / length - 1)))  # (44)
            h = norm < (1.4 + 2 / (n + 1)) * length * math.sqrt(1 - (1 - c_sigma) ** (2 * generation))
            path_c = (1 - c_c) * path_c + h * math.sqrt(c_c * (2 - c_c) * mu_eff) * mean_y  # (45)
            v = np.where(w >= 0, w, w * n / (z * z).sum(1))  # (46)
            decay = c_1 * (1 - (1 - h) * c_c * (2 - c_c)) + c_mu * w.sum()
            covariance = (1 - decay) * covariance + c_1 * np.outer(path_c, path_c) + c_mu * (v * y.T) @ y  # (47)
            if generation % max(1, int(0.1 / (n * (c_1 + c_mu)))) == 0:
                squares, axes = np.linalg.eigh(covariance)
                if squares[0] <= 1e-14 * squares[-1] or sigma * math.sqrt(squares[-1]) < TOLERANCE:
                    return
                scales = np.sqrt(squares)
            spread = max(values[order[-1]], *history) - min(values[order[0]], *history) if history else math.inf
            history.append(values[order[0]])
            if len(history) == history.maxlen and spread <= TOLERANCE * abs(best_value):
                return

    size = POPULATION_FACTOR * (4 + 3 * math.log(n))  # (48)
    while evaluations < max_evaluations:
        search(max(4, int(size)))
        size *= POPULATION_GROWTH
    return best_x
