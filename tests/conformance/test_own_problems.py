"""A user's own problem is counted, stopped and remembered as any other: same values, same records. About 15 s."""

import numpy as np
import pytest

from llamoco_data.portfolio import OPTIMIZERS, portfolio, program_text
from llamoco_data.portfolio.limits import Limits
from llamoco_data.problems.checking import own_problem
from llamoco_data.problems.evaluation import BudgetSpent, Meter, build
from llamoco_data.problems.own_spec import AnySpec
from llamoco_data.problems.sampling import ProblemMixture, sample
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.runs import run_program, run_seed
from llamoco_data.statements import python_source
from tests.odd_problems import odd_problem
from tests.own_problems import BOWL, mirrored

pytestmark = pytest.mark.conformance

FREE = ProblemMixture(
    min_dimension=3, max_dimension=5, min_budget_factor=20, max_budget_factor=25, constrained_share=0.0
)
CONSTRAINED = FREE.model_copy(update={"constrained_share": 1.0})
SAMPLE = [sample(FREE, 5, 0), sample(CONSTRAINED, 5, 1), sample(CONSTRAINED, 5, 3)]


def first_programs(spec: ProblemSpec) -> dict[str, str]:
    """A program of each optimizer that applies."""
    texts: dict[str, str] = {}
    for candidate in portfolio():
        limits: Limits = next(optimizer.limits for optimizer in OPTIMIZERS if optimizer.name == candidate.optimizer)
        if not limits.declines(spec):
            texts.setdefault(candidate.optimizer, program_text(candidate.optimizer, candidate.settings))
    return texts


def test_sample_has_inequalities_and_equalities_and_none():
    assert {(bool(spec.num_inequality), bool(spec.num_equality)) for spec in SAMPLE} >= {(False, False), (True, True)}


@pytest.mark.parametrize("spec", SAMPLE, ids=lambda spec: spec.problem_id)
def test_every_program_gets_the_record_that_the_compiled_problem_gives(spec: ProblemSpec):
    own = mirrored(spec)
    programs = first_programs(spec)
    assert len(programs) >= 14
    for name, text in programs.items():
        seed = run_seed(spec.problem_id, 0)
        expected, record = (run_program(text, each, seed) for each in (spec, own))
        same = {
            "problem_id": own.problem_id,
            "optimum": None,
            "evaluations_to_target": None,
            "cpu_s": record.cpu_s,
        }
        assert record == expected.model_copy(update=same), name


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        pytest.param(spec, name, id=f"{spec.problem_id}-{name}")
        for spec in SAMPLE
        for name in ("random_search", "pso", "de", "nelder_mead")
        if name != "nelder_mead" or not spec.constraints  # it takes none
    ],
)
def test_statement_of_a_problem_put_in_as_a_user_s_own_gives_its_result(spec: ProblemSpec, name: str):
    """The two evaluators differ in the last digit, which these programs do not amplify: they only compare."""
    expected, record = (
        run_program(program_text(name, {}), each, 11) for each in (spec, own_problem(python_source(spec)))
    )
    assert (record.status, record.evaluations) == ("completed", expected.evaluations)
    assert len(record.trace) == len(expected.trace)
    assert record.best_f == pytest.approx(expected.best_f, rel=1e-9)
    assert record.violation == pytest.approx(expected.violation, rel=1e-9, abs=1e-12)


def state(meter: Meter) -> tuple[object, ...]:
    best_x = None if meter.best_x is None else meter.best_x.tolist()
    counts = (meter.evaluations, meter.outside_box, meter.non_finite, meter.refused)
    return (*counts, meter.best_f, meter.best_violation, best_x, meter.trace())


