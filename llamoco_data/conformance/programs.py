"""The rules of an optimizer's program, which readers and the runner rely on (docs/add-an-optimizer.md)."""

import ast
import contextlib
import itertools
import math
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from llamoco_data.conformance.rules import Checked, RuleBroken, Rules, checked, require
from llamoco_data.identity import LlamocoError
from llamoco_data.portfolio import BASELINE, Optimizer, program_text
from llamoco_data.texts import execute

LIBRARIES = frozenset({"numpy", "scipy", "cma", "pymoo", "nlopt", "minionpy"})
"""Packages that a program may import, besides the standard library and the one that its entry names."""
MOST_LINES = 110
LEAST_LINES = 15
ARGUMENTS = "objective, lower, upper, max_evaluations, seed, constraints=None"
LEAST_SPENT = 0.9
"""Share of the budget that a program has to spend."""
RECENT_POINTS = 512
"""Number of latest points whose constraints the runner gives for nothing."""

Point = NDArray[np.float64]
Function = Callable[[Point], float]
Limits = Callable[[Point], tuple[Sequence[float], Sequence[float]]]


class _Raised(BaseException):
    """What an objective raises in a check: no `except Exception` may hold it up."""


class RecordedProblem:
    """A problem in a box of uneven sides, which keeps every point that it is asked at, and its (violation, value).

    Functions and limits see points of the unit box.
    """

    def __init__(self, function: Function, dimension: int, limits: Limits | None = None) -> None:
        self.function, self.limits = function, limits
        self.lower = np.resize([-1.0, -60.0, 2.0, -0.003, -5.0], dimension)
        self.upper = self.lower + np.resize([3.0, 100.0, 0.01, 0.009, 8.0], dimension)
        self.points: list[Point] = []
        self.scores: list[tuple[float, float]] = []
        self._recent: deque[bytes] = deque(maxlen=RECENT_POINTS)

    def objective(self, x: Point) -> float:
        """The value at a point, one evaluation."""
        self.points.append(np.array(x, dtype=np.float64))
        self._recent.append(self.points[-1].tobytes())
        self.scores.append((math.inf, math.inf))  # as long as there is no value
        value = float(self.function(self._unit(x)))
        violation = 0.0 if self.limits is None else excess(*self.limits(self._unit(x)))
        if math.isfinite(violation + value):
            self.scores[-1] = (violation, value)
        return value

    def constraints(self, x: Point) -> tuple[Point, Point]:
        """The constraints at a point of a recent evaluation.

        Raises:
            RuleBroken: the point was not evaluated.
        """
        require(np.asarray(x).tobytes() in self._recent, "it asked for constraints at a point that was not paid for")
        assert self.limits is not None
        g, h = self.limits(self._unit(x))
        return np.array(g, dtype=np.float64), np.array(h, dtype=np.float64)

    def run(self, text: str, evaluations: int, seed: int = 0) -> Point:
        """The best point that a program returns, after checks that hold for every run.

        Raises:
            RuleBroken: a rule is broken.
            BaseException: whatever the program raises.
        """
        best = np.asarray(self._minimized(text, evaluations, seed))
        require(len(self.points) <= evaluations, f"it asked for {len(self.points)} evaluations of {evaluations}")
        require(all(x.shape == self.lower.shape for x in self.points), "it asked for something that is no point")
        inside = all((self.lower <= x).all() and (x <= self.upper).all() for x in self.points)
        require(inside, "it asked for a point outside of the box")
        require(best.shape == self.lower.shape, f"it returned an array of shape {best.shape}, not {self.lower.shape}")
        there = [score for x, score in zip(self.points, self.scores, strict=True) if np.array_equal(x, best)]
        require(bool(there), "it returned a point that it never asked for")
        require(min(there) == min(self.scores), "it returned another point than the best that it had found")
        return best

    def _minimized(self, text: str, evaluations: int, seed: int) -> object:
        program = execute(text, "program")
        try:
            minimize = program.names.get("minimize")
            require(callable(minimize), "it does not define minimize")
            assert callable(minimize)
            constraints = None if self.limits is None else self.constraints
            return minimize(
                self.objective, self.lower.copy(), self.upper.copy(), evaluations, seed, constraints=constraints
            )
        finally:
            program.forget()

    def _unit(self, x: Point) -> Point:
        return (np.asarray(x) - self.lower) / (self.upper - self.lower)


