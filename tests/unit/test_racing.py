"""Policies: which runs they ask for, in which order, and when they have enough."""

import itertools
from collections import Counter
from collections.abc import Callable, Mapping

import pytest

from llamoco_data.racing import (
    Exhaustive,
    Informed,
    Policy,
    Prospects,
    Race,
    Run,
    most_runs,
    next_runs,
    outlook,
    replayed,
    rule_for,
)
from llamoco_data.recipes import recipe
from llamoco_data.runs import RunRecord, run_seed

pytestmark = pytest.mark.unit

FEW = {name: name for name in "abc"}
"""candidate_id -> optimizer."""
FIELD = {f"{optimizer}{setting}": optimizer for optimizer in "abcdefghij" for setting in range(3)}
"""Ten optimizers with three settings each."""


def record_of(run: Run, best_f: float = 0.0) -> RunRecord:
    return RunRecord(
        problem_id="p",
        candidate_id=run.candidate_id,
        seed=run.seed,
        max_evaluations=10,
        status="completed",
        best_f=best_f,
        violation=0.0,
        optimum=0.0,
    )


def wanted(repeats: int, records: list[RunRecord], optimizers: Mapping[str, str] = FEW) -> tuple[Run, ...]:
    return next_runs(Exhaustive(repeats=repeats), "p", optimizers, records)


INFORMED = Informed(prior="a prior", first_informed=0, full_share=0.0, runs_per_candidate=0.8)
HOPES: Prospects = {"c": 0.5, "j": 0.1, "a": 0.01, "d": 0.001, "e": 0.0, "f": 0.0, "g": 0.0, "h": 0.0, "i": 0.0}
"""Of the ten optimizers, b is unknown."""


def raced(
    policy: Policy,
    field: Mapping[str, str],
    value: Callable[[str], float],
    records: list[RunRecord],
    prospects: Prospects | None = None,
):
    """All records, after every run that the policy asks for; `value` is a candidate's result on any seed."""
    records = list(records)
    while runs := next_runs(policy, "p", field, records, prospects):
        records += [record_of(run, value(run.candidate_id)) for run in runs]
    return records


def position(candidate: str) -> float:
    """The later in the catalogue, the better; of an optimizer's settings the last."""
    return 1.0 - list(FIELD).index(candidate) / 100


def test_races_of_campaigns_have_the_numbers_that_were_measured():
    """Decisions 0008 and 0026 give the reasons."""
    race = Race(opened=0.3, leaders=0.1, kept=0.7, finalists=3, runs_per_candidate=1.0, least_seeds=3, repeats=10)
    informed = Informed(
        prior="a prior",
        first_informed=0,
        full=race,
        full_share=0.1,
        least_gain=0.002,
        opened=3,
        leaders=5,
        kept=0.7,
        finalists=3,
        runs_per_candidate=0.45,
        least_seeds=3,
    )
    assert recipe("standard").policy == race
    assert Informed(prior="a prior", first_informed=0) == informed


def test_next_runs_of_a_fresh_problem_are_all_repeats_of_all_candidates():
    runs = wanted(2, [])
    assert len(set(runs)) == len(runs) == most_runs(Exhaustive(repeats=2), len(FEW))
    assert {run.seed for run in runs} == {run_seed("p", 0), run_seed("p", 1)}


def test_next_runs_finish_one_repeat_of_all_candidates_before_the_next():
    assert [run.candidate_id for run in wanted(2, [])] == ["a", "b", "c"] * 2


def test_next_runs_leave_out_what_was_run_in_whatever_order_and_however_it_ended():
    runs = wanted(2, [])
    records = [record_of(run) for run in runs]
    records[1] = records[1].model_copy(update={"status": "crashed"})
    assert wanted(2, records[:4]) == runs[4:]
    assert wanted(2, records[3::-1]) == runs[4:]
    assert wanted(2, records) == ()


def test_next_runs_after_growth_are_the_new_repeats_and_the_new_candidates():
    records = [record_of(run) for run in wanted(2, [])]
    assert {run.seed for run in wanted(3, records)} == {run_seed("p", 2)}
    more = {**FEW, "d": "d"}
    assert {run.candidate_id for run in wanted(2, records, more)} == {"d"}


