# scipy.stats comes without types.
# pyright: reportUnknownParameterType=false
"""Features of a landscape from a sample of its values: exploratory landscape analysis. It evaluates no problem.

They change with neither units of the objective nor its offset: points are those of the unit cube, and values are scaled
to [0, 1]. Axes: N points, D variables.
"""

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

NAMES = (
    "skewness",
    "kurtosis",
    "peaks",
    "linear R2",
    "linear R2 with interactions",
    "log ratio of linear coefficients",
    "quadratic R2",
    "log ratio of quadratic coefficients",
    "dispersion of the best 2 %",
    "dispersion of the best 5 %",
    "dispersion of the best 10 %",
    "dispersion of the best 25 %",
    "nearest-better deviation ratio",
    "nearest-better mean ratio",
    "nearest-better correlation",
    "nearest-better variation",
    "nearest-better indegree correlation",
    "most information content",
    "log settling sensitivity",
    "partial information",
    "fitness-distance correlation",
)
QUANTILES = (0.02, 0.05, 0.1, 0.25)
"""Shares of the sample whose dispersion is compared with that of the whole."""
SETTLED = 0.05
"""Information content below which a sequence counts as settled (Muñoz et al., 2015)."""
EPSILONS = np.insert(10 ** np.linspace(-5, 15, 1000), 0, 0.0)
"""Sensitivities of the information content, as in flacco (Kerschke and Trautmann, 2019)."""
LEAST_DENSITY = 0.01
"""Share of the highest peak of a density below which a peak is not counted."""
ROUNDING = 1e-9
"""Share of the largest coefficient of a regression below which another one is noise."""
LARGEST_RATIO = 1e12
LEAST_POINTS = 10


def landscape_features(u_ND: Matrix, values_N: Matrix) -> Matrix:
    """The features, of shape (len(NAMES),), all finite; zeros of fewer than ten points, which say too little.

    Args:
        u_ND: distinct points of the unit cube.
        values_N: their objective values; those from 1e300 on count as the worst other one.
    """
    if len(values_N) < LEAST_POINTS:
        return np.zeros(len(NAMES))
    from scipy.spatial.distance import pdist, squareform  # noqa: PLC0415 - a tenth of a second to import

    y_N = _scaled(values_N)
    distances_NN = squareform(pdist(u_ND))
    found = np.array(
        [
            *distribution(y_N),
            *meta_models(u_ND, y_N),
            *dispersion(distances_NN, y_N),
            *nearest_better(distances_NN, y_N),
            *information_content(distances_NN, y_N),
            _correlation(y_N, distances_NN[y_N.argmin()]),
        ]
    )
    return np.nan_to_num(found, nan=0.0, posinf=LARGEST_RATIO, neginf=-LARGEST_RATIO)


def distribution(y_N: Matrix) -> tuple[float, float, float]:
    """Skewness, kurtosis and number of peaks of the values (Mersmann et al., GECCO 2011)."""
    from scipy.stats import gaussian_kde  # noqa: PLC0415 - half a second to import

    deviation = y_N.std(ddof=1)
    if not deviation:
        return 0.0, 0.0, 1.0
    z_N = (y_N - y_N.mean()) / deviation
    density = gaussian_kde(y_N)(np.linspace(-0.1, 1.1, 256))
    inner = density[1:-1]
    peaks = (inner > density[:-2]) & (inner >= density[2:]) & (inner >= LEAST_DENSITY * density.max())
    return float((z_N**3).mean()), float((z_N**4).mean() - 3.0), float(peaks.sum())


def meta_models(u_ND: Matrix, y_N: Matrix) -> tuple[float, float, float, float, float]:
    """Adjusted R2 of regressions, and how much their coefficients differ (Mersmann et al., 2011).

    In order: linear R2, the same with interactions, log10 of the largest by the smallest linear coefficient, quadratic
    R2, log10 of the largest by the smallest coefficient of the squares.
    """
    dim = u_ND.shape[1]
    first, second = np.triu_indices(dim, 1)
    linear, slopes = _regression(u_ND, y_N)
    crossed, _ = _regression(np.hstack([u_ND, u_ND[:, first] * u_ND[:, second]]), y_N)
    quadratic, bends = _regression(np.hstack([u_ND, u_ND**2]), y_N)
    return linear, crossed, _log_ratio(slopes, slopes), quadratic, _log_ratio(bends[dim:], bends)


def dispersion(distances_NN: Matrix, y_N: Matrix) -> list[float]:
    """Mean distance of the best points by that of all, for each of `QUANTILES` (Lunacek and Whitley, 2006)."""
    ratios: list[float] = []
    for limit in np.quantile(y_N, QUANTILES):
        best = np.flatnonzero(y_N <= limit)
        ratios.append(_mean_distance(distances_NN[np.ix_(best, best)]) / _mean_distance(distances_NN))
    return ratios


