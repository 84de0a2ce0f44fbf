"""Every program of the portfolio, against the promises that its readers and the runner rely on."""

import ast
import json
import math
import os
import subprocess
import sys
from collections import deque

import numpy as np
import pytest

from llamoco_data.outcomes import one_thread
from llamoco_data.portfolio import BASELINE, portfolio, program_text
from llamoco_data.threads import ONE_THREAD
from tests.benchmarks.answer_tokens import MAX_LINES, MAX_TOKENS, Count, stand_in
from tests.programs import CONSTRAINED, FOLDER, NAMES, budget_of, minimize_of

pytestmark = pytest.mark.conformance

LIBRARIES = {"numpy", "scipy", "cma", "pymoo", "nlopt", "minionpy"}
RECENT_POINTS = 512
"""The runner gives the constraints of this many latest points for nothing."""

MODELS_CONSTRAINTS = {"cobyla", "epsilon_de_slsqp", "sampling_cobyla", "sampling_slsqp", "slsqp", "trust_constr"}
"""Programs that follow the constraints by a model of them; the others compare points by the feasibility rules."""

LONGER = {
    "bayesian_optimization": 1_345,
    "bipop_cma_es_lbfgsb": 1_320,
    "sep_cma_es": 1_370,
    "simulated_annealing_bobyqa": 1_310,
    "trust_constr": 1_320,
}
"""Tokens, by the stand-in, of programs that it counts longer than 1,300; SmolLM2's own tokenizer counts fewer."""

PROGRAMS = pytest.mark.parametrize("name", NAMES)
CONSTRAINED_PROGRAMS = pytest.mark.parametrize("name", CONSTRAINED)


class Recording:
    """A problem in a box of uneven sides that keeps every point it is asked at, and its (violation, value)."""

    def __init__(self, function, dimension: int, constraints=None):
        self.function, self.limits = function, constraints
        self.lower = np.resize([-1.0, -60.0, 2.0, -0.003, -5.0], dimension)
        self.upper = self.lower + np.resize([3.0, 100.0, 0.01, 0.009, 8.0], dimension)
        self.points: list[np.ndarray] = []
        self.scores: list[tuple[float, float]] = []
        self.recent: deque[bytes] = deque(maxlen=RECENT_POINTS)

    def unit(self, x: np.ndarray) -> np.ndarray:
        return (x - self.lower) / (self.upper - self.lower)

    def objective(self, x: np.ndarray) -> float:
        self.points.append(np.array(x, dtype=np.float64))
        self.recent.append(self.points[-1].tobytes())
        value = float(self.function(self.unit(x)))
        violation = 0.0 if self.limits is None else excess(*self.limits(self.unit(x)))
        self.scores.append((violation, value) if math.isfinite(violation + value) else (math.inf, math.inf))
        return value

    def constraints(self, x: np.ndarray):
        assert np.asarray(x).tobytes() in self.recent, "constraints asked at a point that was not paid for"
        assert self.limits is not None
        g, h = self.limits(self.unit(x))
        return np.array(g, dtype=np.float64), np.array(h, dtype=np.float64)

    def run(self, name: str, evaluations: int, seed: int = 0) -> np.ndarray:
        """Best point that the program returns, after checks that hold for every run."""
        return self.run_text(program_text(name, {}), evaluations, seed)

    def run_text(self, text: str, evaluations: int, seed: int = 0) -> np.ndarray:
        constraints = None if self.limits is None else self.constraints
        x = minimize_of(text)(
            self.objective, self.lower.copy(), self.upper.copy(), evaluations, seed, constraints=constraints
        )
        assert len(self.points) <= evaluations
        points = np.array(self.points)
        assert points.shape == (len(points), len(self.lower))
        assert (points >= self.lower).all()
        assert (points <= self.upper).all()
        rank = [score for point, score in zip(self.points, self.scores, strict=True) if np.array_equal(point, x)]
        assert min(rank) == min(self.scores), "it returned another point than its best"
        return np.asarray(x)


def excess(g, h) -> float:
    return float(np.maximum(g, 0.0).sum() + np.maximum(np.abs(h) - 1e-4, 0.0).sum())


