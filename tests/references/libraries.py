"""Other libraries' optimizers, with the parameters of ours: what the programs of the portfolio are compared with."""

# The signatures of SciPy, minionpy and pymoo are narrower than what these take.
# pyright: reportArgumentType=false, reportImplicitOverride=false

import cma
import cmaes
import minionpy
import nlopt
import numpy as np
from pymoo.algorithms.soo.nonconvex.ga import GA
from pymoo.core.problem import Problem
from pymoo.operators.crossover.sbx import SBX
from pymoo.operators.mutation.pm import PM
from pymoo.optimize import minimize as pymoo_minimize
from scipy.optimize import basinhopping, differential_evolution
from scipy.optimize import minimize as scipy_minimize

from tests.references.trials import Solver, Trial

FOREVER = 10**9


def at_walls_reflected(trial: Trial, x: np.ndarray) -> float:
    """The value at x, or where x lies outside of the box, at its mirror image inside."""
    folded = (x - trial.lower) / (trial.upper - trial.lower) % 2.0
    return trial(trial.lower + np.minimum(folded, 2.0 - folded) * (trial.upper - trial.lower))


def start_in(lower: np.ndarray, upper: np.ndarray, seed: int) -> np.ndarray:
    """A random point of the box, from another stream than the programs'."""
    return np.random.default_rng(1_000_000 + seed).uniform(lower, upper)


def scipy_differential_evolution(strategy: str, population_size: int, f: float, cr: float) -> Solver:
    """SciPy's, a whole generation at a time and without a local search."""

    def solve(trial: Trial, lower: np.ndarray, upper: np.ndarray, _: int, seed: int) -> None:
        rng = np.random.default_rng(1_000_000 + seed)
        differential_evolution(
            lambda x_DN: np.array([trial(x) for x in x_DN.T]),
            list(zip(lower, upper, strict=True)),
            strategy=strategy,
            mutation=f,
            recombination=cr,
            init=rng.uniform(lower, upper, (population_size, len(lower))),
            maxiter=FOREVER,
            tol=0.0,
            polish=False,
            rng=rng,
            vectorized=True,
            updating="deferred",
        )

    return solve


def cmaes_cma(kind: type[cmaes.CMA] | type[cmaes.SepCMA], relative_step: float) -> Solver:
    """One search by the package cmaes, without its end; our way with the walls."""

    def solve(trial: Trial, lower: np.ndarray, upper: np.ndarray, _: int, seed: int) -> None:
        step = relative_step * float(upper[0] - lower[0])
        search = kind(mean=start_in(lower, upper, seed), sigma=step, seed=seed)
        while True:
            points = [search.ask() for _ in range(search.population_size)]
            search.tell([(x, at_walls_reflected(trial, x)) for x in points])

    return solve


def pycma_cma(relative_step: float) -> Solver:
    """One search by pycma; our way with the walls."""

    def solve(trial: Trial, lower: np.ndarray, upper: np.ndarray, _: int, seed: int) -> None:
        options = {"verbose": -9, "seed": seed + 1}
        step = relative_step * float(upper[0] - lower[0])
        search = cma.CMAEvolutionStrategy(start_in(lower, upper, seed), step, options)
        while True:
            points = search.ask()
            search.tell(points, [at_walls_reflected(trial, x) for x in points])

    return solve


def pycma_bipop(relative_step: float) -> Solver:
    """BIPOP by pycma, with its own way with the walls."""

    def solve(trial: Trial, lower: np.ndarray, upper: np.ndarray, max_evaluations: int, seed: int) -> None:
        starts = np.random.default_rng(1_000_000 + seed)
        options = {
            "bounds": [list(lower), list(upper)],
            "maxfevals": 2 * max_evaluations,
            "seed": seed + 1,
            "verbose": -9,
        }
        step = relative_step * float(upper[0] - lower[0])
        cma.fmin2(trial, lambda: starts.uniform(lower, upper), step, options, restarts=30, bipop=True)

    return solve


def pycma_constrained(relative_step: float) -> Solver:
    """The augmented Lagrangian of pycma."""

    def solve(trial: Trial, lower: np.ndarray, upper: np.ndarray, max_evaluations: int, seed: int) -> None:
        limits, width = trial.limits, upper - lower
        assert limits is not None

        def place(u: np.ndarray) -> np.ndarray:
            return lower + np.clip(u, 0.0, 1.0) * width

        cma.fmin_con2(
            lambda u: trial(place(np.asarray(u))),
            start_in(np.zeros(len(lower)), np.ones(len(lower)), seed),
            relative_step,
            constraints=lambda u: list(limits(place(np.asarray(u)))[0]),
            options={"bounds": [0, 1], "maxfevals": 2 * max_evaluations, "seed": seed + 1, "verbose": -9},
        )

    return solve


