"""Bayesian optimization: Gaussian process and log expected improvement (Jones et al., 1998; Ament et al., 2023)."""

import math

import numpy as np
from scipy.linalg import cho_solve, cholesky
from scipy.optimize import minimize as scipy_minimize
from scipy.special import erfcx, ndtr

INITIAL_POINTS = 2  # random points before the first model, times D
REFIT_EVERY = 5  # evaluations between two fits of the length scales
NUM_CANDIDATES = 250  # anywhere, and as many near the best point
SMALLEST_GAP = 1e-100  # between typical values and the best, as a share of that of the worst
NOISE = 1e-6  # variance added to the diagonal, as a share of the signal's
HUGE = 1e300  # what is as large as this counts as not finite


def matern(a, b):
    """Matern 5/2 correlation of the rows of a and b, and its factor in the derivative by log length scale."""
    r = np.sqrt(5 * np.maximum((a * a).sum(1)[:, None] + (b * b).sum(1) - 2 * a @ b.T, 0.0))
    decay = np.exp(-r)
    return (1 + r + r * r / 3) * decay, 5 / 3 * (1 + r) * decay


def condition(k, y):
    """Inverse and log determinant of the noisy correlation matrix, weights of the mean, variance of the signal."""
    chol = cholesky(k + NOISE * np.eye(len(y)), lower=True)
    inverse = cho_solve((chol, True), np.eye(len(y)))
    weights = inverse @ y
    return inverse, 2 * np.log(chol.diagonal()).sum(), weights, y @ weights / len(y)


def fit_loss(log_scales, u, y):
    """Negative log posterior of the length scales, with gradient; log-normal prior of Hvarfner et al. (2024)."""
    z = u / np.exp(log_scales)
    k, factor = matern(z, z)
    inverse, log_determinant, weights, variance = condition(k, y)
    prior = (log_scales - math.sqrt(2) - 0.5 * math.log(len(log_scales))) / 3
    loss = 0.5 * (len(y) * math.log(variance) + log_determinant) + 1.5 * prior @ prior
    pull = factor * (inverse - np.outer(weights, weights) / variance)
    return loss, pull.sum(1) @ (z * z) - (z * (pull @ z)).sum(0) + prior


def log_improvement(z):
    """log(phi(z) + z Phi(z)), accurate far below zero too."""
    near, far = np.maximum(z, -1.0), np.minimum(z, -1.0)
    direct = np.log(np.exp(-0.5 * near**2) / math.sqrt(2 * math.pi) + near * ndtr(near))
    tail = np.maximum(1 + far * math.sqrt(0.5 * math.pi) * erfcx(-far / math.sqrt(2)), 1e-14)
    return np.where(z > -1, direct, np.log(tail / math.sqrt(2 * math.pi)) - 0.5 * far**2)


def propose(u, y, scales, rng):
    """Point of the unit cube with the greatest log expected improvement: random candidates, then ever closer ones."""
    inverse, _, weights, variance = condition(matern(u / scales, u / scales)[0], y)

    def acquisition(points):
        k = matern(points / scales, u / scales)[0]
        deviation = np.sqrt(variance * np.maximum(1 - (k @ inverse * k).sum(1), 1e-12))
        return log_improvement((y.min() - k @ weights) / deviation) + np.log(deviation)

    spread = 10 ** rng.uniform(-3.0, -0.5, (NUM_CANDIDATES, 1))
    near = u[y.argmin()] + spread * rng.standard_normal((NUM_CANDIDATES, len(scales)))
    points = np.vstack([rng.random(near.shape), np.clip(near, 0.0, 1.0)])
    for step in 0.1, 0.03, 0.01, 0.003, 0.001:
        best = points[acquisition(points).argmax()]
        points = np.vstack([best, np.clip(best + step * rng.standard_normal((50, len(scales))), 0.0, 1.0)])
    return points[acquisition(points).argmax()]


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; returns the best x found in the box (constraints are not handled)."""
    rng = np.random.default_rng(seed)
    dim = len(lower)
    points, values = rng.random((max_evaluations, dim)), np.full(max_evaluations, math.inf)
    log_scales = np.full(dim, 0.5 * math.log(dim) - 1.0)
    fit = {"method": "L-BFGS-B", "jac": True, "bounds": [(-4.0, 4.0)] * dim, "options": {"maxiter": 20}}

    for n in range(max_evaluations):
        finite = values[:n][np.isfinite(values[:n])]
        if n >= INITIAL_POINTS * dim and finite.size and np.ptp(finite) > 0:
            gaps = (np.minimum(values[:n], finite.max()) - finite.min()) / np.ptp(finite)
            y = np.log1p(gaps / max(np.median(gaps), SMALLEST_GAP))  # tames values of many magnitudes
            y = (y - y.mean()) / y.std()
            if n % REFIT_EVERY == 0:
                log_scales = scipy_minimize(fit_loss, log_scales, (points[:n], y), **fit).x
            points[n] = propose(points[:n], y, np.exp(log_scales), rng)
        value = objective(np.minimum(lower + points[n] * (upper - lower), upper))
        values[n] = value if abs(value) < HUGE else math.inf
    return np.minimum(lower + points[values.argmin()] * (upper - lower), upper)
