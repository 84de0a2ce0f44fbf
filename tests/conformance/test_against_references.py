"""Programs of the portfolio against independent references, and broken programs that the comparisons find out.

`tests/benchmarks/references.py` makes the same comparisons with more seeds, and those that take longer.
"""

# scikit-learn's signatures are narrower than what it takes.
# pyright: reportArgumentType=false

import contextlib
import functools
import itertools
import math

import nlopt
import numpy as np
import pytest
from scipy import stats
from scipy.optimize import check_grad
from scipy.optimize import direct as scipy_direct
from scipy.special import ndtr
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern

from llamoco_data.portfolio import Setting
from tests.references.comparisons import COMPARISONS, Comparison, difference
from tests.references.g_functions import g_function
from tests.references.trials import Ended, Trial, bbob, portfolio_solver, program_of

pytestmark = pytest.mark.conformance

SEEDS = range(15)
QUICK = [comparison for comparison in COMPARISONS if not comparison.slow]


@pytest.mark.parametrize("comparison", QUICK, ids=lambda c: c.name)
def test_program_needs_as_many_evaluations_as_its_reference(comparison: Comparison):
    found = difference(comparison, SEEDS)
    assert found.within(comparison.margin) == (not comparison.differs), found


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("lshade", "POPULATION_PER_DIMENSION * len(lower)", "10 * len(lower)"),
        ("de", "F * (population[b] - population[c])", "F * (population[b] - best)"),
        ("de", "< CR", "> CR"),
        ("sep_cma_es", "d_sigma = 1 + ", "d_sigma = 3 + "),
        ("pso", "INERTIA * velocity", "0.6 * velocity"),
        ("ga", ".min(axis=0)]  # tournaments", ".max(axis=0)]  # tournaments"),
        ("crs2", "2 * centre - population[others[0]]", "1.5 * centre - 0.5 * population[others[0]]"),
    ],
)
def test_broken_program_is_found_out_by_a_comparison(name: str, old: str, new: str):
    of_it = [comparison for comparison in QUICK if comparison.optimizer == name]
    assert not all(difference(comparison, SEEDS, (old, new)).within(comparison.margin) for comparison in of_it)


# Local methods: from one start, one minimum.


class Valley:
    """Rosenbrock's function (bbob f8) of five variables; it has two minima.

    Its values are divided by 10,000: as they are, SLSQP, whoever's, ends many a search after its first step.
    """

    def __init__(self) -> None:
        self.trial = bbob(8, 5, 1, 20_000)
        self.lower, self.width = self.trial.lower, self.trial.upper - self.trial.lower
        rng = np.random.default_rng(0)
        self.starts = [rng.random(5) for _ in range(10)]  # those of the programs, with seed 0

    def value(self, u: np.ndarray) -> float:
        return (self.trial.function(self.lower + u * self.width) - self.trial.optimum) / 10_000

    def minima_of_program(self, optimizer: str, change: tuple[str, str] | None = None) -> np.ndarray:
        """The least value after each start and before the next."""
        points, values = [], []

        def observed(u: np.ndarray) -> float:
            points.append(np.array(u))
            values.append(self.value(u))
            if len(points) > 1 and np.array_equal(u, self.starts[-1]):
                raise Ended
            return values[-1]

        with contextlib.suppress(Ended):
            program_of(optimizer, {}, change)["minimize"](observed, np.zeros(5), np.ones(5), 20_000, 0)
        at = [next(i for i, u in enumerate(points) if np.array_equal(u, start)) for start in self.starts]
        return np.array([min(values[i:j]) for i, j in itertools.pairwise(at)])

    def minima_of_nlopt(self, method: int) -> np.ndarray:
        """The least value that NLopt's method finds from each start, with central differences for a gradient."""

        def observed(u: np.ndarray, gradient: np.ndarray) -> float:
            if gradient.size:
                gradient[:] = [(self.value(u + step) - self.value(u - step)) / 2e-7 for step in 1e-7 * np.eye(5)]
            return self.value(u)

        search = nlopt.opt(method, 5)
        search.set_min_objective(observed)
        search.set_lower_bounds(np.zeros(5))
        search.set_upper_bounds(np.ones(5))
        search.set_ftol_rel(1e-14)
        search.set_maxeval(1_000)
        found = []
        for start in self.starts[:-1]:
            with contextlib.suppress(nlopt.RoundoffLimited, RuntimeError):
                search.optimize(start)
            found.append(search.last_optimum_value())
        return np.array(found)