@pytest.mark.parametrize("seed", range(16))
def test_any_order_of_questions_is_counted_alike(seed: int):
    """Points inside and outside, repeated and not finite; objective and constraints in any order; beyond the budget."""
    spec = odd_problem(seed).model_copy(update={"max_evaluations": 700})
    meters = [Meter(build(each)) for each in (spec, mirrored(spec))]
    random = np.random.default_rng(seed)
    problem = build(spec)
    span = problem.upper - problem.lower
    points = random.uniform(problem.lower - 0.2 * span, problem.upper + 0.2 * span, (600, spec.dimension))
    points[7, 0], points[9, 1] = np.nan, np.inf
    for _ in range(1500):
        x = points[int(random.integers(random.choice([20, 600])))]
        constrained = bool(spec.constraints) and random.random() < 0.5
        first, second = (answer(meter, x, constrained=constrained) for meter in meters)
        np.testing.assert_array_equal(first, second)
    assert state(meters[0]) == state(meters[1])
    assert meters[0].refused


def answer(meter: Meter, x: np.ndarray, *, constrained: bool) -> np.ndarray:
    try:
        if constrained:
            assert meter.constraints is not None
            return np.concatenate(meter.constraints(x))
        return np.array([meter.objective(x)])
    except BudgetSpent:
        return np.array([])


def test_point_that_its_constraints_paid_for_gives_its_objective_once():
    meter = Meter(build(own_problem(BOWL)))
    assert meter.constraints is not None
    x = np.array([0.5, 0.25])
    meter.constraints(x)
    meter.objective(x)
    assert meter.evaluations == 1
    meter.objective(x)
    meter.constraints(x)
    assert meter.evaluations == 2


def changed(old: str, new: str) -> AnySpec:
    """The small problem with a line that works wherever it is checked, and fails in a corner."""
    text = BOWL.replace(old, f"if x[0] > 2.99 and x[1] > 1.99:\n        {new}\n    {old}")
    assert text != BOWL
    return own_problem(text)


@pytest.mark.parametrize(
    "line",
    [
        "raise ValueError",
        "raise SystemExit",
        "1 / 0",
        "return None",
        "return 'a'",
        "return 1j",
        "return np.inf",
        "return np.nan",
        "return np.ones(3)",
        "def f(): return f()\n        f()",
    ],
)
def test_objective_that_fails_at_a_point_gives_a_value_that_is_not_finite(line: str):
    meter = Meter(build(changed("return (x[0]", line)))
    assert meter.objective(np.array([3.0, 2.0])) == 1e300
    assert (meter.evaluations, meter.non_finite, meter.best_f) == (1, 1, None)
    assert meter.objective(np.array([0.0, 0.5])) == 1.0
    assert (meter.evaluations, meter.non_finite, meter.best_f) == (2, 1, 1.0)


@pytest.mark.parametrize(
    "line",
    [
        "raise ValueError",
        "return None",
        "return np.zeros(2), np.zeros(0)",
        "return np.zeros(0), np.zeros(1)",
        "return np.zeros((1, 1)), np.zeros(0)",
        "return np.array([np.inf]), np.zeros(0)",
        "return ['a'], []",
    ],
)
def test_constraints_that_fail_at_a_point_make_it_the_worst_and_finite(line: str):
    meter = Meter(build(changed("g = np", line)))
    meter.objective(np.array([3.0, 2.0]))
    assert meter.best_violation == 1e300
    assert meter.constraints is not None
    g, h = meter.constraints(np.array([3.0, 2.0]))
    assert (g.shape, h.shape) == ((1,), (0,))
    assert not np.isfinite(g[0])
    meter.objective(np.array([2.0, 2.0]))
    assert meter.best_violation == 3.0


def test_program_is_not_blamed_for_an_objective_that_raises():
    """Everywhere: such a problem never passes the check, and still no optimizer fails on it."""
    failing = own_problem(BOWL).model_copy(update={"source": BOWL.replace("    return (x", "    1 / 0\n    return (x")})
    for name, text in first_programs(SAMPLE[1]).items():
        record = run_program(text, failing, 3)
        assert record.status in ("completed", "over_budget"), (name, record.detail)
        assert (record.best_f, record.non_finite) == (None, record.evaluations)


def test_x_that_the_objective_changes_stays_the_program_s_own():
    text = BOWL.replace("    return (x", "    x += 1\n    return (x")
    spoiling = own_problem(BOWL).model_copy(update={"source": text})
    x = np.array([0.0, 0.5])
    Meter(build(spoiling)).objective(x)
    assert x.tolist() == [0.0, 0.5]