def excess(g: Sequence[float], h: Sequence[float]) -> float:
    """By how much constraints are violated together, beyond the tolerance of equalities."""
    return float(np.maximum(g, 0.0).sum() + np.maximum(np.abs(h) - 1e-4, 0.0).sum())


def rugged(u: Point) -> float:
    """A narrow valley between many hills, so that no method is done early."""
    z = 4 * (u - np.linspace(0.3, 0.6, len(u)))
    return float(np.sum(100 * (z[1:] - z[:-1] ** 2) ** 2) + np.sum(z**2 + 1 - np.cos(9 * z)))


def sphere(u: Point) -> float:
    """A bowl."""
    return float(np.sum((u - 0.4) ** 2))


def check_program(optimizer: Optimizer) -> Iterator[Checked]:
    """The checks of an optimizer, one after the other; the cheap ones first."""
    yield from check_text(optimizer)
    yield from checked(_RUNS, optimizer)


def check_text(optimizer: Optimizer) -> Iterator[Checked]:
    """The checks of an optimizer that run nothing."""
    yield from checked(_TEXT, optimizer)


def _text(optimizer: Optimizer) -> str:
    return program_text(optimizer.name, {})


def _budget(optimizer: Optimizer, wanted: int) -> int:
    return min(wanted, optimizer.max_evaluations or wanted)


def _limits_for(optimizer: Optimizer) -> Limits | None:
    """Constraints for an optimizer that only applies where there are some."""
    return (lambda u: ([float(u.sum()) - 0.9 * len(u)], [])) if optimizer.needs_constraints else None


def _holed(u: Point) -> float:
    return (math.nan, math.inf, -math.inf)[int(40 * u[1]) % 3] if u[0] > 0.5 else rugged(u)


def _reads_well(optimizer: Optimizer) -> None:
    text = _text(optimizer)
    lines = len(text.splitlines())
    require(LEAST_LINES <= lines <= MOST_LINES, f"it has {lines} lines, not {LEAST_LINES} to {MOST_LINES}")
    tree = ast.parse(text)
    require(bool(ast.get_docstring(tree)), "its first line does not say what the method is and where it comes from")
    for node in tree.body:
        if isinstance(node, ast.Assign):
            require(_is_constant(node), f"line {node.lineno} sets something other than a CONSTANT to a literal")
    defined = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "minimize"]
    require(len(defined) == 1, "it does not define minimize once")
    require(ast.unparse(defined[0].args) == ARGUMENTS, f"minimize does not take ({ARGUMENTS})")
    require(bool(ast.get_docstring(defined[0])), "minimize has no docstring")


def _is_constant(node: ast.Assign) -> bool:
    names = [target.id for target in node.targets if isinstance(target, ast.Name)]
    try:
        value: object = ast.literal_eval(node.value)
    except ValueError:
        return False
    return len(node.targets) == len(names) == 1 and names[0].isupper() and isinstance(value, int | float | str | tuple)


def _imports_little(optimizer: Optimizer) -> None:
    tree = ast.parse(_text(optimizer))
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    others = (
        {module.partition(".")[0] for module in modules} - LIBRARIES - sys.stdlib_module_names - {optimizer.library}
    )
    require(not others, f"it imports {', '.join(sorted(others))}")


def _settings_exist(optimizer: Optimizer) -> None:
    for values in itertools.product(*optimizer.grid.values()):
        try:
            program_text(optimizer.name, dict(zip(optimizer.grid, values, strict=True)))
        except LlamocoError as error:
            raise RuleBroken(str(error)) from None


def _spends(optimizer: Optimizer) -> None:
    for dimension, evaluations in ((2, 600), (5, 1_000), (30, 600)):
        if optimizer.max_dimension is None or dimension <= optimizer.max_dimension:
            budget = _budget(optimizer, evaluations)
            problem = RecordedProblem(rugged, dimension, _limits_for(optimizer))
            problem.run(_text(optimizer), budget)
            spent = len(problem.points)
            require(spent >= LEAST_SPENT * budget, f"in {dimension} variables it spent {spent} of {budget} evaluations")


