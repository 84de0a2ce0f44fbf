"""Measures the compiled evaluator beside its peers: evaluations per second, one point a call, in one process.

    python tests/benchmarks/evaluator.py

Prints a table and the ratios, and exits with 1 where a bar is missed: at D = 10 a rotated five-term composition,
counting and tracing included, at least 15 times the same function in plain NumPy and at least 8 times ioh's MA-BBOB
affine combination; a first call in a fresh process within 1.5 s with a warm cache; a worker below 350 MB.
"""

# ioh's stubs lack ManyAffine.
# pyright: reportAttributeAccessIssue=false

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import cocoex
import ioh
import minionpy
import numpy as np
from rich.console import Console
from rich.table import Table

from llamoco_data.problems.evaluation import Meter, build
from llamoco_data.problems.functions import FUNCTION_BY_NAME
from llamoco_data.problems.spec import Component, ProblemSpec

TERMS = ("rastrigin", "ackley", "griewank", "ellipsoid", "rosenbrock")
ROUNDS = 9
"""Every contender is timed once a round, in turn; the median round counts, so that load hits all alike."""

FIRST_CALL = """
import time
began = time.perf_counter()
import json, resource, sys
from llamoco_data.problems.evaluation import Meter, build
from llamoco_data.problems.spec import ProblemSpec
spec = ProblemSpec.from_json(sys.argv[1])
Meter(build(spec)).objective(spec.shifts[0])
seconds = time.perf_counter() - began
import llamoco_data.runs, scipy.optimize, cma, nlopt, minionpy
from llamoco_data.portfolio import portfolio, render
from llamoco_data.runs import run_program
for candidate in portfolio(("bipop_cma_es", "lshade", "slsqp", "cobyla", "dual_annealing", "bayesian_optimization")):
    run_program(render(candidate, spec), spec, 1)
peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([seconds, peak_mb]))
"""


def composition(dimension: int, terms: tuple[str, ...], own_shifts: bool) -> ProblemSpec:
    """A rotated composition with two reflections; with shifts of their own each term is transformed anew."""
    rng = np.random.default_rng(2026)
    count = len(terms) if own_shifts else 1
    return ProblemSpec(
        kind="composition",
        dimension=dimension,
        box=(-5.0, 5.0),
        shifts=tuple(tuple(round(float(v), 1) for v in rng.uniform(-4, 4, dimension)) for _ in range(count)),
        reflections=tuple(tuple(int(v) for v in rng.integers(1, 4, dimension)) for _ in range(2)),
        components=tuple(
            Component(function=name, weight=0.2, scale=1.0, shift=k if own_shifts else 0, reflections=(0, 1))
            for k, name in enumerate(terms)
        ),
        max_evaluations=10_000_000,
    )


def plain_numpy(spec: ProblemSpec) -> Callable[[np.ndarray], float]:
    """The same function as a person would write it: arrays, no loops over coordinates, rotations as matrices."""
    functions = []
    for component in spec.components:
        body = "\n".join(f"    {line}" for line in FUNCTION_BY_NAME[component.function].numpy.splitlines())
        namespace: dict[str, object] = {"np": np}
        exec(f"def f(z):\n{body}", namespace)
        matrix = np.eye(spec.dimension)
        for index in component.reflections:
            v = np.array(spec.reflections[index], dtype=float)
            matrix = (np.eye(spec.dimension) - 2 * np.outer(v, v) / (v @ v)) @ matrix
        shift = np.array(spec.shifts[component.shift])
        functions.append((component.weight, component.scale, shift, matrix, namespace["f"]))

    def objective(x: np.ndarray) -> float:
        return sum(w * f(scale * (matrix @ (x - shift))) for w, scale, shift, matrix, f in functions)

    return objective


def contenders(dimension: int) -> dict[str, tuple[Callable[[np.ndarray], object], int]]:
    """Name -> (function of one point, calls in a round)."""
    shared, own = (composition(dimension, TERMS, own_shifts) for own_shifts in (False, True))
    basic = composition(dimension, ("rastrigin",), False)
    affine = ioh.problem.ManyAffine(1, dimension)
    minion = {
        f"minionpy CEC 2017 F{n} (C++ composition)": minionpy.CEC2017Functions(function_number=n, dimension=dimension)
        for n in (21, 25)
    }
    suite = cocoex.Suite("bbob", "", f"dimensions:{dimension} instance_indices:1")
    bbob = {f"COCO bbob f{n} (C)": suite.get_problem(n - 1) for n in (3, 15, 24)}
    return {
        "compiled: one rotated function (rastrigin)": (Meter(build(basic)).objective, 40_000),
        "compiled: rotated 5-term composition": (Meter(build(shared)).objective, 20_000),
        "compiled: the same, five own shifts": (Meter(build(own)).objective, 20_000),
        "plain NumPy: rotated 5-term composition": (plain_numpy(shared), 1_000),
        "ioh MA-BBOB (C++ affine combination)": (affine, 2_000),
        **{name: (lambda x, f=f: f([x]), 10_000) for name, f in minion.items()},
        **{name: (f, 20_000) for name, f in bbob.items()},
    }


def measure(functions: dict[str, tuple[Callable[[np.ndarray], object], int]], dimension: int) -> dict[str, float]:
    """Evaluations per second of each function: the median of interleaved rounds on the same points."""
    points = list(np.random.default_rng(1).uniform(-5, 5, (1000, dimension)))
    rates: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(ROUNDS):
        for name, (function, calls) in functions.items():
            began = time.perf_counter()
            for i in range(calls):
                function(points[i % 1000])
            rates[name].append(calls / (time.perf_counter() - began))
    return {name: statistics.median(values) for name, values in rates.items()}


def first_call(spec: ProblemSpec) -> tuple[float, float]:
    """Seconds from the start of a fresh process's imports to its first value, and its peak memory in MB after runs."""
    script = [sys.executable, "-c", FIRST_CALL, spec.model_copy(update={"max_evaluations": 300}).to_json()]
    results = [json.loads(subprocess.run(script, check=True, capture_output=True, text=True).stdout) for _ in range(5)]
    return statistics.median(r[0] for r in results), max(r[1] for r in results)


def main() -> int:
    """Prints the table and the ratios; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dimension", type=int, default=10)
    dimension: int = parser.parse_args().dimension
    console = Console()
    functions = contenders(dimension)
    rates = measure(functions, dimension)
    ours = rates["compiled: rotated 5-term composition"]
    table = Table("function", "evaluations/s", "us each", "ours is x times", title=f"One point a call, D = {dimension}")
    for name, rate in rates.items():
        table.add_row(name, f"{rate:,.0f}", f"{1e6 / rate:.2f}", f"{ours / rate:.1f}")
    console.print(table)
    seconds, megabytes = first_call(composition(dimension, TERMS, False))
    bars = [
        ("times plain NumPy", ours / rates["plain NumPy: rotated 5-term composition"], ">=", 15.0),
        ("times ioh MA-BBOB", ours / rates["ioh MA-BBOB (C++ affine combination)"], ">=", 8.0),
        ("seconds to the first value of a fresh process, warm cache", seconds, "<=", 1.5),
        ("MB at most in a worker that ran six optimizers", megabytes, "<=", 350.0),
    ]
    missed = 0
    for name, value, sense, bar in bars:
        met = value >= bar if sense == ">=" else value <= bar
        missed += not met
        console.print(f"{'met   ' if met else 'MISSED'}  {value:8.2f} {name} (bar {sense} {bar:g})")
    console.print(f"processors: {os.cpu_count()}, load: {os.getloadavg()[0]:.1f}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
