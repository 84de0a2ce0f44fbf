"""Verdicts at smaller budgets: all that ran are compared, few runs are believed less, and unsure labels are none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llamoco_data.budgets import at_budget, shorter_budget
from llamoco_data.identity import LlamocoError
from llamoco_data.portfolio import Candidate, portfolio, render
from llamoco_data.problems.checking import own_problem
from llamoco_data.runs import RunRecord, run_program
from llamoco_data.shrunk_verdicts import judge_shrunk
from llamoco_data.verdicts import Verdict

pytestmark = pytest.mark.unit

NAMES = ("floor", "a", "b", "c", "d")
LINE = """\
import numpy as np

lower, upper = np.zeros(3), np.full(3, 2.0)
max_evaluations = 800


def objective(x):
    return x @ x


def constraints(x):
    return np.zeros(0), np.array([x[0] + x[1] - 1])
"""


def runs(name: str, *errors: float, hit: int | None = None) -> list[RunRecord]:
    """One run for each error; of an infinite one the best point is infeasible."""
    return [
        RunRecord(
            problem_id="p",
            candidate_id=name,
            seed=seed,
            max_evaluations=100,
            status="completed",
            optimum=0.0,
            best_f=error if error < float("inf") else 1.0,
            violation=0.0 if error < float("inf") else 1.0,
            evaluations=100,
            evaluations_to_target=hit,
        )
        for seed, error in enumerate(errors)
    ]


def verdict_on(*of_candidates: list[RunRecord]) -> Verdict:
    records = [record for records in (runs("floor", 1.0), *of_candidates) for record in records]
    return judge_shrunk(records, order=NAMES, baseline="floor")


def test_candidate_that_a_race_gave_many_seeds_does_not_win_for_that():
    """Eight decades lie between the floor and the target, so errors of 1e-2 and 1e-6 score 0.25 and 0.75."""
    led, others = runs("a", *[1e-2] * 10), (runs("b", 1e-6), runs("c", 1e-5))
    verdict = verdict_on(led, *others)
    assert [standing.candidate_id for standing in verdict.standings] == ["b", "c", "a", "floor"]
    assert [standing.score for standing in verdict.standings] == pytest.approx([0.75, 0.625, 0.25, 0.0])


def test_one_lucky_run_is_believed_less_than_many_that_are_nearly_as_good():
    assert verdict_on(runs("a", 1e-6), runs("b", *[2e-6] * 8), runs("c", 1e-1)).winner == "b"


@pytest.mark.parametrize(("lucky", "winner"), [(0.61, "b"), (0.55, "a")])
def test_one_run_at_the_mean_of_all_candidates_is_added(lucky, winner):
    """With two added runs a would win both times, and with none b."""
    many, others = runs("a", *[1e-8**0.5] * 8), (runs("c", 1e-8**0.22), runs("d", 1e-8**0.22))
    assert verdict_on(many, runs("b", 1e-8**lucky), *others).winner == winner


def test_confidence_falls_with_fewer_runs():
    few = verdict_on(runs("a", 1e-6), runs("b", 1e-4), runs("c", 1e-2))
    many = verdict_on(runs("a", *[1e-6] * 10), runs("b", *[1e-4] * 10), runs("c", *[1e-2] * 10))
    assert few.winner == many.winner == "a"
    assert few.confidence < 0.97 < many.confidence


def test_label_that_may_well_be_wrong_by_much_is_none():
    unsure = verdict_on(runs("a", 1e-8, 1.0, 1e-8), runs("b", 1e-7, 1.0, 1e-8), runs("c", 1e-6), runs("d", 1e-1))
    assert unsure.kept_out == "unsure at a smaller budget"
    sure = verdict_on(runs("a", *[1e-7] * 8), runs("b", *[1e-2] * 8), runs("c", 1e-1))
    assert (sure.winner, sure.kept_out) == ("a", None)


@pytest.mark.parametrize(("lead", "kept_out"), [(0.06, "unsure at a smaller budget"), (0.07, None)])
def test_label_is_none_where_another_candidate_gains_more_than_a_twenty_fifth_on_it(lead, kept_out):
    """Over the resamples b gains 0.042 on a, which leads it by 0.06 in every run, or 0.039, where it leads by 0.07."""
    scores = (0.9, 0.5, 0.9, 0.5)
    verdict = verdict_on(runs("a", *(1e-8**s for s in scores)), runs("b", *(1e-8 ** (s - lead) for s in scores)))
    assert (verdict.winner, verdict.kept_out) == ("a", kept_out)


def test_equals_are_in_the_order_of_verdicts_then_of_the_catalogue():
    slow, fast = runs("a", *[0.0] * 4, hit=90), runs("b", *[0.0] * 4, hit=20)
    verdict = verdict_on(slow, fast, runs("c", *[0.0] * 4, hit=20))
    assert [standing.candidate_id for standing in verdict.standings] == ["b", "c", "a", "floor"]
    assert "c" in verdict.near_ties


def test_problem_that_teaches_nothing_is_kept_out_for_that_reason():
    never = float("inf")
    assert verdict_on(runs("a", 1.0), runs("b", 2.0)).kept_out == "no better than random search"
    records = [*runs("floor", never), *runs("a", never, never)]
    assert judge_shrunk(records, order=NAMES, baseline="floor").kept_out == "unsolved"
    with pytest.raises(LlamocoError, match="no run to judge"):
        judge_shrunk([], order=NAMES, baseline="floor")


@st.composite
def unequal_runs(draw: st.DrawFn) -> list[RunRecord]:
    values = st.lists(st.sampled_from([1e-8, 1e-6, 1e-3, 1.0, float("inf")]), min_size=1, max_size=4)
    return [record for name in NAMES for record in runs(name, *draw(values))]


@settings(deadline=None)
@given(unequal_runs(), st.randoms(use_true_random=False))
def test_verdict_does_not_depend_on_the_order_of_the_records(records, random):
    verdict = judge_shrunk(records, order=NAMES, baseline="floor")
    shuffled = list(records)
    random.shuffle(shuffled)
    assert judge_shrunk(shuffled, order=NAMES, baseline="floor") == verdict
    assert 0.97 < sum(standing.win_share for standing in verdict.standings) <= 1
    assert verdict.confidence == verdict.standings[0].win_share
    assert verdict.winner not in verdict.near_ties


def test_label_at_a_smaller_budget_is_no_candidate_that_is_often_infeasible_there():
    """A case that was seen: the race's finalist at 800 evaluations is feasible in seven of ten runs at 200."""
    spec = own_problem(LINE)
    budget = shorter_budget(spec.max_evaluations, 0.3)
    assert budget == 200
    shorter = spec.with_budget(budget)
    leaders = [Candidate(optimizer="crs2", settings={"POPULATION_PER_DIMENSION": size}) for size in (4, 10)]
    others = [portfolio((name,))[0] for name in ("slsqp", "cobyla", "random_search")]
    whole = [
        run_program(render(candidate, spec), spec, seed)
        for candidate in (*leaders, *others)
        for seed in range(4 if candidate in leaders else 1)
    ]
    cut = [at_budget(run, shorter) for run in whole]
    order = [candidate.candidate_id for candidate in (*leaders, *others)]
    assert judge_shrunk(cut, order=order, baseline=order[-1]).winner in order[2:4]
