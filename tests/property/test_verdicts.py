"""Laws of the verdict: one total order, whoever else takes part and in whatever order the records come."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llamoco_data.identity import LlamocoError
from llamoco_data.runs import RunRecord
from llamoco_data.verdicts import Verdict, judge, run_scores

pytestmark = pytest.mark.property

CANDIDATES = ("baseline", "b", "c", "d", "e")
HOPELESS = "hopeless"


def run(candidate: str, seed: int, optimum: float | None, **result: Any) -> RunRecord:
    fields: dict[str, Any] = {"status": "completed", "evaluations": 100, **result}
    return RunRecord(problem_id="p", candidate_id=candidate, seed=seed, max_evaluations=100, optimum=optimum, **fields)


def verdict_on(records: list[RunRecord]) -> Verdict:
    return judge(records, order=(*CANDIDATES, HOPELESS), baseline="baseline")


def ending(candidate: str, *errors: float) -> list[RunRecord]:
    """One run for each error above a proven minimum of 0."""
    return [run(candidate, seed, 0.0, best_f=error, violation=0.0) for seed, error in enumerate(errors)]


def scoring(candidate: str, *scores: float) -> list[RunRecord]:
    """One run for each score, where random search ends at 1: its error is so many of the eight decades below that."""
    return ending(candidate, *(1e-8**score for score in scores))


@st.composite
def results(draw: st.DrawFn, optimum: float | None) -> dict:
    """How a run may end; few different values, so that ties happen."""
    if draw(st.integers(0, 5)) == 0:
        return {"status": draw(st.sampled_from(["raised", "bad_return", "crashed", "timed_out", "invalid_program"]))}
    best_f = draw(st.sampled_from([0.0, 1e-9, 1e-3, 1.0, 50.0]))
    violation = draw(st.sampled_from([0.0, 0.0, 0.0, 0.5, 2.0]))
    solved = optimum is not None and violation == 0 and best_f <= 1e-8
    hit = draw(st.sampled_from([10, 60])) if solved else None
    trace = ((100, best_f, violation),)
    return {"best_f": best_f, "violation": violation, "evaluations_to_target": hit, "trace": trace}


@st.composite
def races(draw: st.DrawFn) -> list[RunRecord]:
    optimum = draw(st.sampled_from([0.0, None]))
    candidates = draw(st.lists(st.sampled_from(CANDIDATES), min_size=1, unique=True))
    seeds = range(draw(st.integers(1, 5)))
    return [run(name, seed, optimum, **draw(results(optimum))) for name in candidates for seed in seeds]


@given(races(), st.randoms(use_true_random=False))
def test_verdict_of_shuffled_records_is_the_same(records, random):
    shuffled = list(records)
    random.shuffle(shuffled)
    assert verdict_on(shuffled) == verdict_on(records)


@given(races())
def test_verdict_with_declined_runs_is_the_same(records):
    declined = run(HOPELESS, 0, records[0].optimum, status="declined", evaluations=0)
    assert verdict_on([declined, *records]) == verdict_on(records)


@given(races())
def test_verdict_with_a_candidate_that_always_fails_has_the_same_winner_and_confidence(records):
    fails = [run(HOPELESS, seed, records[0].optimum, status="raised") for seed in range(3)]
    before, after = verdict_on(records), verdict_on([*fails, *records])
    assert (after.winner, after.confidence) == (before.winner, pytest.approx(before.confidence))
    assert after.standings[-1].candidate_id == HOPELESS
    assert [s.win_share for s in after.standings[:-1]] == pytest.approx([s.win_share for s in before.standings])


@given(races(), st.sampled_from([0.0, 1.0, 1e6]))
def test_verdict_with_a_candidate_that_is_never_feasible_moves_no_score(records, best_f):
    hopeless = [run(HOPELESS, seed, records[0].optimum, best_f=best_f, violation=9.0) for seed in range(3)]
    before, after = verdict_on(records), verdict_on([*hopeless, *records])
    scores = {s.candidate_id: s.score for s in after.standings}
    assert [scores[s.candidate_id] for s in before.standings] == [s.score for s in before.standings]


def test_verdict_does_not_make_a_merit_of_many_runs():
    """A race dropped the better candidate after two runs of bad luck in the medians."""
    led = [run("b", seed, 0.0, best_f=1.0, violation=0.0) for seed in range(8)]
    dropped = [run("c", seed, 0.0, best_f=1e-3, violation=0.0) for seed in range(2)]
    assert verdict_on([*led, *dropped]).winner == "c"


def test_verdict_believes_one_good_run_less_than_many_that_are_nearly_as_good():
    floor = [run("baseline", seed, 0.0, best_f=50.0, violation=0.0) for seed in range(3)]
    led = [run("b", seed, 0.0, best_f=1e-3, violation=0.0) for seed in range(8)]
    lucky = [run("c", 0, 0.0, best_f=5e-4, violation=0.0), run("d", 0, 0.0, best_f=1.0, violation=0.0)]
    assert verdict_on([*floor, *led, *lucky]).winner == "b"


@pytest.mark.parametrize(("lucky", "winner"), [(0.66, "c"), (0.61, "b")])
def test_verdict_adds_two_runs_at_the_mean_of_all_candidates(lucky, winner):
    """With three added runs b would win both times, and with one added run c."""
    records = [*ending("baseline", 1.0), *scoring("b", *[0.5] * 8), *scoring("c", lucky)]
    assert verdict_on([*records, *scoring("d", 0.22), *scoring("e", 0.22)]).winner == winner


def test_verdict_gives_one_candidate_with_more_runs_than_all_others_no_advantage():
    good = [run(name, seed, 0.0, best_f=0.1, violation=0.0) for name in ("b", "c") for seed in range(3)]
    poor = [run("d", seed, 0.0, best_f=5.0, violation=0.0) for seed in range(9)]
    assert verdict_on([*poor, *good]).winner == "b"


def test_verdict_scores_from_a_random_point_where_random_search_is_never_feasible():
    trace = ((1, 101.0, 3.0), (100, 40.0, 0.5))
    floor = [run("baseline", seed, None, best_f=40.0, violation=0.5, trace=trace) for seed in range(3)]
    found = [run("b", seed, None, best_f=1.0, violation=0.0, trace=((100, 1.0, 0.0),)) for seed in range(3)]
    worse = [run("c", seed, None, best_f=11.0, violation=0.0, trace=((100, 11.0, 0.0),)) for seed in range(3)]
    standings = {s.candidate_id: s for s in verdict_on([*floor, *found, *worse]).standings}
    assert standings["b"].score == 1
    assert standings["c"].score == pytest.approx(1 / 10)  # one of the ten decades from an error of 100 to 1e-8


@pytest.mark.parametrize("trace", [((1, 0.0, 3.0), (100, 2.0, 0.5)), ()])
def test_verdict_scores_from_ten_tolerances_where_no_random_point_is_further_off(trace):
    floor = run("baseline", 0, None, best_f=2.0, violation=0.5, trace=trace)
    found, near = (run(name, 0, None, best_f=f, violation=0.0) for name, f in (("b", 0.0), ("c", 10**-7.5)))
    standings = verdict_on([floor, found, near]).standings
    assert [(s.candidate_id, s.score) for s in standings[:2]] == [("b", 1.0), ("c", pytest.approx(0.5))]


def test_verdict_without_random_search_scores_from_ten_times_the_largest_error():
    standings = verdict_on([*ending("b", 1.0), *ending("c", 1e-3)]).standings
    assert [s.score for s in standings] == pytest.approx([4 / 9, 1 / 9])  # nine decades lie between 10 and 1e-8


def test_runs_score_all_or_nothing_where_random_search_reaches_the_tolerance():
    assert run_scores(np.array([1e-8, 1e-3, np.inf]), 1e-8, 1e-8).tolist() == [1.0, 0.0, 0.0]


def test_verdict_counts_the_runs_that_have_no_result():
    failed = [run("b", seed, 0.0, status="raised") for seed in range(3)]
    stopped = run("c", 1, 0.0, status="over_budget", best_f=0.5, violation=0.0)
    standings = verdict_on([*failed, *ending("c", 0.5), stopped]).standings
    assert [(s.candidate_id, s.failures) for s in standings] == [("c", 0), ("b", 3)]


def test_verdict_has_those_for_near_ties_that_are_as_good_with_a_probability_of_a_tenth():
    """Of c and d the probabilities are 0.107 and 0.028."""
    led = scoring("b", 0.51, 0.5, 0.49, 0.5, 0.51, 0.5, 0.49, 0.5)
    assert verdict_on([*ending("baseline", 1.0), *led, *scoring("c", 0.48, 0.48)]).near_ties == ("c",)
    assert verdict_on([*ending("baseline", 1.0), *led, *scoring("d", 0.47, 0.47)]).near_ties == ()


@given(races())
def test_verdict_standings_hold_every_candidate_once_and_share_out_the_wins(records):
    verdict = verdict_on(records)
    assert sorted(s.candidate_id for s in verdict.standings) == sorted({record.candidate_id for record in records})
    assert verdict.winner == verdict.standings[0].candidate_id
    assert verdict.confidence == verdict.standings[0].win_share
    assert 0.97 < sum(s.win_share for s in verdict.standings) <= 1  # a little is left for candidates that did not run
    assert verdict.winner not in verdict.near_ties


@given(races())
def test_verdict_ranks_a_feasible_candidate_above_one_that_never_is(records):
    standings = verdict_on(records).standings
    never = [position for position, s in enumerate(standings) if s.feasible_share == 0]
    ever = [position for position, s in enumerate(standings) if s.feasible_share > 0]
    assert not never or not ever or max(ever) < min(never)


@given(races(), st.sampled_from(CANDIDATES[1:]))
def test_verdict_on_equal_results_goes_to_the_first_of_the_catalogue(records, name):
    seeds = {record.seed for record in records}
    optimum = records[0].optimum
    best = {"best_f": 0.0, "violation": 0.0, "evaluations_to_target": 1 if optimum is not None else None}
    equal = [
        run(candidate, seed, optimum, **best, trace=((1, 0.0, 0.0),))
        for candidate in CANDIDATES[CANDIDATES.index(name) :]
        for seed in seeds
    ]
    others = [record for record in records if record.candidate_id in CANDIDATES[: CANDIDATES.index(name)]]
    worse = [record.model_copy(update={"status": "raised"}) for record in others]
    verdict = verdict_on([*worse, *reversed(equal)])
    assert verdict.winner == name
    assert verdict.near_ties == CANDIDATES[CANDIDATES.index(name) + 1 :]


def test_verdict_prefers_fewer_evaluations_where_both_reach_the_target():
    slow = [run("b", seed, 0.0, best_f=0.0, violation=0.0, evaluations_to_target=90) for seed in range(3)]
    fast = [run("c", seed, 0.0, best_f=1e-9, violation=0.0, evaluations_to_target=20) for seed in range(3)]
    assert verdict_on([*slow, *fast]).winner == "c"


def test_verdict_prefers_the_mean_score_not_the_best_run():
    floor = [run("baseline", seed, 0.0, best_f=50.0, violation=0.0) for seed in range(3)]
    steady = [run("b", seed, 0.0, best_f=1e-3, violation=0.0) for seed in range(3)]
    lucky = [run("c", seed, 0.0, best_f=f, violation=0.0) for seed, f in enumerate([0.0, 50.0, 50.0])]
    assert verdict_on([*floor, *steady, *lucky]).winner == "b"


def test_verdict_prefers_a_candidate_that_is_nearly_always_feasible_and_excellent():
    floor = [run("baseline", seed, 0.0, best_f=50.0, violation=0.0) for seed in range(5)]
    poor = [run("b", seed, 0.0, best_f=10.0, violation=0.0) for seed in range(5)]
    fails_once = [run("c", seed, 0.0, best_f=1e-6, violation=float(seed == 0)) for seed in range(5)]
    assert verdict_on([*floor, *poor, *fails_once]).winner == "c"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"baseline": 0.0, "b": 0.0}, "trivial"),
        ({"baseline": 1.0, "b": 1.0}, "no better than random search"),
        ({"baseline": 1.0, "b": 0.5}, None),
        ({"b": 0.0}, None),
    ],
)
def test_verdict_keeps_out_what_teaches_nothing(values, reason):
    records = [run(name, seed, 0.0, best_f=f, violation=0.0) for name, f in values.items() for seed in range(3)]
    assert verdict_on(records).kept_out == reason


def test_verdict_keeps_out_what_random_search_solves_and_another_does_not():
    records = [*ending("baseline", 0.0, 0.0, 1.0), *ending("b", 0.0, 0.0, 0.0), *ending("c", 1.0, 1.0, 1.0)]
    verdict = verdict_on(records)
    assert (verdict.winner, verdict.kept_out) == ("b", "trivial")


def test_verdict_keeps_out_a_winner_whose_score_is_at_most_that_of_random_search():
    never_scores = [*ending("baseline", 1.0, 1.0), run("baseline", 2, 0.0, best_f=0.0, violation=1.0)]
    equal = verdict_on([*never_scores, *ending("b", 1.0, 1.0, 1.0)])
    by_many_runs = verdict_on([*scoring("baseline", 0.0, 0.5), *scoring("b", *[0.24] * 8), *scoring("c", 0.06)])
    for verdict in (equal, by_many_runs):
        assert (verdict.winner, verdict.kept_out) == ("b", "no better than random search")


def test_verdict_without_a_feasible_run_is_unsolved():
    records = [run(name, seed, None, best_f=1.0, violation=0.1) for name in ("baseline", "b") for seed in range(3)]
    assert verdict_on(records).kept_out == "unsolved"


def test_verdict_on_nothing_or_on_two_problems_raises():
    record = run("b", 0, None, best_f=1.0, violation=0.0)
    with pytest.raises(LlamocoError, match="no run to judge"):
        verdict_on([])
    with pytest.raises(LlamocoError, match="one problem"):
        verdict_on([record, record.model_copy(update={"problem_id": "q"})])
