"""CMA-ES with an augmented Lagrangian for its constraints, restarted (Hansen, 2016; Atamna, Auger & Hansen, 2017)."""

import math

import numpy as np

INITIAL_STEP = 0.3  # standard deviation, as a share of the box
POPULATION_FACTOR = 1.0  # times 4 + 3 ln(D), for the first search
POPULATION_GROWTH = 1.5  # from one search to the next
PENALTY_GROWTH = 1.05  # a generation, for limits whose violation does not fall by a tenth
TOLERANCE = 1e-10  # a search ends when its steps are shorter than this, as a share of the box
EQUALITY_TOLERANCE = 1e-4
HUGE = 1e300  # what is as large as this counts as not finite


def strategy_parameters(n, size):
    """Weights of all ranks, mu_eff, c_sigma, d_sigma, c_c, c_1 and c_mu for n variables (Hansen, table 1)."""
    w = np.maximum(math.log((size + 1) / 2) - np.log(np.arange(1, size + 1)), 0.0)  # of all ranks
    w, mu_eff = w / w.sum(), w.sum() ** 2 / (w @ w)
    c_sigma, c_c = (mu_eff + 2) / (n + mu_eff + 5), (4 + mu_eff / n) / (n + 4 + 2 * mu_eff / n)
    c_1 = 2 / ((n + 1.3) ** 2 + mu_eff)
    c_mu = min(1 - c_1, 2 * (mu_eff + 1 / mu_eff - 1.75) / ((n + 2) ** 2 + mu_eff))
    d_sigma = 1 + 2 * max(0.0, math.sqrt((mu_eff - 1) / (n + 1)) - 1) + c_sigma
    return w, mu_eff, c_sigma, d_sigma, c_c, c_1, c_mu


def adapted(multiplier, penalty, damping, now, last, equality):
    """Multipliers moved along the limits now, penalties raised where these come no nearer, and the limits."""
    growth = np.where(np.abs(now) > np.maximum(0.9 * np.abs(last), 1e-9), PENALTY_GROWTH, 1.0)
    moved = np.maximum(multiplier + penalty * now / damping, np.where(equality, -math.inf, 0.0))
    return moved, growth * penalty, now


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; constraints(x[D]) -> (g[P], h[Q]) with g <= 0, h = 0; returns the best x found."""
    rng = np.random.default_rng(seed)
    n, evaluations, num_equalities, best_x, best_score, worst = len(lower), 0, 0, None, (math.inf, math.inf), 0.0

    def assess(x):
        """(f, *g, *h) at x; where not all are finite, as bad as any so far."""
        nonlocal evaluations, best_x, best_score, num_equalities, worst
        evaluations += 1
        value, (g, h) = objective(x), ((), ()) if constraints is None else constraints(x)
        row, num_equalities = np.array([value, *g, *h], dtype=float), len(h)
        violation = sum(max(v, 0.0) for v in g) + sum(max(abs(v) - EQUALITY_TOLERANCE, 0.0) for v in h)
        if np.abs(row).max() < HUGE:
            worst = np.maximum(worst, np.abs(row))
        else:
            row, violation, value = worst + np.zeros(len(row)), math.inf, math.inf
        if (violation, value) <= best_score:
            best_x, best_score = x, (violation, value)
        return row

    def search(size):
        """One search with a population of the given size, from a random mean."""
        w, mu_eff, c_sigma, d_sigma, c_c, c_1, c_mu = strategy_parameters(n, size)
        mean, sigma, covariance, path_sigma, path_c = rng.random(n), INITIAL_STEP, np.eye(n), np.zeros(n), np.zeros(n)
        spread, multiplier, penalty, last = None, 0.0, 0.4 / n, math.inf
        while evaluations < max_evaluations:
            squares, axes = np.linalg.eigh(covariance)
            if squares[0] <= 1e-14 * squares[-1] or sigma * math.sqrt(squares[-1]) < TOLERANCE:
                return
            z = rng.standard_normal((min(size, max_evaluations - evaluations), n))
            y = z * np.sqrt(squares) @ axes.T
            folded = (mean + sigma * y) % 2.0  # reflected at the walls of the unit cube
            xs = np.minimum(lower + np.minimum(folded, 2.0 - folded) * (upper - lower), upper)
            if len(table := np.array([assess(x) for x in xs])) < size:
                return
            if spread is None:  # objective and limits are measured by their spreads at the beginning
                spread = np.subtract(*np.percentile(table, [75, 25], axis=0))
                spread[spread == 0.0] = 1.0
                equality = np.arange(1, len(spread)) >= len(spread) - num_equalities
            values, limits = np.split(table / spread, [1], axis=1)
            active = np.where(equality, limits, np.maximum(limits, -multiplier / penalty))
            order = np.argsort(values[:, 0] + (multiplier * active + penalty * active**2 / 2).sum(axis=1))
            mean_z, mean_y = w @ z[order], w @ y[order]
            mean = mean + sigma * mean_y
            path_sigma = (1 - c_sigma) * path_sigma + math.sqrt(c_sigma * (2 - c_sigma) * mu_eff) * axes @ mean_z
            norm = math.hypot(*path_sigma) / math.sqrt(n)
            sigma = min(1.0, sigma * math.exp(c_sigma / d_sigma * (norm - 1)))
            path_c = (1 - c_c) * path_c + (norm < 1.5) * math.sqrt(c_c * (2 - c_c) * mu_eff) * mean_y
            rank_mu = c_mu * (w * y[order].T) @ y[order]
            covariance = (1 - c_1 - c_mu) * covariance + c_1 * np.outer(path_c, path_c) + rank_mu
            multiplier, penalty, last = adapted(multiplier, penalty, n, w @ active[order], last, equality)

    size = POPULATION_FACTOR * (4 + 3 * math.log(n))
    while evaluations < max_evaluations:
        search(max(4, int(size)))
        size *= POPULATION_GROWTH
    return best_x
