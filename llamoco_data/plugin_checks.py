"""Checks of an optimizer's program against the rules that readers and the runner rely on (docs/add-an-optimizer.md).

Each check says in a line what is wrong, or nothing.
"""

import ast
import itertools
import math
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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

Point = NDArray[np.float64]
Function = Callable[[Point], float]
Limits = Callable[[Point], tuple[list[float], list[float]]]


class _Failed(Exception):
    """A rule is broken; the message says how."""


class _Raised(BaseException):
    """What an objective raises in a check: no `except Exception` may hold it up."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What one check found."""

    rule: str
    complaint: str
    """Empty where the rule is kept."""


class _Meter:
    """A problem in a box of uneven sides, which keeps every point that it is asked at."""

    def __init__(self, function: Function, dimension: int, limits: Limits | None = None, fails_at: int = 0) -> None:
        self._function, self._limits, self._fails_at = function, limits, fails_at
        self.lower = np.resize([-1.0, -60.0, 2.0, -0.003, -5.0], dimension)
        self.upper = self.lower + np.resize([3.0, 100.0, 0.01, 0.009, 8.0], dimension)
        self.points: list[Point] = []
        self.scores: list[tuple[float, float]] = []

    def objective(self, x: Point) -> float:
        self.points.append(np.array(x, dtype=np.float64))
        if len(self.points) == self._fails_at:
            self.scores.append((math.inf, math.inf))
            raise _Raised
        value = float(self._function(self._unit(x)))
        violation = 0.0
        if self._limits is not None:
            g, h = self._limits(self._unit(x))
            violation = float(np.maximum(g, 0.0).sum() + np.maximum(np.abs(h) - 1e-4, 0.0).sum())
        self.scores.append((violation, value) if math.isfinite(value) else (math.inf, math.inf))
        return value

    def constraints(self, x: Point) -> tuple[Point, Point]:
        assert self._limits is not None
        g, h = self._limits(self._unit(x))
        return np.array(g, dtype=np.float64), np.array(h, dtype=np.float64)

    def run(self, text: str, evaluations: int, seed: int = 0) -> None:
        """Runs a program, and checks what holds for every run.

        Raises:
            _Failed: a rule is broken.
        """
        best = np.asarray(self.best(text, evaluations, seed))
        _require(len(self.points) <= evaluations, f"it asked for {len(self.points)} evaluations of {evaluations}")
        inside = all((self.lower <= x).all() and (x <= self.upper).all() for x in self.points)
        _require(inside, "it asked for a point outside of the box")
        _require(best.shape == self.lower.shape, f"it returned an array of shape {best.shape}, not {self.lower.shape}")
        there = [score for x, score in zip(self.points, self.scores, strict=True) if np.array_equal(x, best)]
        _require(bool(there), "it returned a point that it never asked for")
        _require(min(there) <= min(self.scores), "it returned another point than the best that it had found")

    def best(self, text: str, evaluations: int, seed: int) -> object:
        """What a program returns, unchecked; it passes on what the objective raises."""
        constraints = None if self._limits is None else self.constraints
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                program = execute(text, "program")
            except Exception as error:  # noqa: BLE001 - the program is somebody's code
                raise _Failed(f"its text fails with {type(error).__name__}: {error}") from None
            try:
                minimize = program.names.get("minimize")
                _require(callable(minimize), "it does not define minimize")
                assert callable(minimize)
                return minimize(self.objective, self.lower.copy(), self.upper.copy(), evaluations, seed, constraints)
            except _Failed:
                raise
            except Exception as error:  # noqa: BLE001 - the program is somebody's code
                raise _Failed(f"it raised {type(error).__name__}: {error}") from None
            finally:
                program.forget()

    def _unit(self, x: Point) -> Point:
        return (np.asarray(x) - self.lower) / (self.upper - self.lower)


def check_program(optimizer: Optimizer) -> Iterator[Checked]:
    """The checks of an optimizer, one after the other; the cheap ones first."""
    for rule, check in _CHECKS.items():
        try:
            check(optimizer)
        except _Failed as failed:
            yield Checked(rule, str(failed))
        else:
            yield Checked(rule, "")


def _require(kept: bool, complaint: str) -> None:
    if not kept:
        raise _Failed(complaint)


def _text(optimizer: Optimizer) -> str:
    return program_text(optimizer.name, {})


def _budget(optimizer: Optimizer, wanted: int) -> int:
    return min(wanted, optimizer.max_evaluations or wanted)


def _limits_for(optimizer: Optimizer) -> Limits | None:
    """Constraints for an optimizer that only applies where there are some."""
    return (lambda u: ([float(u.sum()) - 0.9 * len(u)], [])) if optimizer.needs_constraints else None


def _rugged(u: Point) -> float:
    z = 4 * (u - np.linspace(0.3, 0.6, len(u)))
    return float(np.sum(100 * (z[1:] - z[:-1] ** 2) ** 2) + np.sum(z**2 + 1 - np.cos(9 * z)))


def _sphere(u: Point) -> float:
    return float(np.sum((u - 0.4) ** 2))


def _holed(u: Point) -> float:
    return (math.nan, math.inf, -math.inf)[int(40 * u[1]) % 3] if u[0] > 0.5 else _rugged(u)