def minionpy_pso(swarm_size: int, inertia: float, acceleration: float) -> Solver:
    """The canonical particle swarm of minionpy."""

    def solve(trial: Trial, lower: np.ndarray, upper: np.ndarray, max_evaluations: int, seed: int) -> None:
        minionpy.PSO(
            lambda points: [trial(np.array(x)) for x in points],
            list(zip(lower, upper, strict=True)),
            maxevals=2 * max_evaluations,
            seed=seed,
            options={
                "population_size": swarm_size,
                "inertia_weight": inertia,
                "cognitive_coefficient": acceleration,
                "social_coefficient": acceleration,
                "velocity_clamp": 100.0,
                "use_latin": False,
                "x_tol": 0.0,
                "f_tol": -1.0,
                "bound_strategy": "clip",
            },
        ).optimize()

    return solve


class Rows(Problem):
    """A trial as pymoo asks it: a generation of points in one call."""

    def __init__(self, trial: Trial) -> None:
        super().__init__(n_var=len(trial.lower), n_obj=1, xl=trial.lower, xu=trial.upper)
        self.trial = trial

    def _evaluate(self, x: np.ndarray, out: dict[str, object], *_: object, **__: object) -> None:
        out["F"] = np.array([self.trial(row) for row in x])[:, None]


def pymoo_ga(population_size: int, rate: float, crossover_eta: float, mutation_eta: float) -> Solver:
    """The genetic algorithm of pymoo: SBX, and polynomial mutation of one variable on average."""

    def solve(trial: Trial, lower: np.ndarray, upper: np.ndarray, max_evaluations: int, seed: int) -> None:
        algorithm = GA(
            pop_size=population_size,
            crossover=SBX(prob=rate, eta=crossover_eta),
            mutation=PM(eta=mutation_eta, prob=1.0, prob_var=1 / len(lower)),
            eliminate_duplicates=False,
        )
        pymoo_minimize(Rows(trial), algorithm, ("n_eval", 2 * max_evaluations), seed=seed)

    return solve


def nlopt_population(method: int, population_size: int) -> Solver:
    """One of NLopt's population methods, with the trial's inequalities."""

    def solve(trial: Trial, lower: np.ndarray, upper: np.ndarray, max_evaluations: int, seed: int) -> None:
        nlopt.srand(seed + 1)
        search = nlopt.opt(method, len(lower))
        search.set_min_objective(lambda x, _: trial(x))
        search.set_lower_bounds(lower)
        search.set_upper_bounds(upper)
        search.set_population(population_size)
        search.set_maxeval(2 * max_evaluations)
        limits = trial.limits
        if limits is not None:

            def write(result: np.ndarray, x: np.ndarray, _: np.ndarray) -> None:
                result[:] = limits(x)[0]

            num_limits = len(limits((lower + upper) / 2)[0])
            search.add_inequality_mconstraint(write, np.zeros(num_limits))
        search.optimize(start_in(lower, upper, seed))

    return solve


def scipy_nelder_mead(relative_step: float, relative_tolerance: float) -> Solver:
    """SciPy's simplex from right-angled simplices at random points, with restarts."""

    def solve(trial: Trial, lower: np.ndarray, upper: np.ndarray, _: int, seed: int) -> None:
        rng, width, dim = np.random.default_rng(1_000_000 + seed), upper - lower, len(lower)
        while True:
            start = rng.random(dim)
            edges = np.where(start + relative_step > 1, -relative_step, relative_step)
            scipy_minimize(
                lambda u: trial(lower + u * width),
                start,
                method="Nelder-Mead",
                bounds=[(0.0, 1.0)] * dim,
                options={
                    "initial_simplex": np.vstack([start, start + np.diag(edges)]),
                    "xatol": relative_tolerance,
                    "fatol": np.inf,
                    "maxfev": FOREVER,
                    "maxiter": FOREVER,
                },
            )

    return solve


def scipy_basin_hopping(relative_hop: float) -> Solver:
    """SciPy's basin hopping with L-BFGS-B and a fixed hop."""

    def solve(trial: Trial, lower: np.ndarray, upper: np.ndarray, max_evaluations: int, seed: int) -> None:
        width = upper - lower
        basinhopping(
            lambda u: trial(lower + np.clip(u, 0.0, 1.0) * width),
            start_in(np.zeros(len(lower)), np.ones(len(lower)), seed),
            niter=max_evaluations,
            T=1.0,
            stepsize=relative_hop,
            interval=FOREVER,
            minimizer_kwargs={"method": "L-BFGS-B", "bounds": [(0.0, 1.0)] * len(lower)},
            rng=seed,
        )

    return solve