def nearest_better(distances_NN: Matrix, y_N: Matrix) -> tuple[float, float, float, float, float]:
    """Distances to the nearest and to the nearest better point, compared (Kerschke et al., GECCO 2015).

    In order: ratio of their standard deviations, of their means, their correlation, coefficient of variation of their
    ratios, and correlation of values with how many points have a point as nearest better one.
    """
    apart_NN = distances_NN + np.diag(np.full(len(y_N), np.inf))
    nearest_N = apart_NN.min(axis=1)
    better_NN = np.where(y_N[None, :] < y_N[:, None], apart_NN, np.inf)
    to_better_N = better_NN.min(axis=1)
    found = np.isfinite(to_better_N)
    if not found.any():
        return 1.0, 1.0, 1.0, 0.0, 0.0
    near, better = nearest_N[found], to_better_N[found]
    ratios = near / better
    indegree_N = np.bincount(better_NN.argmin(axis=1)[found], minlength=len(y_N)).astype(np.float64)
    return (
        _ratio(nearest_N.std(ddof=1), better.std(ddof=1) if len(better) > 1 else 0.0),
        _ratio(nearest_N.mean(), better.mean()),
        _correlation(near, better),
        _ratio(ratios.std(ddof=1) if len(ratios) > 1 else 0.0, ratios.mean()),
        _correlation(indegree_N, y_N),
    )


def information_content(distances_NN: Matrix, y_N: Matrix) -> tuple[float, float, float]:
    """Largest information content, log10 of the settling sensitivity, and partial information (Muñoz et al., 2015).

    The walk begins at the first point, and goes to the nearest one that it has not seen.
    """
    path_N = _walk(distances_NN)
    slopes = np.diff(y_N[path_N]) / distances_NN[path_N[:-1], path_N[1:]]
    signs = np.sign(slopes).astype(np.int64)
    epsilons = EPSILONS[: int(np.searchsorted(EPSILONS, np.abs(slopes).max(), side="right")) + 1]
    contents = np.array([_entropy(np.where(np.abs(slopes) < epsilon, 0, signs)) for epsilon in epsilons])
    settled = np.append(epsilons[contents < SETTLED], EPSILONS[-1])
    steps = signs[signs != 0]
    turns = int((steps[1:] != steps[:-1]).sum())
    return float(contents.max()), float(np.log10(max(settled[0], EPSILONS[1]))), turns / (len(slopes) - 1)


def _walk(distances_NN: Matrix) -> NDArray[np.int64]:
    """The order of points on a walk from the first one, always to the nearest that is left."""
    left_NN = distances_NN.copy()
    path = np.zeros(len(left_NN), dtype=np.int64)
    for step in range(1, len(path)):
        left_NN[:, path[step - 1]] = np.inf
        path[step] = left_NN[path[step - 1]].argmin()
    return path


def _entropy(symbols: NDArray[np.int64]) -> float:
    """Entropy, to the base 6, of the pairs of neighbours that differ."""
    pairs = 3 * (symbols[:-1] + 1) + symbols[1:] + 1
    shares = np.bincount(pairs, minlength=9)[[1, 2, 3, 5, 6, 7]] / len(pairs)
    shares = shares[shares > 0]
    return float(-(shares * np.log(shares)).sum() / np.log(6))


def _scaled(values_N: Matrix) -> Matrix:
    """Values in [0, 1]; what is not finite, or as good as that, is as bad as the worst other one."""
    sound = np.abs(values_N) < 1e300
    if not sound.any():
        return np.zeros(len(values_N))
    y_N = np.where(sound, values_N, values_N[sound].max())
    low, high = y_N.min(), y_N.max()
    return (y_N - low) / (high - low) if high > low else np.zeros(len(y_N))


def _regression(terms: Matrix, y_N: Matrix) -> tuple[float, Matrix]:
    """Adjusted R2 of a linear regression, and its coefficients without the intercept; 0 with too few points."""
    freedom = len(y_N) - terms.shape[1] - 1
    total = ((y_N - y_N.mean()) ** 2).sum()
    if freedom <= 0 or not total:
        return 0.0, np.ones(terms.shape[1])
    design = np.hstack([np.ones((len(y_N), 1)), terms])
    coefficients = np.asarray(np.linalg.lstsq(design, y_N, rcond=None)[0], dtype=np.float64)
    rest = ((y_N - design @ coefficients) ** 2).sum()
    return float(1.0 - rest / total * (len(y_N) - 1) / freedom), coefficients[1:]


def _log_ratio(some: Matrix, among: Matrix) -> float:
    """log10 of the largest by the smallest of some coefficients, none below the rounding of all of them."""
    sizes = np.maximum(np.abs(some), ROUNDING * np.abs(among).max())
    return float(np.log10(_ratio(sizes.max(), sizes.min())))


def _mean_distance(distances_NN: Matrix) -> float:
    """Mean distance of different points; 0 of a single one."""
    count = len(distances_NN)
    return float(distances_NN.sum() / (count * (count - 1))) if count > 1 else 0.0


def _correlation(first: Matrix, second: Matrix) -> float:
    """Pearson's correlation; 0 where one of the two is constant."""
    if len(first) < 2 or not first.std() or not second.std():
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def _ratio(above: float, below: float) -> float:
    return float(above / below) if below else (LARGEST_RATIO if above else 1.0)
