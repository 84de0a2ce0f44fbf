"""The exhaustive policy: every candidate on the same seeds, each once."""

import pytest

from llamoco_data.racing import Exhaustive, Run, most_runs, next_runs
from llamoco_data.runs import RunRecord, run_seed

pytestmark = pytest.mark.unit

CANDIDATES = ("a", "b", "c")


def record_of(run: Run) -> RunRecord:
    return RunRecord(
        problem_id="p", candidate_id=run.candidate_id, seed=run.seed, max_evaluations=10, status="completed"
    )


def wanted(repeats: int, records: list[RunRecord], candidates: tuple[str, ...] = CANDIDATES) -> tuple[Run, ...]:
    return next_runs(Exhaustive(repeats=repeats), "p", candidates, records)


def test_next_runs_of_a_fresh_problem_are_all_repeats_of_all_candidates():
    runs = wanted(2, [])
    assert len(set(runs)) == len(runs) == most_runs(Exhaustive(repeats=2), len(CANDIDATES))
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
    assert {run.candidate_id for run in wanted(2, records, (*CANDIDATES, "d"))} == {"d"}


def test_next_runs_of_a_problem_where_every_candidate_declines_are_none():
    assert wanted(3, [], ()) == ()