@pytest.mark.parametrize(
    ("optimizer", "method", "change"),
    [
        ("slsqp", nlopt.LD_SLSQP, None),
        ("slsqp", nlopt.LD_SLSQP, (".T / steps", ".T")),
        ("lbfgsb", nlopt.LD_LBFGS, None),
        ("lbfgsb", nlopt.LD_LBFGS, ("steps.diagonal()", "DIFFERENCE_STEP")),
    ],
)
def test_local_method_ends_in_the_minima_of_its_reference(optimizer: str, method: int, change: tuple[str, str] | None):
    valley = Valley()
    apart = np.abs(valley.minima_of_program(optimizer, change) - valley.minima_of_nlopt(method))
    assert (np.mean(apart < 1e-6) >= 2 / 3) == (change is None), apart


@pytest.mark.parametrize(
    ("optimizer", "settings", "names", "budget", "relative_gap"),
    [
        ("slsqp", {}, "g04 g06 g07 g08 g09 g11 g24", 4_000, 1e-5),
        ("slsqp", {}, "g13", 4_000, 2e-4),  # it meets equalities exactly; the published optimum uses their tolerance
        ("cobyla", {}, "g04 g06 g07 g08 g09 g11 g24", 4_000, 1e-5),
        ("cobyla", {}, "g13", 4_000, 2e-4),
        ("trust_constr", {}, "g04 g08", 4_000, 1e-5),
        ("al_cma_es", {}, "g04 g09 g11 g24", 4_000, 1e-4),
        ("de", {"POPULATION_SIZE": 30}, "g04 g08 g09 g24", 8_000, 1e-4),
        ("epsilon_de", {"POPULATION_SIZE": 30}, "g04 g11", 12_000, 1e-4),
        ("epsilon_de_slsqp", {}, "g04 g06 g08 g09 g11 g24", 4_000, 1e-5),
        ("sampling_slsqp", {}, "g04 g06 g07 g08 g09 g11 g24", 4_000, 1e-5),
        ("sampling_cobyla", {}, "g04 g06 g08 g09 g11 g24", 4_000, 1e-5),
    ],
)
def test_program_reaches_the_published_optimum_of_constrained_problems(
    optimizer: str, settings: dict[str, Setting], names: str, budget: int, relative_gap: float
):
    for name in names.split():
        trial = g_function(name, budget, relative_gap).run(portfolio_solver(optimizer, settings), 0)
        gap = trial.gap / abs(trial.optimum)
        assert -relative_gap <= gap <= relative_gap, f"{name}: {gap:.1e}"


@pytest.mark.parametrize("locally_biased", [True, False])
def test_direct_divides_the_box_like_scipys(locally_biased: bool):
    """Most of the first hundred points are the same: the two differ in which of equally good boxes comes first."""
    trial, points = bbob(15, 3, 1, 150), []

    def observed(x: np.ndarray) -> float:
        points.append(tuple(np.round(x, 6)))
        return trial.function(x)

    settings = {"LOCALLY_BIASED": locally_biased, "GLOBAL_SHARE": 1.0}
    watched = Trial(observed, trial.optimum, trial.lower, trial.upper, trial.max_evaluations)
    watched.run(portfolio_solver("direct", settings), 0)
    ours = set(points[:100])
    points.clear()
    box = list(zip(trial.lower, trial.upper, strict=True))
    scipy_direct(observed, box, eps=1e-300, maxfun=200, locally_biased=locally_biased)
    assert len(ours & set(points[:100])) >= 80


# Theory.


def observed_radii(optimizer: str, dimension: int, max_evaluations: int, seed: int, change=None) -> np.ndarray:
    """Distances from the minimum of a sphere, one for each evaluation."""
    radii = []

    def sphere(x: np.ndarray) -> float:
        radii.append(math.sqrt(float(x @ x)))
        return radii[-1] ** 2

    box = np.ones(dimension)
    minimize = program_of(optimizer, {}, change)["minimize"]
    minimize(sphere, -box, box, max_evaluations, seed)
    return np.array(radii)


@functools.cache
def theory_of_the_one_fifth_rule(dimension: int) -> tuple[float, float]:
    """(mean log of the improvement of the radius, share of successes) an evaluation, in the long run.

    On a sphere only step / radius matters, and is a Markov chain: it is simulated, three thousand times at once.
    """
    rng = np.random.default_rng(0)
    step, gains, successes = np.full(3_000, 1.0 / dimension), [], []
    for _ in range(300):
        along = 1.0 + step * rng.standard_normal(len(step))
        ratio = np.sqrt(along**2 + step**2 * rng.chisquare(dimension - 1, len(step)))
        won = ratio <= 1.0
        step = np.where(won, step * 1.5 / ratio, step * 1.5**-0.25)
        gains.append(np.where(won, np.log(ratio), 0.0).mean())
        successes.append(won.mean())
    return float(np.mean(gains[100:])), float(np.mean(successes[100:]))