def rugged(u: np.ndarray) -> float:
    """A narrow valley between many hills, so that no method is done early."""
    z = 4 * (u - np.linspace(0.3, 0.6, len(u)))
    return float(np.sum(100 * (z[1:] - z[:-1] ** 2) ** 2) + np.sum(z**2 + 1 - np.cos(9 * z)))


def sphere(u: np.ndarray) -> float:
    return float(np.sum((u - 0.4) ** 2))


@PROGRAMS
def test_program_text_is_short_plain_and_self_contained(name: str):
    text = (FOLDER / f"{name}.py").read_text()
    assert 15 <= len(text.splitlines()) <= MAX_LINES
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "its first line says what the method is"
    for node in tree.body:
        if isinstance(node, ast.Assign):
            (target,) = node.targets
            assert isinstance(target, ast.Name)
            assert target.id.isupper()
            assert isinstance(ast.literal_eval(node.value), int | float | bool | str | tuple)
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {module.split(".")[0] for module in modules} <= LIBRARIES | sys.stdlib_module_names
    (minimize,) = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "minimize"]
    assert ast.unparse(minimize.args) == "objective, lower, upper, max_evaluations, seed, constraints=None"
    assert ast.get_docstring(minimize)


@pytest.fixture(scope="module")
def count_tokens() -> Count:
    return stand_in()


@PROGRAMS
def test_program_is_short_enough_for_an_answer(name: str, count_tokens: Count):
    assert count_tokens(program_text(name, {})) <= LONGER.get(name, MAX_TOKENS)


@pytest.mark.parametrize("candidate", portfolio(), ids=lambda c: f"{c.optimizer}-{c.settings}")
def test_candidate_spends_its_budget_inside_the_box(candidate):
    budget = budget_of(candidate.optimizer, 1000)
    problem = Recording(rugged, 5)
    problem.run_text(program_text(candidate.optimizer, candidate.settings), budget)
    assert len(problem.points) >= 0.9 * budget


@PROGRAMS
@pytest.mark.parametrize("dimension", [2, 50])
def test_program_works_in_few_and_many_dimensions(name: str, dimension: int):
    budget = budget_of(name, 600)
    problem = Recording(rugged, dimension)
    problem.run(name, budget)
    assert len(problem.points) >= 0.9 * budget


@PROGRAMS
@pytest.mark.parametrize("budget", [1, 2, 7, 20])
def test_program_copes_with_a_tiny_budget(name: str, budget: int):
    problem = Recording(rugged, 4)
    problem.run(name, budget)
    assert len(problem.points) >= 1


@PROGRAMS
def test_program_goes_on_after_it_has_converged(name: str):
    budget = budget_of(name, 10_000)
    problem = Recording(sphere, 2)
    problem.run(name, budget)
    assert len(problem.points) >= 0.9 * budget


@pytest.mark.parametrize("name", [name for name in NAMES if name != BASELINE])
def test_program_beats_random_search_on_a_sphere(name: str):
    found, floor = Recording(sphere, 5), Recording(sphere, 5)
    budget = budget_of(name, 2000)
    found.run(name, budget)
    floor.run(BASELINE, budget)
    assert min(found.scores)[1] < 0.2 * min(floor.scores)[1]


@PROGRAMS
def test_program_is_decided_by_its_seed(name: str):
    budget = budget_of(name, 400)
    runs = []
    for seed in (7, 7, 2**63 - 1):
        np.random.seed(len(runs))  # noqa: NPY002 - what others did to the global generator must not matter
        problem = Recording(rugged, 4)
        problem.run(name, budget, seed)
        runs.append(np.array(problem.points).tobytes())
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


@PROGRAMS
def test_program_survives_values_that_are_not_finite(name: str):
    def holed(u: np.ndarray) -> float:
        return (math.nan, math.inf, -math.inf)[int(40 * u[1]) % 3] if u[0] > 0.5 else rugged(u)

    budget = budget_of(name, 600)
    problem = Recording(holed, 3)
    problem.run(name, budget)
    assert len(problem.points) >= 0.9 * budget
    assert math.isfinite(min(problem.scores)[1])


@PROGRAMS
@pytest.mark.parametrize("value", [3.0, 0.0, math.nan], ids=str)
def test_program_survives_a_flat_function(name: str, value: float):
    Recording(lambda _: value, 3).run(name, budget_of(name, 300))


