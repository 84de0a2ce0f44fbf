"""CMA-ES (Beyer & Sendhoff, 2017) with an augmented Lagrangian (Atamna, Auger & Hansen, 2017), restarted."""

import math

import numpy as np

INITIAL_STEP = 0.3  # standard deviation, as a share of the box
POPULATION_FACTOR = 1.0  # times 4 + 3 ln(D), for the first search
TOLERANCE = 1e-10  # a search ends when its steps are below this share of the box
EQUALITY_TOLERANCE = 1e-4


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; constraints(x[D]) -> (g[P], h[Q]) with g <= 0, h = 0; returns the best x found."""
    rng = np.random.default_rng(seed)
    n, evaluations, equality, best_x, best_score, worst = len(lower), 0, None, None, (math.inf, math.inf), 0.0

    def assess(x):
        """(f, *g, *h) at x; where not all are finite, the worst so far."""
        nonlocal evaluations, equality, best_x, best_score, worst
        evaluations += 1
        value, (g, h) = objective(x), ((), ()) if constraints is None else constraints(x)
        row, equality = np.array([value, *g, *h]), np.repeat([False, True], [len(g), len(h)])
        violation = np.maximum(g, 0).sum() + np.maximum(np.abs(h) - EQUALITY_TOLERANCE, 0).sum()
        if np.abs(row).max() < 1e300:
            worst = np.maximum(worst, np.abs(row))
        else:
            row[:], violation, value = worst, math.inf, math.inf
        if (violation, value) <= best_score:
            best_x, best_score = x, (violation, value)
        return row

    def search(size):
        """One search from a random mean."""
        w = np.log((size + 1) / 2 / np.arange(1, size + 1)).clip(0)
        w, mu = w / w.sum(), w.sum() ** 2 / (w @ w)
        c_s, c_1 = (mu + 2) / (n + mu + 5), 2 / ((n + 1.3) ** 2 + mu)
        c_mu = min(1 - c_1, 2 * (mu + 1 / mu - 1.75) / ((n + 2) ** 2 + mu))
        mean, sigma, matrix, path = rng.random(n), INITIAL_STEP, np.eye(n), np.zeros(n)
        spread, multiplier, penalty, last = None, 0.0, 0.4 / n, math.inf
        while sigma * np.abs(matrix).max() > TOLERANCE:
            z = rng.standard_normal((size, n))
            u = 1 - np.abs((mean + sigma * z @ matrix.T) % 2.0 - 1)  # reflected at the walls of the unit cube
            xs = np.minimum(lower + u * (upper - lower), upper)
            table = np.array([assess(x) for x in xs[: max_evaluations - evaluations]])
            if evaluations == max_evaluations:
                return
            if spread is None:  # objective and limits are measured by their spreads at the beginning
                spread = np.subtract(*np.percentile(table, [75, 25], axis=0))
                spread[spread == 0.0] = 1.0
            table /= spread
            active = np.where(equality, table[:, 1:], np.maximum(table[:, 1:], -multiplier / penalty))
            order = np.argsort(table[:, 0] + (active * (multiplier + penalty * active / 2)).sum(axis=1))
            z, now = z[order], w @ active[order]
            mean = mean + sigma * matrix @ (w @ z)
            path = (1 - c_s) * path + math.sqrt(c_s * (2 - c_s) * mu) * w @ z
            sigma = min(1.0, sigma * math.exp(c_s / 2 * (path @ path / n - 1)))
            change = c_1 * np.outer(path, path) + c_mu * (w * z.T) @ z - (c_1 + c_mu) * np.eye(n)
            matrix = matrix + matrix @ change / 2
            multiplier = np.maximum(multiplier + penalty * now / n, np.where(equality, -math.inf, 0.0))
            penalty = penalty * np.where(np.abs(now) > np.maximum(0.9 * np.abs(last), 1e-9), 1.05, 1.0)
            last = now

    size = POPULATION_FACTOR * (4 + 3 * math.log(n))
    while evaluations < max_evaluations:
        search(max(4, int(size)))
        size *= 1.5
    return best_x
