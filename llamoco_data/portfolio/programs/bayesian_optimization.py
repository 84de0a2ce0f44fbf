"""Bayesian optimization: Gaussian process and expected improvement (Jones et al., 1998)."""

import math

import numpy as np
from scipy.optimize import minimize as scipy_minimize
from scipy.spatial.distance import cdist
from scipy.special import erfcx

INITIAL_POINTS = 2  # random points before the first model, times D
REFIT_EVERY = 5  # evaluations between fits of the length scales
NOISE = 1e-6  # as a share of the signal's variance
HUGE = 1e300  # as large counts as not finite


def matern(a, b):
    """Matern 5/2 correlation of rows of a and b, and its slope's factor."""
    r = math.sqrt(5) * cdist(a, b)
    return (1 + r + r * r / 3) * np.exp(-r), 5 / 3 * (1 + r) * np.exp(-r)


def condition(k, y):
    """Inverse of the correlations, weights of the mean, variance of the signal."""
    inverse = np.linalg.inv(k + NOISE * np.eye(len(y)))
    weights = inverse @ y
    return inverse, weights, y @ weights / len(y)


def fit_loss(log_scales, u, y):
    """Negative log posterior and slopes; log-normal prior of Hvarfner et al. (2024)."""
    z = u / np.exp(log_scales)
    k, factor = matern(z, z)
    inverse, weights, variance = condition(k, y)
    prior = (log_scales - math.sqrt(2) - math.log(len(log_scales)) / 2) / 3
    loss = (len(y) * math.log(variance) - np.linalg.slogdet(inverse)[1]) / 2 + 1.5 * prior @ prior
    pull = factor * (inverse - np.outer(weights, weights) / variance)
    return loss, pull.sum(1) @ (z * z) - (z * (pull @ z)).sum(0) + prior


def propose(u, y, scales, rng):
    """Point with the greatest log expected improvement: a random one, then ever closer ones."""
    inverse, weights, variance = condition(matern(u / scales, u / scales)[0], y)

    def acquisition(points):
        k = matern(points / scales, u / scales)[0]
        deviation = np.sqrt(variance * np.maximum(1 - (k @ inverse * k).sum(1), 1e-12))
        z = np.minimum((y.min() - k @ weights) / deviation, 30.0)
        ratio = math.sqrt(math.pi / 2) * erfcx(-z / math.sqrt(2))  # Phi / phi
        return np.log(np.maximum(1 + z * ratio, 1e-14) * deviation) - z * z / 2

    spread = 10 ** rng.uniform(-3.0, -0.5, (250, 1))
    points = np.vstack(
        [rng.random((250, len(scales))), u[y.argmin()] + spread * rng.standard_normal((250, len(scales)))]
    )
    for step in 0.1, 0.03, 0.01, 0.003, 0.001, 0.0:
        points = np.clip(points, 0.0, 1.0)
        best = points[acquisition(points).argmax()]
        points = np.vstack([best, best + step * rng.standard_normal((50, len(scales)))])
    return best


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; returns the best x found in the box (constraints are not handled)."""
    rng = np.random.default_rng(seed)
    dim = len(lower)
    points, values = rng.random((max_evaluations, dim)), np.full(max_evaluations, math.inf)
    log_scales = np.full(dim, math.log(dim) / 2 - 1.0)
    for n in range(max_evaluations):
        finite = values[:n][np.isfinite(values[:n])]
        if n >= INITIAL_POINTS * dim and len(set(finite)) > 1:
            gaps = (np.minimum(values[:n], finite.max()) - finite.min()) / np.ptp(finite)
            y = np.log1p(gaps / max(np.median(gaps), 1e-100))
            y = (y - y.mean()) / y.std()
            if n % REFIT_EVERY == 0:
                log_scales = scipy_minimize(fit_loss, log_scales, (points[:n], y), jac=True, bounds=[(-4, 4)] * dim).x
            points[n] = propose(points[:n], y, np.exp(log_scales), rng)
        value = objective(np.minimum(lower + points[n] * (upper - lower), upper))
        values[n] = value if abs(value) < HUGE else math.inf
    return np.minimum(lower + points[values.argmin()] * (upper - lower), upper)