@pytest.mark.parametrize("policy", [Exhaustive(repeats=3), Race()])
def test_next_runs_of_a_problem_where_every_candidate_declines_are_none(policy):
    assert next_runs(policy, "p", {}, []) == ()


def test_race_begins_with_every_optimizer_once_in_its_first_settings():
    runs = next_runs(Race(), "p", FIELD, [])
    assert [run.candidate_id for run in runs] == [f"{optimizer}0" for optimizer in "abcdefghij"]
    assert {run.seed for run in runs} == {run_seed("p", 0)}


def test_race_opens_the_settings_of_the_best_optimizers_only():
    policy = Race(opened=0.2)
    first = [record_of(run, position(run.candidate_id)) for run in next_runs(policy, "p", FIELD, [])]
    assert {run.candidate_id for run in next_runs(policy, "p", FIELD, first)} == {"i1", "i2", "j1", "j2"}


def test_race_ends_with_the_best_candidate_run_most_within_its_budget():
    policy = Race()
    records = raced(policy, FIELD, position, [])
    runs = Counter(record.candidate_id for record in records)
    assert runs["j2"] == max(runs.values())
    assert len(records) <= most_runs(policy, len(FIELD))
    assert sum(count == runs["j2"] for count in runs.values()) >= policy.finalists


@pytest.mark.parametrize(
    "policy", [Race(runs_per_candidate=0.1), INFORMED.model_copy(update={"runs_per_candidate": 0.1})]
)
def test_finalists_run_their_least_number_of_seeds_whatever_the_limit(policy: Race | Informed):
    runs = Counter(record.candidate_id for record in raced(policy, FIELD, position, [], HOPES))
    assert runs["j2"] == policy.least_seeds
    assert sum(count == policy.least_seeds for count in runs.values()) >= policy.finalists
    once = raced(policy.model_copy(update={"least_seeds": 1}), FIELD, position, [], HOPES)
    assert len({record.seed for record in once}) == 1


@pytest.mark.parametrize("order", [lambda runs: runs, reversed])
def test_race_of_interrupted_stages_is_the_same(order):
    whole = raced(Race(), FIELD, position, [])
    records: list[RunRecord] = []
    while runs := list(order(next_runs(Race(), "p", FIELD, records))):
        records.append(record_of(runs[0], position(runs[0].candidate_id)))
    assert {(r.candidate_id, r.seed) for r in records} == {(r.candidate_id, r.seed) for r in whole}


def test_race_with_a_new_hopeless_optimizer_asks_for_its_first_run_and_hardly_more():
    before = raced(Race(), FIELD, position, [])
    hopeless = {f"z{setting}": "z" for setting in range(3)}
    after = raced(Race(), {**FIELD, **hopeless}, lambda c: 5.0 if c[0] == "z" else position(c), before)
    new = Counter(record.candidate_id for record in after[len(before) :])
    assert new["z0"] == 1
    assert "z1" not in new
    # Three more candidates allow for three more runs, and open no more than one more optimizer.
    assert new.total() <= 1 + 3 + 2 * len(hopeless)


def test_records_that_count_of_a_grown_race_are_the_runs_of_a_race_that_began_with_all():
    small = {candidate: optimizer for candidate, optimizer in FIELD.items() if optimizer in "abcde"}
    grown = raced(Race(), FIELD, position, raced(Race(), small, position, []))
    fresh = raced(Race(), FIELD, position, [])
    assert len(grown) > len(fresh)
    key = [(record.candidate_id, record.seed) for record in replayed(Race(), "p", FIELD, grown)[0]]
    assert key == [(record.candidate_id, record.seed) for record in fresh]


def test_race_never_repeats_a_run():
    records = raced(Race(runs_per_candidate=3.0), FIELD, position, [])
    assert len({(record.candidate_id, record.seed) for record in records}) == len(records)
    repeats = Counter(record.candidate_id for record in records)
    assert max(repeats.values()) <= Race().repeats


