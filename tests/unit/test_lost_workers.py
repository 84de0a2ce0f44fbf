"""What is held against a run when its worker is lost, and what is not."""

import pytest

from llamoco_data.campaign.driver import program_of
from llamoco_data.execution import ByPolicy, Lost, Progress, Task, after_lost, after_progress, drawn
from llamoco_data.execution.lost_workers import MAX_LOST_NODES, MAX_LOST_WORKERS
from llamoco_data.execution.work import Draw, advance
from llamoco_data.portfolio.stored_candidates import stored_candidates
from llamoco_data.runs import RunRecord
from tests.campaigns import SMALL

pytestmark = pytest.mark.unit

CANDIDATES = stored_candidates(("random_search", "nelder_mead"))
PROGRAMS = [program_of(candidate) for candidate in CANDIDATES]
SINGLE = Task(
    index=0,
    problem=Draw(mixture=SMALL.mixture, seed=SMALL.seed, index=0),
    wants=ByPolicy(policy=SMALL.policy, optimizers={c.candidate_id: c.optimizer for c in CANDIDATES}),
    time_limit_s=60.0,
    single=True,
)
CRASHED = Lost("crashed", "its worker process died")
TIMED_OUT = Lost("timed_out", "it did not end")
NODE_LOST = Lost("crashed", "its worker process died", by_node=True)


def after(task: Task, *losses: Lost) -> tuple[Task, list[RunRecord]]:
    """The task after losses in a row, and what was recorded."""
    records: list[RunRecord] = []
    for lost in losses:
        task, record = after_lost(task, lost, PROGRAMS)
        records += [record] if record is not None else []
    return task, records


@pytest.mark.parametrize("lost", [CRASHED, TIMED_OUT, NODE_LOST])
def test_slice_that_is_lost_is_repeated_one_run_at_a_time_and_blames_none(lost: Lost):
    task, records = after(SINGLE.model_copy(update={"single": False}), lost)
    assert (task, records) == (SINGLE, [])


def test_run_is_recorded_after_two_crashes_the_second_of_them_alone():
    task, records = after(SINGLE, *[CRASHED] * (MAX_LOST_WORKERS - 1))
    assert task.alone
    assert not records
    task, records = after(task, CRASHED)
    assert [record.status for record in records] == ["crashed"]
    assert task == SINGLE.model_copy(update={"problem": drawn(SINGLE.problem), "records": tuple(records)})


def test_record_of_a_lost_run_tells_how_its_program_was_confined():
    task = SINGLE.model_copy(update={"confined": "filtered"})
    _, (record,) = after(task, *[CRASHED] * MAX_LOST_WORKERS)
    assert record.tier == "filtered"


def test_run_that_misses_its_deadline_twice_is_recorded_and_keeps_no_node_to_itself():
    task, records = after(SINGLE, *[TIMED_OUT] * (MAX_LOST_WORKERS - 1))
    assert not task.alone
    assert not records
    assert [record.status for record in after(task, TIMED_OUT)[1]] == ["timed_out"]


def test_nodes_lost_between_two_crashes_neither_count_nor_wipe_out():
    task, records = after(SINGLE, NODE_LOST, CRASHED, *[NODE_LOST] * (MAX_LOST_NODES - 2))
    assert task.alone
    assert not records
    assert [record.detail for record in after(task, CRASHED)[1]] == [CRASHED.detail]


def test_run_under_which_ten_nodes_are_lost_is_recorded_as_what_it_looks_like():
    task, records = after(SINGLE, *[NODE_LOST] * (MAX_LOST_NODES - 1))
    assert not records
    (record,) = after(task, NODE_LOST)[1]
    assert (record.status, record.detail) == ("crashed", "10 nodes were lost in a row while it ran")


def test_next_run_of_a_problem_begins_with_a_clean_record():
    task, _ = after(SINGLE, NODE_LOST, CRASHED)
    progress = advance(task, PROGRAMS)
    assert isinstance(progress, Progress)
    rest = after_progress(task, progress)
    assert rest == SINGLE.model_copy(update={"problem": progress.problem, "records": progress.records})