class Halt(Exception):
    """Something goes wrong in the objective."""


class Stop(BaseException):
    """The runner's signal: no library's `except Exception` may hold it up."""


@PROGRAMS
@pytest.mark.parametrize("error", [Halt, Stop, RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("call", [1, 2, 47])
def test_program_passes_on_what_the_objective_raises(name: str, error: type[BaseException], call: int):
    def failing(u: np.ndarray) -> float:
        if len(problem.points) >= call:
            raise error("from the objective")
        return rugged(u)

    problem = Recording(failing, 3)
    with pytest.raises(error, match=r"^from the objective$") as caught:
        problem.run(name, 60)
    assert caught.type is error
    assert len(problem.points) == call


@CONSTRAINED_PROGRAMS
@pytest.mark.parametrize("call", [1, 30])
def test_program_passes_on_what_the_constraints_raise(name: str, call: int):
    calls = []

    def failing(x: np.ndarray):
        calls.append(x)
        if len(calls) >= call:
            raise Halt("from the constraints")
        return [x[0] - 1.0], []

    minimize = minimize_of(program_text(name, {}))
    with pytest.raises(Halt):
        minimize(sphere, np.zeros(3), np.ones(3), 60, 0, constraints=failing)


@CONSTRAINED_PROGRAMS
def test_program_finds_the_feasible_optimum_of_a_sphere(name: str):
    """The optimum, 3 * 0.15^2, is where the inequality holds with equality."""
    problem = Recording(sphere, 3, lambda u: ([u.sum() - 0.75, 0.1 - u[0]], []))
    budget = 3000
    problem.run(name, budget)
    violation, value = min(problem.scores)
    assert len(problem.points) >= 0.9 * budget
    assert violation == 0.0
    assert value == pytest.approx(0.0675, abs=0.01 if name == BASELINE else 5e-3)


@pytest.mark.parametrize("name", [name for name in CONSTRAINED if name != BASELINE])
def test_program_meets_an_equality(name: str):
    """The optimum is 0.02; who only compares points creeps along the curve, who has a model of it walks."""
    problem = Recording(sphere, 3, lambda u: ([u[2] - 0.5], [u[0] ** 2 + u[1] ** 2 - 0.5]))
    problem.run(name, 4000)
    violation, value = min(problem.scores)
    assert violation == 0.0
    assert value < (0.02001 if name in MODELS_CONSTRAINTS else 0.3)


@CONSTRAINED_PROGRAMS
@pytest.mark.parametrize(
    "limits",
    [lambda u: ([], [u[0] - u[1]]), lambda u: ([u[0] + 1.0], []), lambda u: ([math.nan if u[0] < 0.5 else -1.0], [])],
    ids=["equality only", "infeasible", "not finite"],
)
def test_program_returns_its_best_point_under_odd_constraints(name: str, limits):
    problem = Recording(rugged, 4, limits)
    problem.run(name, 300)


STANDALONE = """
import json, sys
sys.modules["llamoco_data"] = None  # wherever the project is installed, a program must not find it
import numpy as np
for name, (text, budget) in json.load(sys.stdin).items():
    program = {"__name__": "program"}
    exec(compile(text, name, "exec"), program)
    value = lambda x: float(np.sum((x - 0.4) ** 2) + 0.1 * np.cos(20 * x[0]))
    print(json.dumps([name, program["minimize"](value, -np.ones(4), np.ones(4), budget, 5).tolist()]))
"""


def test_programs_give_the_same_result_alone_in_another_process(tmp_path):
    texts = {name: (program_text(name, {}), budget_of(name, 200)) for name in NAMES}
    done = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", STANDALONE],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, **ONE_THREAD},  # the number of threads moves last digits, and runs have one
        check=False,
        timeout=120,
    )
    one_thread()
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == [], "a program leaves no files behind"

    def value(x: np.ndarray) -> float:
        return float(np.sum((x - 0.4) ** 2) + 0.1 * np.cos(20 * x[0]))

    alone = dict(map(json.loads, done.stdout.splitlines()))
    here = {
        name: minimize_of(text)(value, -np.ones(4), np.ones(4), budget, 5).tolist()
        for name, (text, budget) in texts.items()
    }
    assert alone == here
