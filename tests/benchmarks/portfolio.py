"""Measures what the optimizers themselves cost: processor time an evaluation beyond the objective, beside their peers.

    python tests/benchmarks/portfolio.py

Every optimizer of the portfolio, with the settings that stand in its file, and optimizers of pymoo, pycma, SciPy and
nevergrad with their defaults spend 10,000 evaluations of one compiled function of 10 variables, one point a call. The
same calls are then repeated without the optimizer, and their time is subtracted. All do so in several rounds, in turn;
the median round counts. Prints the table in the order of the catalogue and the ratios, and exits with 1 where the mean
over the portfolio, Bayesian optimization left out, is more than 20 microseconds.
"""

# Python 3.11 has no mark for what overrides pymoo's method.
# pyright: reportImplicitOverride=false

import argparse
import contextlib
import os
import random
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import cma
import nevergrad
import numpy as np
from pymoo.algorithms.soo.nonconvex.cmaes import CMAES
from pymoo.algorithms.soo.nonconvex.de import DE
from pymoo.algorithms.soo.nonconvex.ga import GA
from pymoo.algorithms.soo.nonconvex.isres import ISRES
from pymoo.algorithms.soo.nonconvex.pso import PSO
from pymoo.core.algorithm import Algorithm
from pymoo.core.problem import Problem as PymooProblem
from pymoo.optimize import minimize as pymoo_minimize
from rich.console import Console
from rich.table import Table
from scipy.optimize import differential_evolution, dual_annealing
from scipy.optimize import minimize as scipy_minimize
from threadpoolctl import threadpool_limits

from llamoco_data.portfolio import OPTIMIZERS, Optimizer, program_text
from llamoco_data.problems.evaluation import BudgetSpent, Constraints, Meter, Objective, Problem, build
from llamoco_data.problems.functions.definition import Vector
from llamoco_data.problems.spec import Component, Constraint, ProblemSpec
from llamoco_data.texts import execute

DIMENSION = 10
LOWER, UPPER = -5.0, 5.0
BUDGET = 10_000
BAR_US = 20.0
SLOW_US = 500.0
"""Who costs more than this runs in the first round only: the machine's load hardly matters then."""
LEFT_OUT = "bayesian_optimization"
"""Made for objectives that are dearer than any of ours, and limited to a few hundred evaluations."""

Run = Callable[[Objective, Constraints | None, int, int], object]
"""An optimizer as (objective, constraints, max_evaluations, seed); it ends by itself or is stopped by the meter."""


@dataclass(frozen=True, slots=True)
class Contender:
    """An optimizer, the problem that it spends its budget on, and what that has cost so far."""

    name: str
    library: str
    run: Run
    problem: Problem
    remark: str = ""
    """How its problem differs from everybody else's."""
    calls: list[tuple[bool, Vector]] = field(default_factory=list)
    """What one of its runs asked: whether the constraints, and the point."""
    costs_us: list[float] = field(default_factory=list)
    """Processor microseconds an evaluation beyond the objective, one number a round."""

    @property
    def cost_us(self) -> float:
        return statistics.median(self.costs_us)


def rastrigin(max_evaluations: int, *, constrained: bool) -> Problem:
    """A shifted and rotated Rastrigin function; where constrained, in a half-space and a ball without its optimum."""
    rng = np.random.default_rng(2026)
    limits = (
        Constraint(form="ball", sense="<=", bound=20.0),
        Constraint(form="linear", sense="<=", bound=-1.0, coefficients=(1.0,) * DIMENSION),
    )
    spec = ProblemSpec(
        kind="single",
        dimension=DIMENSION,
        box=(LOWER, UPPER),
        shifts=(tuple(round(float(v), 1) for v in rng.uniform(-4, 4, DIMENSION)),),
        reflections=tuple(tuple(int(v) for v in rng.integers(1, 4, DIMENSION)) for _ in range(2)),
        components=(Component(function="rastrigin", weight=1.0, scale=1.0, shift=0, reflections=(0, 1)),),
        constraints=limits if constrained else (),
        feasible_point=(-0.2,) * DIMENSION if constrained else (),
        max_evaluations=max_evaluations,
    )
    return build(spec)


