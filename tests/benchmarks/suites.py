"""Searches the best known value of each real problem for as long as one wishes, and keeps better points.

    nice -n 15 python -m tests.benchmarks.suites [WORDS ...] [--seconds S] [--evaluations N] [--seed N] [--door]

Takes the problems whose names contain one of the words, or all. Each search begins at the best point known here, may
run epsilon-constrained differential evolution for N evaluations, and then SLSQP from random points for S seconds. It
writes better feasible points to tests/references/real_problems.json. With `--door` it searches nothing, but checks each
text as `llamoco-data add` does, in processes of their own. Exits with 1 where a best known value is missed by more than
0.1 %, or a text is refused.
"""

import argparse
import json
import os
import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from rich.console import Console
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from llamoco_data.identity import LlamocoError
from llamoco_data.portfolio import portfolio, program_text
from llamoco_data.problems.checking_apart import check_apart
from llamoco_data.problems.evaluation import Problem, build
from llamoco_data.problems.functions.definition import Vector
from llamoco_data.problems.own_spec import OwnProblemSpec
from llamoco_data.problems.source import load_source
from llamoco_data.problems.spec import EQUALITY_TOLERANCE
from llamoco_data.problems.suites import SuiteProblem, suites
from llamoco_data.texts import execute
from tests.references.real_problems import BEST_POINTS, DATA

CLOSE = 1e-3
"""Relative gap at which a best known value counts as reached."""
HUGE = 1e20
"""What stands for a value that is not finite."""
MARGIN = 1e-10
"""Share of a constraint's scale by which SLSQP keeps away from its limit."""


@dataclass(slots=True)
class Search:
    """A problem in the unit box, with the best point so far."""

    problem: Problem
    scale: Vector
    """Usual magnitude of g and h."""
    best: tuple[float, float] = (np.inf, np.inf)
    """(violation, objective), compared in this order."""
    point: Vector = field(default_factory=lambda: np.zeros(0))
    """The best point, in the unit box."""
    seen: dict[bytes, tuple[float, Vector, Vector]] = field(default_factory=dict)

    def place(self, u: Vector) -> Vector:
        lower, upper = self.problem.lower, self.problem.upper
        return np.clip(lower + u * (upper - lower), lower, upper)

    def within(self, x: Vector) -> Vector:
        return np.clip((x - self.problem.lower) / (self.problem.upper - self.problem.lower), 0, 1)

    def at(self, u: Vector) -> tuple[float, Vector, Vector]:
        """Objective, g and h; the last few points are remembered."""
        key = u.tobytes()
        if key not in self.seen:
            if len(self.seen) > 300:
                self.seen.clear()
            x = self.place(u)
            f = self.problem.objective(x)
            g, h = self.problem.constraints(x)
            f, g, h = (np.nan_to_num(part, nan=HUGE, posinf=HUGE, neginf=-HUGE) for part in (f, g, h))
            self.seen[key] = float(f), g, h
            violation = self.problem.violation(x)
            if (violation, float(f)) < self.best:
                self.best, self.point = (violation, float(f)), u.copy()
        return self.seen[key]

    def values(self, u: Vector) -> Vector:
        f, g, h = self.at(u)
        return np.array([f, *g, *h])

    def descend(self, start: Vector, *, use_slack: bool = False) -> None:
        """SLSQP from a point; variables that are rounded inside stay where they are.

        Args:
            use_slack: whether equalities may miss by their tolerance.
        """
        here = self.values(start)
        step = np.where(start > 0.5, -1e-5, 1e-5)
        moved = np.array([self.values(start + step * row) != here for row in np.eye(len(start))])
        free, alive = np.asarray(moved.any(axis=1)), np.asarray(moved.any(axis=0))[1:]
        num_g = self.problem.spec.num_inequality
        scale_g, scale_h = np.split(self.scale, [num_g])
        alive_g, alive_h = np.split(alive, [num_g])
        limits: list[dict[str, object]] = []
        if alive_g.any():
            limits.append({"type": "ineq", "fun": lambda u: (-self.at(u)[1] / scale_g - MARGIN)[alive_g]})
        if alive_h.any() and use_slack:
            limits.append(
                {"type": "ineq", "fun": lambda u: (1 - 1e-6 - np.abs(self.at(u)[2]) / EQUALITY_TOLERANCE)[alive_h]}
            )
        elif alive_h.any():
            limits.append({"type": "eq", "fun": lambda u: (self.at(u)[2] / scale_h)[alive_h]})
        unit = abs(here[0]) if 1e-12 < abs(here[0]) < HUGE else 1.0
        minimize(
            lambda u: self.at(u)[0] / unit,
            start,
            method="SLSQP",
            bounds=[(0, 1) if may_move else (u, u) for u, may_move in zip(start, free, strict=True)],
            constraints=limits,
            options={"maxiter": 400, "ftol": 1e-15},
        )