def observed_rates(change: tuple[str, str] | None = None) -> tuple[float, float]:
    """The same of the program, on spheres of 10 variables, before its steps vanish."""
    best = [np.minimum.accumulate(observed_radii("one_plus_one_es", 10, 900, seed, change)) for seed in range(12)]
    logs = np.log(best)[:, 200:]
    return float((logs[:, -1] - logs[:, 0]).mean() / (logs.shape[1] - 1)), float((np.diff(logs) < 0).mean())


def test_one_plus_one_es_approaches_at_the_rate_of_theory():
    (rate, share), (theory_rate, theory_share) = observed_rates(), theory_of_the_one_fifth_rule(10)
    assert share == pytest.approx(theory_share, abs=0.01)
    assert rate == pytest.approx(theory_rate, rel=0.06)


def test_one_plus_one_es_with_another_rule_is_found_out():
    assert observed_rates(("EXPANSION**-0.25", "EXPANSION**-0.5"))[1] > 0.25


def test_random_search_is_as_near_as_uniform_points_are():
    """The volume of the ball inside the nearest of n points is, as a share of the box, that of a minimum of n."""
    nearest = [observed_radii("random_search", 3, 500, seed).min() for seed in range(60)]
    shares = 4 / 3 * math.pi * np.array(nearest) ** 3 / 8
    assert stats.kstest(1 - (1 - shares) ** 500, "uniform").pvalue > 0.05


# Bayesian optimization: its parts.


@pytest.fixture
def bayesian() -> dict:
    return program_of("bayesian_optimization", {})


def data(num_points: int = 25, dimension: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points of the unit cube, centred values and length scales."""
    rng = np.random.default_rng(4)
    u = rng.random((num_points, dimension))
    y = np.sin(5 * u).sum(axis=1) + u[:, 0] ** 2
    return u, (y - y.mean()) / y.std(), np.array([0.4, 0.7, 1.5])


def reference_process(bayesian: dict) -> GaussianProcessRegressor:
    """scikit-learn's Gaussian process with the program's kernel and data."""
    u, y, scales = data()
    variance = float(bayesian["condition"](bayesian["matern"](u / scales, u / scales)[0], y)[2])
    kernel = ConstantKernel(variance, "fixed") * Matern(scales, "fixed", nu=2.5)
    process = GaussianProcessRegressor(kernel, alpha=variance * bayesian["NOISE"], optimizer=None)
    return process.fit(u, y)


def test_bayesian_optimization_has_the_likelihood_of_scikit_learn(bayesian: dict):
    u, y, scales = data()
    process = reference_process(bayesian)
    prior = (np.log(scales) - math.sqrt(2) - 0.5 * math.log(3)) / 3
    loss = bayesian["fit_loss"](np.log(scales), u, y)[0] - 1.5 * prior @ prior
    constant = 0.5 * len(y) * (1 + math.log(2 * math.pi))  # of the concentrated likelihood
    assert loss + constant == pytest.approx(-float(process.log_marginal_likelihood()), rel=1e-9)


def test_bayesian_optimization_follows_the_slope_of_its_likelihood(bayesian: dict):
    u, y, scales = data()
    value, slope = (lambda log_scales, i=i: bayesian["fit_loss"](log_scales, u, y)[i] for i in (0, 1))
    assert check_grad(value, slope, np.log(scales)) < 1e-4 * np.linalg.norm(slope(np.log(scales)))


def test_bayesian_optimization_proposes_a_point_of_great_expected_improvement(bayesian: dict):
    u, y, scales = data()
    process = reference_process(bayesian)

    def expected_improvement(points: np.ndarray) -> np.ndarray:
        mean, deviation = process.predict(points, return_std=True)
        z = (y.min() - mean) / deviation
        return deviation * (z * ndtr(z) + stats.norm.pdf(z))

    proposed = bayesian["propose"](u, y, scales, np.random.default_rng(0))
    everywhere = expected_improvement(np.random.default_rng(1).random((20_000, 3))).max()
    assert expected_improvement(proposed[None])[0] >= 0.99 * everywhere