def ours(optimizer: Optimizer) -> Contender:
    """An optimizer of the portfolio, on everybody's problem or on the nearest one that it does not decline."""
    problem, remark = rastrigin(BUDGET, constrained=False), ""
    if optimizer.needs_constraints:
        problem, remark = rastrigin(BUDGET, constrained=True), "2 constraints"
    if optimizer.max_evaluations is not None and optimizer.max_evaluations < BUDGET:
        problem = rastrigin(optimizer.max_evaluations, constrained=optimizer.needs_constraints)
        remark = f"{remark}, " * bool(remark) + f"{optimizer.max_evaluations:,} evaluations"
    assert not optimizer.declines(problem.spec)
    minimize = execute(program_text(optimizer.name, {}), "program").names["minimize"]
    assert callable(minimize)

    def run(objective: Objective, constraints: Constraints | None, max_evaluations: int, seed: int) -> object:
        lower, upper = problem.lower.copy(), problem.upper.copy()
        return minimize(objective, lower, upper, max_evaluations, seed, constraints=constraints)

    return Contender(optimizer.name, optimizer.library, run, problem, remark)


def peers() -> Iterator[Contender]:
    """Other libraries' optimizers with their defaults, on everybody's problem."""
    problem = rastrigin(BUDGET, constrained=False)
    for name, algorithm in {"DE": DE, "GA": GA, "PSO": PSO, "CMAES": CMAES, "ISRES": ISRES}.items():
        yield Contender(f"pymoo {name}", "pymoo", pymoo(algorithm), problem)
    yield Contender("pycma fmin2, restarts", "cma", pycma(bipop=False), problem)
    yield Contender("pycma fmin2, BIPOP", "cma", pycma(bipop=True), problem)
    yield Contender("SciPy differential evolution", "scipy", scipy_de, problem)
    yield Contender("SciPy differential evolution, vectorized", "scipy", scipy_de_vectorized, problem)
    yield Contender("SciPy dual annealing", "scipy", scipy_annealing, problem)
    yield Contender("SciPy SLSQP, restarts", "scipy", scipy_slsqp, problem)
    for name in ("OnePlusOne", "DE", "CMA"):
        yield Contender(f"nevergrad {name}", "nevergrad", from_nevergrad(name), problem)


class Rows(PymooProblem):
    """A compiled function as pymoo asks it: all points of a generation in one call."""

    def __init__(self, objective: Objective) -> None:
        super().__init__(n_var=DIMENSION, n_obj=1, xl=LOWER, xu=UPPER)
        self.objective = objective

    def _evaluate(self, x: np.ndarray, out: dict[str, object], *_: object, **__: object) -> None:
        out["F"] = np.array([self.objective(row) for row in x])[:, None]


def pymoo(algorithm: Callable[[], Algorithm]) -> Run:
    def run(objective: Objective, _: Constraints | None, max_evaluations: int, seed: int) -> object:
        for start in range(max_evaluations):  # where it ends early
            pymoo_minimize(Rows(objective), algorithm(), ("n_eval", max_evaluations), seed=seed + 1000 * start)
        return None

    return run


def pycma(bipop: bool) -> Run:
    def run(objective: Objective, _: Constraints | None, max_evaluations: int, seed: int) -> object:
        start = np.random.default_rng(seed).uniform(LOWER, UPPER, DIMENSION)
        options = {"bounds": [LOWER, UPPER], "maxfevals": max_evaluations, "seed": seed + 1, "verbose": -9}
        return cma.fmin2(objective, start, 0.3 * (UPPER - LOWER), options, restarts=9, bipop=bipop)

    return run


def scipy_de(objective: Objective, _: Constraints | None, max_evaluations: int, seed: int) -> object:
    bounds = [(LOWER, UPPER)] * DIMENSION
    return differential_evolution(objective, bounds, maxiter=max_evaluations, tol=0.0, polish=False, rng=seed)


def scipy_de_vectorized(objective: Objective, _: Constraints | None, max_evaluations: int, seed: int) -> object:
    return differential_evolution(
        lambda columns: np.array([objective(x) for x in columns.T]),
        [(LOWER, UPPER)] * DIMENSION,
        maxiter=max_evaluations,
        tol=0.0,
        polish=False,
        rng=seed,
        vectorized=True,
        updating="deferred",
    )


def scipy_annealing(objective: Objective, _: Constraints | None, max_evaluations: int, seed: int) -> object:
    return dual_annealing(objective, [(LOWER, UPPER)] * DIMENSION, maxiter=max_evaluations, rng=seed)


