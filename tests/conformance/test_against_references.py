"""Programs of the portfolio against independent references, and broken programs that the comparisons find out.

`tests/benchmarks/references.py` makes the same comparisons with more seeds, and those that take longer.
"""

import functools
import math
from collections.abc import Callable

import nlopt
import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad
from scipy.optimize import check_grad
from scipy.optimize import direct as scipy_direct
from scipy.optimize import minimize as scipy_minimize
from scipy.special import log_ndtr, ndtr
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern

from tests.references.comparisons import COMPARISONS, Comparison, difference
from tests.references.g_functions import G_FUNCTIONS, g_function
from tests.references.trials import bbob, portfolio_solver, program_of

pytestmark = pytest.mark.conformance

SEEDS = 15
QUICK = [comparison for comparison in COMPARISONS if not comparison.slow]


@pytest.mark.parametrize("comparison", QUICK, ids=lambda c: c.name)
def test_program_needs_as_many_evaluations_as_its_reference(comparison: Comparison):
    found = difference(comparison, SEEDS)
    assert found.within(comparison.margin) == (not comparison.differs), found


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("lshade, ", "maxevals=max_evaluations - evaluations", "maxevals=3 * max_evaluations"),
        ("de, .*rand1bin", "F * (population[b] - population[c])", "F * (population[b] - best)"),
        ("de, .*best1bin", "F = 0.7", "F = 0.9"),
        ("cma_es, .*f10", "c_mu * (v * y.T) @ y", "0.0 * (v * y.T) @ y"),
        ("cma_es, .*f10", "negative * w / -w[mu:].sum()", "0.0 * w"),
        ("cma_es, .*f1[)]", "mean_z, mean_y = w[:mu] @ z[:mu], w[:mu] @ y[:mu]", "mean_z, mean_y = z[0], y[0]"),
        ("sep_cma_es, ", "d_sigma = 1 + ", "d_sigma = 3 + "),
        ("pso, ", "INERTIA * velocity", "0.6 * velocity"),
        ("ga, ", ".min(axis=0)]  # tournaments", ".max(axis=0)]  # tournaments"),
        ("crs2, ", "2 * centre - population[others[0]]", "1.5 * centre - 0.5 * population[others[0]]"),
        ("isres, ", "STEP_SMOOTHING * (steps - parent_steps[i])", "0.0"),
    ],
    ids=lambda text: text[:24],
)
def test_broken_program_is_found_out_by_its_comparison(name: str, old: str, new: str):
    comparison = next(c for c in QUICK if matches(name, c.name))
    assert not difference(comparison, SEEDS, (old, new)).within(comparison.margin)