def begin(problem: SuiteProblem) -> Search:
    """A search that knows the best point of earlier ones."""
    built = build(spec_of(problem))
    box = built.upper - built.lower
    rows = [
        np.concatenate(built.constraints(built.lower + box * u))
        for u in np.random.default_rng(0).random((60, len(box)))
    ]
    magnitudes = np.abs(np.array(rows))
    magnitudes[~np.isfinite(magnitudes)] = np.nan
    scale = np.nan_to_num(np.nanmedian(magnitudes, axis=0), nan=1.0)
    search = Search(built, np.where(scale < 1e-12, 1.0, scale))
    if problem.name in BEST_POINTS:
        search.at(search.within(np.array(BEST_POINTS[problem.name])))
    return search


def spec_of(problem: SuiteProblem) -> OwnProblemSpec:
    """The spec without the probes of a check."""
    loaded = load_source(problem.text)
    assert isinstance(loaded.lower, np.ndarray), "the unit tests check the files"
    assert isinstance(loaded.upper, np.ndarray), "the unit tests check the files"
    return OwnProblemSpec(
        name=problem.name,
        source=problem.text,
        dimension=problem.dimension,
        lower=tuple(loaded.lower.tolist()),
        upper=tuple(loaded.upper.tolist()),
        max_evaluations=1,
        num_inequality=problem.num_inequality,
        num_equality=problem.num_equality,
    )


def evolve(search: Search, evaluations: int, seed: int) -> None:
    """Epsilon-constrained differential evolution of the portfolio."""
    (candidate, *_) = portfolio(("epsilon_de",))
    program = execute(program_text(candidate.optimizer, candidate.settings), "program").names["minimize"]
    assert callable(program), "a program defines it"
    lower, upper = np.zeros_like(search.problem.lower), np.ones_like(search.problem.lower)
    constraints = (lambda u: search.at(u)[1:]) if search.problem.spec.num_constraints else None
    program(lambda u: search.at(u)[0], lower, upper, evaluations, seed, constraints)


def improve(search: Search, seconds: float, evaluations: int, seed: int) -> None:
    if evaluations:
        evolve(search, evaluations, seed)
    rng, began, count = np.random.default_rng(seed), time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        count += 1
        wanders = count % 3 or not len(search.point)
        start = rng.random(len(search.problem.lower))
        if not wanders:
            start = np.clip(search.point + rng.normal(0, 0.03, len(start)), 0, 1)
        search.descend(start)
    if len(search.point):
        search.descend(search.point)
        search.descend(search.point, use_slack=True)


def search_all(chosen: Sequence[SuiteProblem], seconds: float, evaluations: int, seed: int) -> int:
    """Prints a row for each problem; the number of those whose best known value was missed."""
    console, missed = Console(width=140, highlight=False), 0
    console.print("| problem | best known | found | violation | relative gap | |\n|---|---|---|---|---|---|")
    for problem in chosen:
        search = begin(problem)
        before = search.best
        improve(search, seconds, evaluations, seed)
        violation, f = search.best
        gap = (f - problem.best_known) / abs(problem.best_known)
        reached = violation == 0 and gap <= CLOSE
        missed += not reached
        row = f"| {problem.name} | {problem.best_known:.10g} | {f:.10g} | {violation:.2g} | {gap:.2g} "
        console.print(f"{row}| {'reached' if reached else 'missed'} |", soft_wrap=True)
        if violation == 0 and search.best < before:
            keep(problem.name, search.place(search.point))
    return missed


def keep(name: str, x: Vector) -> None:
    content = json.loads(DATA.read_text(encoding="utf-8"))
    content["points"]["values"][name] = x.tolist()
    DATA.write_text(json.dumps(content, separators=(",", ":")), encoding="utf-8")


def check_all(chosen: Sequence[SuiteProblem]) -> int:
    """Checks each text as `llamoco-data add` does; the number of those refused."""
    refused = 0
    for problem in chosen:
        try:
            checked = check_apart(problem.text, problem.name)
        except LlamocoError as error:
            refused += 1
            print(f"{problem.name}: refused: {error}")
            continue
        print(f"{problem.name}: {checked.evaluation_us:.0f} us", *checked.remarks, sep="; ", flush=True)
    return refused


def main() -> int:
    """Searches or checks the problems that the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--evaluations", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--door", action="store_true")
    arguments = parser.parse_args()
    words: list[str] = arguments.words
    chosen = [problem for problem in suites() if not words or any(word in problem.name for word in words)]
    threadpool_limits(1)
    os.environ["OMP_NUM_THREADS"] = "1"
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    if arguments.door:
        return int(check_all(chosen) > 0)
    return int(search_all(chosen, arguments.seconds, arguments.evaluations, arguments.seed) > 0)


if __name__ == "__main__":
    sys.exit(main())
