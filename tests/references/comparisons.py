"""Which programs of the portfolio are compared with which references on which functions, and when two are alike.

A comparison runs both on the same problems, once for each seed. What is compared is the logarithm of the evaluations to
a target or, where there is no target, of the distance from the optimum after the budget. Two are alike where the 95 %
bootstrap interval of the mean difference lies within the margin. Margins and functions were settled on in pilot runs
with the first forty seeds; the script uses later seeds, which were not looked at before.
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import cmaes
import nlopt
import numpy as np
from scipy.stats import bootstrap

from llamoco_data.portfolio import Setting
from tests.references import libraries
from tests.references.adaptive_de import jade, lshade
from tests.references.g_functions import g_function
from tests.references.trials import Solver, Trial, bbob, portfolio_solver

EVALUATIONS_MARGIN = 0.1
"""Of log10 evaluations to a target: a factor of 1.26."""
GAP_MARGIN = 0.3
"""Of log10 distance from the optimum: a factor of 2."""
SMALLEST_GAP = 1e-9
"""What is nearer to the optimum counts as this near."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A program, a reference, and a family of trials, one for each seed."""

    optimizer: str
    reference: str
    solver: Solver = field(compare=False)
    problem: str
    trial: Callable[[int], Trial] = field(compare=False)
    settings: Mapping[str, Setting] = field(default_factory=dict, compare=False)
    """In which the program differs from the text that stands in its file, to be what the reference is."""
    margin: float = EVALUATIONS_MARGIN
    slow: bool = False
    """For the script, and not for the tests."""
    differs: str = ""
    """Why the two are known not to be alike; empty where they are."""

    @property
    def name(self) -> str:
        return f"{self.optimizer}, {self.reference}, {self.problem}"


@dataclass(frozen=True, slots=True)
class Difference:
    """Mean difference of the logarithms, the program's less the reference's, with its 95 % interval."""

    mean: float
    low: float
    high: float
    ours: float
    """Median of what is compared, of the program."""
    theirs: float
    """And of the reference."""

    def within(self, margin: float) -> bool:
        return -margin <= self.low and self.high <= margin


def difference(comparison: Comparison, seeds: range, change: tuple[str, str] | None = None) -> Difference:
    """What the two differ by; at will with a piece of the program's text exchanged."""
    ours = sample(portfolio_solver(comparison.optimizer, comparison.settings, change), comparison, seeds)
    theirs = reference_sample(comparison, seeds)
    apart = np.log10(ours) - np.log10(theirs)
    if np.ptp(apart) == 0:  # where neither ever got there
        interval = (apart[0], apart[0])
    else:
        found = bootstrap((apart,), np.mean, method="percentile", n_resamples=5000, rng=np.random.default_rng(0))
        interval = (found.confidence_interval.low, found.confidence_interval.high)
    low, high = map(float, interval)
    return Difference(float(apart.mean()), low, high, float(np.median(ours)), float(np.median(theirs)))


@functools.cache
def reference_sample(comparison: Comparison, seeds: range) -> np.ndarray:
    return sample(comparison.solver, comparison, seeds)


def sample(solver: Solver, comparison: Comparison, seeds: range) -> np.ndarray:
    """What is compared, one number a seed; who does not reach a target within the budget counts with the budget."""
    trials = [comparison.trial(seed).run(solver, seed) for seed in seeds]
    return np.array([t.evaluations if t.target_gap > 0 else max(t.gap, SMALLEST_GAP) for t in trials], dtype=float)


def on_bbob(function: int, dimension: int, max_evaluations: int, target_gap: float) -> Callable[[int], Trial]:
    """A bbob function; each seed has an instance of its own."""
    return lambda seed: bbob(function, dimension, 1 + seed, max_evaluations, target_gap)


def on_g(name: str, max_evaluations: int, relative_gap: float) -> Callable[[int], Trial]:
    return lambda _: g_function(name, max_evaluations, relative_gap)


