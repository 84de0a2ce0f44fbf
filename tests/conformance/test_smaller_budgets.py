"""What a trace says of a smaller budget is what a run with that budget does, for every optimizer that claims so."""

import pytest

from llamoco_data.budgets import at_budget, shorter_budget
from llamoco_data.identity import LlamocoError
from llamoco_data.portfolio import OPTIMIZERS, portfolio, render
from llamoco_data.problems.checking import own_problem
from llamoco_data.problems.sampling import ProblemMixture, sample
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.runs import RunRecord, run_program

pytestmark = pytest.mark.conformance

LONG, SHORT = 1_000, 252
"""The second is a checkpoint of traces."""


def problem(constrained: bool) -> ProblemSpec:
    mixture = ProblemMixture(
        min_dimension=4,
        max_dimension=6,
        min_budget_factor=100,
        max_budget_factor=200,
        constrained_share=float(constrained),
    )
    drawn = (sample(mixture, seed=5, index=index) for index in range(100))
    spec = next(spec for spec in drawn if bool(spec.num_equality) == constrained)  # hardly a random point is feasible
    return spec.model_copy(update={"max_evaluations": LONG})


PROBLEMS = {constrained: problem(constrained) for constrained in (False, True)}
CASES = [
    (optimizer.name, constrained)
    for optimizer in OPTIMIZERS
    for constrained, spec in PROBLEMS.items()
    if not optimizer.limits.follows_budget and not optimizer.declines(spec)
]


def comparable(record: RunRecord) -> RunRecord:
    return record.model_copy(update={"cpu_s": 0.0, "outside_box": 0, "non_finite": 0, "slack_worth": None})


@pytest.mark.parametrize(("name", "constrained"), CASES)
def test_run_cut_at_a_checkpoint_is_the_run_with_that_budget(name: str, constrained: bool):
    spec = PROBLEMS[constrained]
    shorter = spec.model_copy(update={"max_evaluations": SHORT})
    for candidate in portfolio((name,))[:2]:
        whole = run_program(render(candidate, spec), spec, seed=11)
        short = run_program(render(candidate, shorter), shorter, seed=11)
        cut = at_budget(whole, shorter)
        assert comparable(cut) == comparable(short)


def test_optimizers_that_follow_their_budget_do_otherwise_with_a_smaller_one():
    """Or they were left out of the labels for smaller budgets in vain."""
    for optimizer in OPTIMIZERS:
        if optimizer.limits.follows_budget and optimizer.max_evaluations is None:
            spec = PROBLEMS[optimizer.limits.needs_constraints]
            shorter = spec.model_copy(update={"max_evaluations": SHORT})
            candidate = portfolio((optimizer.name,))[0]
            cut = at_budget(run_program(render(candidate, spec), spec, seed=11), shorter)
            short = run_program(render(candidate, shorter), shorter, seed=11)
            assert comparable(cut) != comparable(short), optimizer.name


def test_failed_run_is_failed_at_a_smaller_budget_and_a_larger_one_is_refused():
    spec = PROBLEMS[False]
    shorter = spec.model_copy(update={"max_evaluations": SHORT})
    raised = run_program("def minimize(*_, **__):\n    raise ValueError('no')\n", spec, seed=0)
    cut = at_budget(raised, shorter)
    assert (cut.status, cut.max_evaluations, cut.problem_id) == ("raised", SHORT, shorter.problem_id)
    with pytest.raises(LlamocoError, match="says nothing about 1000"):
        at_budget(cut, spec)


def test_shorter_budget_is_a_checkpoint_within_the_share():
    assert shorter_budget(LONG, 0.3) == SHORT
    assert shorter_budget(LONG, 0.1) == 100
    assert shorter_budget(LONG, 0.001) is None


HARDLY_VALID = """import numpy as np

lower = np.zeros(2)
upper = np.ones(2)
max_evaluations = 100


def objective(x):
    return float(np.sum(x)) if np.sum(x) < 0.45 else float("nan")
"""


def test_run_without_a_valid_point_until_then_is_one_without_a_result():
    spec, random_search = own_problem(HARDLY_VALID), portfolio(("random_search",))[0]
    shorter = spec.with_budget(10)
    cut = [at_budget(run_program(render(random_search, spec), spec, seed), shorter) for seed in range(12)]
    short = [run_program(render(random_search, shorter), shorter, seed) for seed in range(12)]
    assert {record.best_f is None for record in short} == {True, False}
    assert [comparable(record) for record in cut] == [comparable(record) for record in short]


def test_shorter_budget_is_a_checkpoint_of_the_traces():
    spec = PROBLEMS[False]
    record = run_program(render(portfolio(("random_search",))[0], spec), spec, seed=0)
    assert {shorter_budget(LONG, share) for share in (0.02, 0.1, 0.3, 0.9)} <= {n for n, _, _ in record.trace}
