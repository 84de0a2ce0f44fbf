"""CMA-ES with an augmented Lagrangian for its constraints, restarted (Hansen, 2016; Atamna, Auger & Hansen, 2017)."""

import math

import numpy as np

INITIAL_STEP = 0.3  # standard deviation, as a share of the box
POPULATION_FACTOR = 1.0  # times 4 + 3 ln(D), for the first search
POPULATION_GROWTH = 1.5  # from one search to the next
PENALTY_GROWTH = 1.05  # a generation, for limits whose violation does not fall by a tenth
TOLERANCE = 1e-10  # a search ends when its steps are shorter than this, as a share of the box
EQUALITY_TOLERANCE = 1e-4


def strategy_parameters(n, size):
    """Weights of all ranks, mu_eff, c_sigma, d_sigma, c_c, c_1 and c_mu for n variables (Hansen, table 1)."""
    w = np.maximum(math.log((size + 1) / 2) - np.log(np.arange(1, size + 1)), 0.0)  # of all ranks
    w /= w.sum()
    mu_eff = 1 / (w @ w)
    c_sigma, c_c = (mu_eff + 2) / (n + mu_eff + 5), (4 + mu_eff / n) / (n + 4 + 2 * mu_eff / n)
    c_1 = 2 / ((n + 1.3) ** 2 + mu_eff)
    c_mu = min(1 - c_1, 2 * (mu_eff + 1 / mu_eff - 1.75) / ((n + 2) ** 2 + mu_eff))
    d_sigma = 1 + 2 * max(0.0, math.sqrt((mu_eff - 1) / (n + 1)) - 1) + c_sigma
    return w, mu_eff, c_sigma, d_sigma, c_c, c_1, c_mu


def adapted(multiplier, penalty, damping, now, last, equality):
    """Multipliers moved along the limits now, penalties raised where these come no nearer, and the limits."""
    stuck = np.abs(now) > np.maximum(0.9 * np.abs(last), 1e-9)
    moved = np.maximum(multiplier + penalty * now / damping, np.where(equality, -math.inf, 0.0))
    return moved, np.where(stuck, PENALTY_GROWTH * penalty, penalty), now


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; constraints(x[D]) -> (g[P], h[Q]) with g <= 0, h = 0; returns the best x found."""
    rng = np.random.default_rng(seed)
    n, num_equalities = len(lower), 0
    evaluations, best_x, best_score = 0, None, (math.inf, math.inf)

    def assess(x):
        """Objective, then the limits: inequalities, then equalities; whatever is not finite is worst."""
        nonlocal evaluations, best_x, best_score, num_equalities
        evaluations += 1
        value, g, h = objective(x), np.zeros(0), np.zeros(0)
        if constraints is not None:
            g, h = map(np.asarray, constraints(x))
        num_equalities = len(h)
        violation = sum(max(v, 0.0) for v in g) + sum(max(abs(v) - EQUALITY_TOLERANCE, 0.0) for v in h)
        score = (violation, value) if math.isfinite(violation + value) else (math.inf, math.inf)
        if score <= best_score:
            best_x, best_score = x, score
        return np.concatenate([[value], g, h]) if score[0] < math.inf else np.full(1 + len(g) + len(h), 1e50)

    def search(size):
        """One search with a population of the given size, from a random mean."""
        w, mu_eff, c_sigma, d_sigma, c_c, c_1, c_mu = strategy_parameters(n, size)
        mean, sigma, covariance, path_sigma, path_c = rng.random(n), INITIAL_STEP, np.eye(n), np.zeros(n), np.zeros(n)
        multiplier, penalty, last = None, None, math.inf
        while evaluations < max_evaluations:
            squares, axes = np.linalg.eigh(covariance)
            if squares[0] <= 1e-14 * squares[-1] or sigma * math.sqrt(squares[-1]) < TOLERANCE:
                return
            z = rng.standard_normal((min(size, max_evaluations - evaluations), n))
            y = z * np.sqrt(squares) @ axes.T
            folded = (mean + sigma * y) % 2.0  # reflected at the walls of the unit cube
            xs = np.minimum(lower + np.minimum(folded, 2.0 - folded) * (upper - lower), upper)
            values, limits = np.split(table := np.array([assess(x) for x in xs]), [1], axis=1)
            if len(xs) < size:
                return
            equality = np.arange(limits.shape[1]) >= limits.shape[1] - num_equalities
            if penalty is None:
                spread = np.subtract(*np.percentile(table, [75, 25], axis=0))
                multiplier, penalty = np.zeros(len(equality)), 0.4 * spread[0] / (n * (spread[1:] ** 2 + 1e-12)) + 1e-12
            active = np.where(equality, limits, np.maximum(limits, -multiplier / penalty))
            order = np.argsort(values[:, 0] + active @ multiplier + active**2 @ penalty / 2)
            mean_z, mean_y = w @ z[order], w @ y[order]
            mean = mean + sigma * mean_y
            path_sigma = (1 - c_sigma) * path_sigma + math.sqrt(c_sigma * (2 - c_sigma) * mu_eff) * axes @ mean_z
            norm = math.hypot(*path_sigma) / math.sqrt(n)
            sigma = min(1.0, sigma * math.exp(c_sigma / d_sigma * (norm - 1)))
            path_c = (1 - c_c) * path_c + (norm < 1.5) * math.sqrt(c_c * (2 - c_c) * mu_eff) * mean_y
            rank_mu = (w * y[order].T) @ y[order]
            covariance = (1 - c_1 - c_mu) * covariance + c_1 * np.outer(path_c, path_c) + c_mu * rank_mu
            multiplier, penalty, last = adapted(multiplier, penalty, n, w @ active[order], last, equality)

    size = POPULATION_FACTOR * (4 + 3 * math.log(n))
    while evaluations < max_evaluations:
        search(max(4, int(size)))
        size *= POPULATION_GROWTH
    return best_x
