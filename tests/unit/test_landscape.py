"""Landscape features: against pflacco's, where they are known in closed form, and that units do not matter."""

import json

import numpy as np
import pytest

from llamoco_data.rivals.landscape import NAMES, landscape_features
from tests.references.landscape import DIMENSIONS, FILE, FUNCTIONS, sample

pytestmark = pytest.mark.unit

THEIRS = {
    "skewness": "ela_distr.skewness",
    "kurtosis": "ela_distr.kurtosis",
    "peaks": "ela_distr.number_of_peaks",
    "linear R2": "ela_meta.lin_simple.adj_r2",
    "linear R2 with interactions": "ela_meta.lin_w_interact.adj_r2",
    "log ratio of linear coefficients": "ela_meta.lin_simple.coef.max_by_min",
    "quadratic R2": "ela_meta.quad_simple.adj_r2",
    "log ratio of quadratic coefficients": "ela_meta.quad_simple.cond",
    "dispersion of the best 2 %": "disp.ratio_mean_02",
    "dispersion of the best 5 %": "disp.ratio_mean_05",
    "dispersion of the best 10 %": "disp.ratio_mean_10",
    "dispersion of the best 25 %": "disp.ratio_mean_25",
    "nearest-better deviation ratio": "nbc.nn_nb.sd_ratio",
    "nearest-better mean ratio": "nbc.nn_nb.mean_ratio",
    "nearest-better correlation": "nbc.nn_nb.cor",
    "nearest-better variation": "nbc.dist_ratio.coeff_var",
    "nearest-better indegree correlation": "nbc.nb_fitness.cor",
    "most information content": "ic.h_max",
    "log settling sensitivity": "ic.eps_s",
    "partial information": "ic.m0",
}
BY_BEST_POINT = {name: 0.03 for name in NAMES if name.startswith("nearest-better") and "indegree" not in name}
"""Relative tolerance of what depends on the best point, which has no better one: pflacco gives it one all the same."""


def told(u: np.ndarray, values: np.ndarray) -> dict[str, float]:
    return dict(zip(NAMES, landscape_features(u, values).tolist(), strict=True))


@pytest.mark.parametrize("dimension", DIMENSIONS)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_features_are_those_of_pflacco(function: str, dimension: int):
    theirs = json.loads(FILE.read_text())[f"{function} {dimension}"]
    ours = told(*sample(function, dimension))
    for name, key in THEIRS.items():
        expected = np.log10(theirs[key]) if name.startswith("log ratio") else theirs[key]
        assert ours[name] == pytest.approx(expected, rel=BY_BEST_POINT.get(name, 1e-6)), name


def test_features_of_a_linear_and_of_a_quadratic_function_are_known():
    u = np.random.default_rng(3).random((200, 4))
    linear = told(u, u @ [1.0, 2.0, 5.0, 10.0])
    assert linear["linear R2"] == pytest.approx(1.0)
    assert linear["log ratio of linear coefficients"] == pytest.approx(1.0)
    assert linear["log ratio of quadratic coefficients"] == pytest.approx(0.0)
    quadratic = told(u, (u - 0.5) ** 2 @ [1.0, 10.0, 100.0, 1000.0])
    assert quadratic["linear R2"] < 0.1
    assert quadratic["quadratic R2"] == pytest.approx(1.0)
    assert quadratic["log ratio of quadratic coefficients"] == pytest.approx(3.0)
    crossed = told(u, u[:, 0] * u[:, 1])
    assert crossed["linear R2 with interactions"] == pytest.approx(1.0)
    cone = told(u, np.linalg.norm(u - u[7], axis=1))
    assert cone["fitness-distance correlation"] == pytest.approx(1.0)


def test_features_depend_on_neither_units_nor_offset_of_the_objective():
    u, values = sample("rosenbrock", 5)
    assert landscape_features(u, 1e6 * values - 77.0) == pytest.approx(landscape_features(u, values), rel=1e-6)


@pytest.mark.parametrize(
    "values",
    [np.zeros(60), np.full(60, 1e300), np.where(np.arange(60) == 7, 0.0, 1e300), np.arange(60.0) ** 40],
    ids=["flat", "nowhere finite", "finite at one point", "steep"],
)
def test_features_of_odd_values_are_finite(values: np.ndarray):
    u = np.random.default_rng(5).random((60, 3))
    assert np.isfinite(landscape_features(u, values)).all()
    assert not landscape_features(u[:9], values[:9]).any()
