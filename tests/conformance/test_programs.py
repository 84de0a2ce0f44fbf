"""Every program of the portfolio, against the promises that its readers and the runner rely on."""

import json
import math
import os
import subprocess
import sys

import numpy as np
import pytest

from llamoco_data.conformance.programs import RecordedProblem, check_text, rugged, sphere
from llamoco_data.outcomes import one_thread
from llamoco_data.portfolio import BASELINE, OPTIMIZER_BY_NAME, portfolio, program_text
from llamoco_data.threads import ONE_THREAD
from tests.benchmarks.answer_tokens import MAX_TOKENS, Count, stand_in
from tests.programs import CONSTRAINED, NAMES, budget_of, minimize_of

pytestmark = pytest.mark.conformance

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


class Recording(RecordedProblem):
    """A problem that is given to a program of the portfolio by the program's name."""

    def run_named(self, name: str, evaluations: int, seed: int = 0) -> np.ndarray:
        return self.run(program_text(name, {}), evaluations, seed)


@PROGRAMS
def test_program_text_is_short_plain_and_self_contained(name: str):
    assert [checked for checked in check_text(OPTIMIZER_BY_NAME[name]) if checked.complaint] == []


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
    problem.run(program_text(candidate.optimizer, candidate.settings), budget)
    assert len(problem.points) >= 0.9 * budget


@PROGRAMS
@pytest.mark.parametrize("dimension", [2, 50])
def test_program_works_in_few_and_many_dimensions(name: str, dimension: int):
    budget = budget_of(name, 600)
    problem = Recording(rugged, dimension)
    problem.run_named(name, budget)
    assert len(problem.points) >= 0.9 * budget


@PROGRAMS
@pytest.mark.parametrize("budget", [1, 2, 7, 20])
def test_program_copes_with_a_tiny_budget(name: str, budget: int):
    problem = Recording(rugged, 4)
    problem.run_named(name, budget)
    assert len(problem.points) >= 1


@PROGRAMS
def test_program_goes_on_after_it_has_converged(name: str):
    budget = budget_of(name, 10_000)
    problem = Recording(sphere, 2)
    problem.run_named(name, budget)
    assert len(problem.points) >= 0.9 * budget


@pytest.mark.parametrize("name", [name for name in NAMES if name != BASELINE])
def test_program_beats_random_search_on_a_sphere(name: str):
    found, floor = Recording(sphere, 5), Recording(sphere, 5)
    budget = budget_of(name, 2000)
    found.run_named(name, budget)
    floor.run_named(BASELINE, budget)
    assert min(found.scores)[1] < 0.2 * min(floor.scores)[1]


@PROGRAMS
def test_program_is_decided_by_its_seed(name: str):
    budget = budget_of(name, 400)
    runs = []
    for seed in (7, 7, 2**63 - 1):
        np.random.seed(len(runs))  # noqa: NPY002 - what others did to the global generator must not matter
        problem = Recording(rugged, 4)
        problem.run_named(name, budget, seed)
        runs.append(np.array(problem.points).tobytes())
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


@PROGRAMS
def test_program_survives_values_that_are_not_finite(name: str):
    def holed(u: np.ndarray) -> float:
        return (math.nan, math.inf, -math.inf)[int(40 * u[1]) % 3] if u[0] > 0.5 else rugged(u)

    budget = budget_of(name, 600)
    problem = Recording(holed, 3)
    problem.run_named(name, budget)
    assert len(problem.points) >= 0.9 * budget
    assert math.isfinite(min(problem.scores)[1])


@PROGRAMS
@pytest.mark.parametrize("value", [3.0, 0.0, math.nan], ids=str)
def test_program_survives_a_flat_function(name: str, value: float):
    Recording(lambda _: value, 3).run_named(name, budget_of(name, 300))


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
        problem.run_named(name, 60)
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
    problem.run_named(name, budget)
    violation, value = min(problem.scores)
    assert len(problem.points) >= 0.9 * budget
    assert violation == 0.0
    assert value == pytest.approx(0.0675, abs=0.01 if name == BASELINE else 5e-3)


@pytest.mark.parametrize("name", [name for name in CONSTRAINED if name != BASELINE])
def test_program_meets_an_equality(name: str):
    """The optimum is 0.02; who only compares points creeps along the curve, who has a model of it walks."""
    problem = Recording(sphere, 3, lambda u: ([u[2] - 0.5], [u[0] ** 2 + u[1] ** 2 - 0.5]))
    problem.run_named(name, 4000)
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
    problem.run_named(name, 300)


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