def _copes_with_little(optimizer: Optimizer) -> None:
    for budget in (1, 2, 7, 20):
        RecordedProblem(rugged, 4, _limits_for(optimizer)).run(_text(optimizer), budget)


def _goes_on(optimizer: Optimizer) -> None:
    budget = _budget(optimizer, 5_000)
    problem = RecordedProblem(sphere, 2, _limits_for(optimizer))
    problem.run(_text(optimizer), budget)
    require(
        len(problem.points) >= LEAST_SPENT * budget, f"it stopped after {len(problem.points)} of {budget} evaluations"
    )


def _is_decided_by_its_seed(optimizer: Optimizer) -> None:
    asked: list[bytes] = []
    for seed in (7, 7):
        np.random.seed(len(asked))  # noqa: NPY002 - the global generator must not matter
        problem = RecordedProblem(rugged, 4, _limits_for(optimizer))
        problem.run(_text(optimizer), _budget(optimizer, 400), seed)
        asked.append(np.array(problem.points).tobytes())
    require(asked[0] == asked[1], "two runs with one seed asked for different points")


def _survives(optimizer: Optimizer) -> None:
    for name, function in (("not finite", _holed), ("all equal", lambda _: 3.0), ("all NaN", lambda _: math.nan)):
        problem = RecordedProblem(function, 3, _limits_for(optimizer))
        try:
            problem.run(_text(optimizer), _budget(optimizer, 300))
        except Exception as error:  # noqa: BLE001 - the program is somebody's code
            what = str(error) if isinstance(error, RuleBroken) else f"it raised {type(error).__name__}: {error}"
            raise RuleBroken(f"where values are {name}: {what}") from None


def _passes_on(optimizer: Optimizer) -> None:
    for call in (1, 2, 47):
        asked = _asked_until_raised(optimizer, call)
        require(asked <= call, "it went on after the objective had raised")


def _asked_until_raised(optimizer: Optimizer, call: int) -> int:
    """The number of evaluations that a program asks for, of 60, where the objective raises in one of them.

    Raises:
        RuleBroken: the program swallowed it.
    """
    asked = 0

    def failing(u: Point) -> float:
        nonlocal asked
        asked += 1
        if asked == call:
            raise _Raised
        return rugged(u)

    problem = RecordedProblem(failing, 3, _limits_for(optimizer))
    with contextlib.suppress(_Raised):
        problem.run(_text(optimizer), 60)
        require(asked < call, "it swallowed what the objective raised")
    return asked


def _beats_random_search(optimizer: Optimizer) -> None:
    budget = _budget(optimizer, 2_000)
    found, floor = (RecordedProblem(sphere, 5, _limits_for(optimizer)) for _ in range(2))
    found.run(_text(optimizer), budget)
    floor.run(program_text(BASELINE, {}), budget)
    best, random = min(found.scores)[1], min(floor.scores)[1]
    require(best < 0.2 * random, f"on a sphere it reached {best:.2g}, random search {random:.2g}")


def _keeps_constraints(optimizer: Optimizer) -> None:
    if not optimizer.takes_constraints:
        return
    problem = RecordedProblem(sphere, 3, lambda u: ([float(u.sum()) - 0.75, 0.1 - float(u[0])], []))
    problem.run(_text(optimizer), _budget(optimizer, 3_000))
    violation, value = min(problem.scores)
    require(violation == 0.0, f"its best point on a sphere with two inequalities violates them by {violation:.2g}")
    require(value < 0.0675 + 5e-3, f"it reached {value:.4f} on a sphere with two inequalities; the optimum is 0.0675")


_TEXT: Rules[Optimizer] = {
    "the text reads like a program of the portfolio": _reads_well,
    "it imports what every reader has": _imports_little,
    "its grid names constants of its file": _settings_exist,
}
_RUNS: Rules[Optimizer] = {
    "it stays in the box, spends its budget and returns its best point": _spends,
    "it copes with budgets from a single evaluation": _copes_with_little,
    "it goes on after it has converged": _goes_on,
    "its seed decides everything": _is_decided_by_its_seed,
    "it survives values that are not finite, and a flat function": _survives,
    "it passes on what the objective raises": _passes_on,
    "it beats random search on a sphere": _beats_random_search,
    "it keeps constraints, if it takes any": _keeps_constraints,
}
"""Those that read the text, and those that run it."""