@pytest.mark.parametrize("policy", [Exhaustive(repeats=2), Race()])
def test_outlook_sums_to_the_runs_that_are_made(policy):
    total = sum(outlook(policy, "p", FIELD, []).values())
    made = len(raced(policy, FIELD, position, []))
    assert made <= total <= most_runs(policy, len(FIELD)) + 1e-9
    assert outlook(policy, "p", FIELD, raced(policy, FIELD, position, [])) == {}


def test_outlook_of_an_exhaustive_search_is_exact():
    records = [record_of(run) for run in itertools.islice(wanted(2, []), 4)]
    assert outlook(Exhaustive(repeats=2), "p", FEW, records) == {"a": 0.0, "b": 1.0, "c": 1.0}


def test_informed_race_begins_with_the_optimizers_that_promise_something_and_the_unknown_ones():
    runs = next_runs(INFORMED, "p", FIELD, [], HOPES)
    assert [run.candidate_id for run in runs] == ["a0", "b0", "c0", "j0"]
    always = INFORMED.model_copy(update={"always": ("h",)})
    assert [run.candidate_id for run in next_runs(always, "p", FIELD, [], HOPES)] == ["a0", "b0", "c0", "h0", "j0"]


def test_informed_race_of_which_little_is_promised_still_runs_the_most_promising():
    hopes = dict.fromkeys("jihgfedcba", 0.0)
    assert [run.candidate_id for run in next_runs(INFORMED, "p", FIELD, [], hopes)] == ["h0", "i0", "j0"]


def test_informed_race_opens_the_settings_of_the_best_and_ends_with_seeds_for_them():
    records = raced(INFORMED.model_copy(update={"opened": 1}), FIELD, position, [], HOPES)
    runs = Counter(record.candidate_id for record in records)
    assert {candidate for candidate in runs if candidate[0] == "j"} == {"j0", "j1", "j2"}
    assert not {candidate for candidate in runs if candidate[0] != "j" and candidate[1] != "0"}
    assert runs["j2"] == max(runs.values()) > 1
    assert len(records) <= INFORMED.runs_per_candidate * len(FIELD)


def test_informed_race_without_prospects_or_drawn_by_its_id_is_a_whole_race():
    whole = raced(Race(), FIELD, position, [])
    assert raced(INFORMED, FIELD, position, [], None) == whole
    assert raced(INFORMED.model_copy(update={"full_share": 1.0}), FIELD, position, [], HOPES) == whole
    drawn = [rule_for(Informed(prior="", first_informed=0), f"problem {n}", HOPES) for n in range(1_000)]
    assert 70 <= sum(isinstance(rule, Race) for rule in drawn) <= 130


@pytest.mark.parametrize("order", [lambda runs: runs, reversed])
def test_informed_race_of_interrupted_stages_is_the_same(order):
    whole = raced(INFORMED, FIELD, position, [], HOPES)
    records: list[RunRecord] = []
    while runs := list(order(next_runs(INFORMED, "p", FIELD, records, HOPES))):
        records.append(record_of(runs[0], position(runs[0].candidate_id)))
    assert {(r.candidate_id, r.seed) for r in records} == {(r.candidate_id, r.seed) for r in whole}


def test_records_that_count_of_a_grown_informed_race_are_those_of_one_that_began_with_all():
    small = {candidate: optimizer for candidate, optimizer in FIELD.items() if optimizer in "abcde"}
    grown = raced(INFORMED, FIELD, position, raced(INFORMED, small, position, [], HOPES), HOPES)
    fresh = raced(INFORMED, FIELD, position, [], HOPES)
    assert len(grown) > len(fresh)
    assert list(replayed(INFORMED, "p", FIELD, grown, HOPES)[0]) == fresh


def test_outlook_of_an_informed_race_is_that_of_the_rule_for_its_problem():
    made = len(raced(INFORMED, FIELD, position, [], HOPES))
    assert made <= sum(outlook(INFORMED, "p", FIELD, [], HOPES).values()) <= most_runs(INFORMED, len(FIELD)) + 1e-9
    assert outlook(INFORMED, "p", FIELD, []) == outlook(Race(), "p", FIELD, [])