def scipy_slsqp(objective: Objective, _: Constraints | None, max_evaluations: int, seed: int) -> object:
    rng = np.random.default_rng(seed)
    for _start in range(max_evaluations):
        start = rng.uniform(LOWER, UPPER, DIMENSION)
        scipy_minimize(objective, start, method="SLSQP", bounds=[(LOWER, UPPER)] * DIMENSION)
    return None


def from_nevergrad(name: str) -> Run:
    def run(objective: Objective, _: Constraints | None, max_evaluations: int, seed: int) -> object:
        space = nevergrad.p.Array(shape=(DIMENSION,)).set_bounds(LOWER, UPPER)
        space.random_state.seed(seed)
        optimizer = nevergrad.optimizers.registry[name](space, budget=max_evaluations)
        return optimizer.minimize(objective)

    return run


def spend(contender: Contender, objective: Objective, constraints: Constraints | None, seed: int) -> float:
    """Processor seconds of a run."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - pycma and others draw from the global generator
    began = time.process_time()
    with contextlib.suppress(BudgetSpent):
        contender.run(objective, constraints, contender.problem.max_evaluations, seed)
    return time.process_time() - began


def calls_of(contender: Contender) -> list[tuple[bool, Vector]]:
    """What a run asks, in its order: whether the constraints, and the point; the run also warms everything up."""
    meter, calls = Meter(contender.problem), []
    limits = meter.constraints

    def objective(x: Vector) -> float:
        calls.append((False, np.array(x)))
        return meter.objective(x)

    def constraints(x: Vector) -> tuple[Vector, Vector]:
        assert limits is not None
        calls.append((True, np.array(x)))
        return limits(x)

    spend(contender, objective, None if limits is None else constraints, seed=0)
    return calls


def measure(contender: Contender, seed: int) -> float:
    """Processor microseconds an evaluation beyond those of the same calls without the optimizer."""
    contender.calls[:] = contender.calls or calls_of(contender)
    meter, bare = Meter(contender.problem), Meter(contender.problem)
    seconds = spend(contender, meter.objective, meter.constraints, seed)
    functions = (bare.objective, bare.constraints or bare.objective)
    began = time.process_time()
    with contextlib.suppress(BudgetSpent):
        for of_constraints, x in contender.calls:
            functions[of_constraints](x)
    bare_seconds = time.process_time() - began
    assert meter.evaluations >= 0.9 * contender.problem.max_evaluations, f"{contender.name} ended early"
    return 1e6 * (seconds / meter.evaluations - bare_seconds / bare.evaluations)


def main() -> int:
    """Prints the table, the means and the ratios; 1 where the bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds: int = parser.parse_args().rounds
    threadpool_limits(1)
    warnings.simplefilter("ignore")
    portfolio, others = [ours(optimizer) for optimizer in OPTIMIZERS], list(peers())
    for seed in range(rounds):
        for contender in [*portfolio, *others]:
            if not contender.costs_us or contender.cost_us < SLOW_US:
                contender.costs_us.append(measure(contender, seed))
    console = Console(width=110)
    table = Table("optimizer", "library", "us an evaluation", "from", "to", "remark", title=f"D = {DIMENSION}")
    for contender in [*portfolio, *others]:
        costs = (contender.cost_us, min(contender.costs_us), max(contender.costs_us))
        table.add_row(contender.name, contender.library, *(f"{cost:,.1f}" for cost in costs), contender.remark)
    console.print(table)
    counted = [contender for contender in portfolio if contender.name != LEFT_OUT]
    same = statistics.mean(contender.cost_us for contender in counted if not contender.remark)
    mean = statistics.mean(contender.cost_us for contender in counted)
    console.print(f"mean of the {sum(not c.remark for c in counted)} on everybody's problem: {same:.1f} us")
    for contender in others:
        console.print(f"{contender.name} costs {contender.cost_us / same:.1f} times that")
    met = mean <= BAR_US
    verdict = "met   " if met else "MISSED"
    console.print(f"{verdict}  {mean:.1f} us, the mean of all {len(counted)} but {LEFT_OUT} (bar <= {BAR_US:g})")
    console.print(f"processors: {os.cpu_count()}, load: {os.getloadavg()[0]:.1f}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