SPHERE, SEPARABLE, ROSENBROCK = "sphere (f1)", "separable ellipsoid (f2)", "Rosenbrock (f8)"
ELLIPSOID, RASTRIGIN = "ellipsoid (f10)", "Rastrigin (f15)"
PAPER = "the paper's pseudo code"
UNDECIDED = "some runs find the optimum and others do not: too wide an interval for so few seeds"

COMPARISONS = (
    Comparison("lshade", PAPER, lshade(6), ROSENBROCK, on_bbob(8, 5, 10_000, 1e-6)),
    Comparison("lshade", PAPER, lshade(6), ELLIPSOID, on_bbob(10, 5, 5_000, 1e-6), slow=True),
    Comparison(
        "lshade",
        PAPER,
        lshade(18),
        f"{SPHERE}, D = 10",
        on_bbob(1, 10, 10_000, 1e-6),
        {"POPULATION_PER_DIMENSION": 18},
        slow=True,
    ),
    Comparison(
        "lshade",
        PAPER,
        lshade(18),
        f"{RASTRIGIN}, D = 10",
        on_bbob(15, 10, 5_000, 0.0),
        {"POPULATION_PER_DIMENSION": 18},
        margin=GAP_MARGIN,
        slow=True,
    ),
    Comparison(
        "lshade",
        PAPER,
        lshade(6),
        RASTRIGIN,
        on_bbob(15, 5, 5_000, 0.0),
        margin=GAP_MARGIN,
        slow=True,
        differs=UNDECIDED,
    ),
    Comparison(
        "jade",
        PAPER,
        jade(30),
        SPHERE,
        on_bbob(1, 5, 10_000, 1e-6),
        {"POPULATION_SIZE": 30},
        slow=True,
    ),
    Comparison(
        "jade",
        PAPER,
        jade(30),
        ELLIPSOID,
        on_bbob(10, 5, 10_000, 1e-6),
        {"POPULATION_SIZE": 30},
        slow=True,
        differs="minionpy 1.9.1 adapts in a way of its own, and ignores the rate that the program gives it",
    ),
    *(
        Comparison(
            "de",
            "SciPy's differential_evolution",
            libraries.scipy_differential_evolution(strategy, 30, 0.7, 0.9),
            f"{problem}, {strategy}",
            on_bbob(function, 5, budget, 1e-6),
            {"STRATEGY": strategy, "POPULATION_SIZE": 30, "F": 0.7},
            slow=slow,
        )
        for strategy, problem, function, budget, slow in (
            ("rand1bin", SPHERE, 1, 5_000, False),
            ("rand1bin", ROSENBROCK, 8, 20_000, True),
            ("rand1bin", ELLIPSOID, 10, 20_000, True),
            ("best1bin", SPHERE, 1, 4_000, False),
            ("best1bin", ELLIPSOID, 10, 20_000, True),
            ("currenttobest1bin", SPHERE, 1, 5_000, True),
        )
    ),
    *(
        Comparison(
            "cma_es",
            "cmaes.CMA",
            libraries.cmaes_cma(cmaes.CMA, 0.3),
            problem,
            on_bbob(number, 5, 4_000, 1e-6),
            differs=differs,
        )
        for problem, number, differs in (
            (SPHERE, 1, ""),
            (ELLIPSOID, 10, "minionpy's CMA-ES takes a quarter more evaluations to learn an ellipsoid"),
        )
    ),
    *(
        Comparison(
            "cma_es",
            "pycma",
            libraries.pycma_cma(0.3),
            problem,
            on_bbob(number, 5, 4_000, 1e-6),
            slow=True,
            differs=differs,
        )
        for problem, number, differs in (
            (SPHERE, 1, ""),
            (ELLIPSOID, 10, "minionpy's CMA-ES takes a quarter more evaluations to learn an ellipsoid"),
        )
    ),
    *(
        Comparison(
            "sep_cma_es",
            "cmaes.SepCMA",
            libraries.cmaes_cma(cmaes.SepCMA, 0.3),
            f"{problem}, D = 10",
            on_bbob(number, 10, 5_000, 1e-6),
            slow=slow,
        )
        for problem, number, slow in ((SPHERE, 1, False), (SEPARABLE, 2, True))
    ),
    Comparison("bipop_cma_es", "pycma", libraries.pycma_cma(0.3), ELLIPSOID, on_bbob(10, 5, 10_000, 1e-6), slow=True),
    Comparison(
        "bipop_cma_es",
        "pycma's BIPOP",
        libraries.pycma_bipop(0.3),
        ELLIPSOID,
        on_bbob(10, 5, 10_000, 1e-6),
        slow=True,
    ),
    Comparison(
        "bipop_cma_es",
        "pycma's BIPOP",
        libraries.pycma_bipop(0.3),
        RASTRIGIN,
        on_bbob(15, 5, 5_000, 0.0),
        margin=GAP_MARGIN,
        slow=True,
        differs="it starts again only when its steps are below 1e-12: hardly ever",
    ),
    *(
        Comparison(
            "pso",
            "minionpy's PSO",
            libraries.minionpy_pso(30, 0.7298, 1.496),
            problem,
            trial,
            margin=margin,
            slow=slow,
            differs=differs,
        )
        for problem, trial, margin, slow, differs in (
            (SPHERE, on_bbob(1, 5, 5_000, 1e-6), EVALUATIONS_MARGIN, False, ""),
            (f"{RASTRIGIN}, D = 10", on_bbob(15, 10, 5_000, 0.0), GAP_MARGIN, True, ""),
            (RASTRIGIN, on_bbob(15, 5, 3_000, 0.0), GAP_MARGIN, True, ""),
        )
    ),
    Comparison(
        "ga",
        "pymoo's GA",
        libraries.pymoo_ga(50, 0.9, 15.0, 20.0),
        SPHERE,
        on_bbob(1, 5, 4_000, 1e-3),
        {"POPULATION_SIZE": 50, "CROSSOVER_ETA": 15.0},
    ),
    *(
        Comparison(
            "crs2",
            "NLopt's GN_CRS2_LM",
            libraries.nlopt_population(nlopt.GN_CRS2_LM, size),
            f"{problem}, population {size}",
            on_bbob(number, 5, budget, 1e-6),
            {"POPULATION_PER_DIMENSION": size // 6},
            slow=slow,
            differs=differs,
        )
        for problem, number, size, budget, slow, differs in (
            (SPHERE, 1, 60, 3_000, False, ""),
            (ELLIPSOID, 10, 60, 10_000, True, ""),
            (ELLIPSOID, 10, 24, 10_000, True, "the best point may be among the random ones too: fewer evaluations"),
        )
    ),
    *(
        Comparison(
            "nelder_mead",
            "SciPy's Nelder-Mead",
            libraries.scipy_nelder_mead(0.2, 1e-8),
            problem,
            on_bbob(number, 5, 10_000, 1e-6),
            margin=GAP_MARGIN,
            slow=number == 10,
        )
        for problem, number in ((ROSENBROCK, 8), (ELLIPSOID, 10))
    ),
    Comparison(
        "basin_hopping",
        "SciPy's basinhopping",
        libraries.scipy_basin_hopping(0.05),
        RASTRIGIN,
        on_bbob(15, 5, 3_000, 0.0),
        margin=GAP_MARGIN,
        slow=True,
    ),
    *(
        Comparison(
            "al_cma_es",
            "pycma's fmin_con2",
            libraries.pycma_constrained(0.3),
            name,
            on_g(name, 5_000, 1e-3),
            margin=GAP_MARGIN,
            slow=True,
            differs=differs,
        )
        for name, differs in (
            ("g09", ""),
            ("g24", "it needs two to three times as many evaluations where two limits meet"),
            ("g06", "it does not come near, even within 15,000 evaluations"),
        )
    ),
)