def _reads_well(optimizer: Optimizer) -> None:
    text = _text(optimizer)
    lines = len(text.splitlines())
    _require(LEAST_LINES <= lines <= MOST_LINES, f"it has {lines} lines, not {LEAST_LINES} to {MOST_LINES}")
    tree = ast.parse(text)
    _require(bool(ast.get_docstring(tree)), "its first line does not say what the method is and where it comes from")
    for node in tree.body:
        if isinstance(node, ast.Assign):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            _require(len(names) == 1 and names[0].isupper(), f"line {node.lineno} sets something other than a CONSTANT")
    defined = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "minimize"]
    _require(len(defined) == 1, "it does not define minimize once")
    _require(ast.unparse(defined[0].args) == ARGUMENTS, f"minimize does not take ({ARGUMENTS})")
    _require(bool(ast.get_docstring(defined[0])), "minimize has no docstring")


def _imports_little(optimizer: Optimizer) -> None:
    tree = ast.parse(_text(optimizer))
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    others = (
        {module.partition(".")[0] for module in modules} - LIBRARIES - sys.stdlib_module_names - {optimizer.library}
    )
    _require(not others, f"it imports {', '.join(sorted(others))}")


def _settings_exist(optimizer: Optimizer) -> None:
    for values in itertools.product(*optimizer.grid.values()):
        try:
            program_text(optimizer.name, dict(zip(optimizer.grid, values, strict=True)))
        except LlamocoError as error:
            raise _Failed(str(error)) from None


def _spends(optimizer: Optimizer) -> None:
    for dimension, evaluations in ((2, 600), (5, 1_000), (30, 600)):
        if optimizer.max_dimension is None or dimension <= optimizer.max_dimension:
            budget = _budget(optimizer, evaluations)
            meter = _Meter(_rugged, dimension, _limits_for(optimizer))
            meter.run(_text(optimizer), budget)
            spent = len(meter.points)
            _require(
                spent >= LEAST_SPENT * budget, f"in {dimension} variables it spent {spent} of {budget} evaluations"
            )


def _copes_with_little(optimizer: Optimizer) -> None:
    for budget in (1, 2, 7, 20):
        _Meter(_rugged, 4, _limits_for(optimizer)).run(_text(optimizer), budget)


def _goes_on(optimizer: Optimizer) -> None:
    budget = _budget(optimizer, 5_000)
    meter = _Meter(_sphere, 2, _limits_for(optimizer))
    meter.run(_text(optimizer), budget)
    _require(len(meter.points) >= LEAST_SPENT * budget, f"it stopped after {len(meter.points)} of {budget} evaluations")


def _is_decided_by_its_seed(optimizer: Optimizer) -> None:
    asked: list[bytes] = []
    for seed in (7, 7):
        np.random.seed(len(asked))  # noqa: NPY002 - the global generator must not matter
        meter = _Meter(_rugged, 4, _limits_for(optimizer))
        meter.run(_text(optimizer), _budget(optimizer, 400), seed)
        asked.append(np.array(meter.points).tobytes())
    _require(asked[0] == asked[1], "two runs with one seed asked for different points")


def _survives(optimizer: Optimizer) -> None:
    for name, function in (("not finite", _holed), ("all equal", lambda _: 3.0), ("all NaN", lambda _: math.nan)):
        try:
            _Meter(function, 3, _limits_for(optimizer)).run(_text(optimizer), _budget(optimizer, 300))
        except _Failed as failed:
            raise _Failed(f"where values are {name}: {failed}") from None


def _passes_on(optimizer: Optimizer) -> None:
    for call in (1, 2, 47):
        meter = _Meter(_rugged, 3, _limits_for(optimizer), fails_at=call)
        try:
            meter.best(_text(optimizer), 60, 0)
        except _Raised:
            _require(len(meter.points) == call, "it went on after the objective had raised")
        else:
            _require(len(meter.points) < call, "it swallowed what the objective raised")


def _beats_random_search(optimizer: Optimizer) -> None:
    budget = _budget(optimizer, 2_000)
    found, floor = (_Meter(_sphere, 5, _limits_for(optimizer)) for _ in range(2))
    found.run(_text(optimizer), budget)
    floor.run(program_text(BASELINE, {}), budget)
    best, random = min(found.scores)[1], min(floor.scores)[1]
    _require(best < 0.2 * random, f"on a sphere it reached {best:.2g}, random search {random:.2g}")


def _keeps_constraints(optimizer: Optimizer) -> None:
    if not optimizer.takes_constraints:
        return
    meter = _Meter(_sphere, 3, lambda u: ([float(u.sum()) - 0.75, 0.1 - float(u[0])], []))
    meter.run(_text(optimizer), _budget(optimizer, 3_000))
    violation, value = min(meter.scores)
    _require(violation == 0.0, f"its best point on a sphere with two inequalities violates them by {violation:.2g}")
    _require(value < 0.0675 + 5e-3, f"it reached {value:.4f} on a sphere with two inequalities; the optimum is 0.0675")


_CHECKS: Mapping[str, Callable[[Optimizer], None]] = {
    "the text reads like a program of the portfolio": _reads_well,
    "it imports what every reader has": _imports_little,
    "its grid names constants of its file": _settings_exist,
    "it stays in the box, spends its budget and returns its best point": _spends,
    "it copes with budgets from a single evaluation": _copes_with_little,
    "it goes on after it has converged": _goes_on,
    "its seed decides everything": _is_decided_by_its_seed,
    "it survives values that are not finite, and a flat function": _survives,
    "it passes on what the objective raises": _passes_on,
    "it beats random search on a sphere": _beats_random_search,
    "it keeps constraints, if it takes any": _keeps_constraints,
}
"""Rule -> check."""
