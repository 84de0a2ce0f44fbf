"""Campaign folders: interrupted, resumed, grown and read back, nothing is lost and nothing is run twice."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from llamoco_data.campaign import (
    Outcome,
    load_campaign,
    plan,
    read_candidates,
    read_problems,
    run_campaign,
    status,
)
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.portfolio import portfolio, program_text
from llamoco_data.racing import Exhaustive
from llamoco_data.runs import RunRecord
from tests.campaigns import SMALL, OneRunSlices, grown, results

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed") / "c"
    run_campaign(folder, SMALL, InlineExecutor())
    return folder


def stopping_after(num_slices: int) -> Callable[[], bool]:
    asked = iter(range(num_slices))
    return lambda: next(asked, None) is None


def rerun(folder: Path, spec=SMALL, stop: Callable[[], bool] = lambda: False) -> Outcome:
    return run_campaign(folder, spec, OneRunSlices(InlineExecutor()), stop=stop)


def test_campaign_that_is_interrupted_and_resumed_ends_in_the_same_rows(undisturbed: Path, tmp_path: Path):
    folder, evaluations, runs = tmp_path / "c", 0, 0
    for num_slices in (1, 5, 0, 12, 3):
        outcome = rerun(folder, stop=stopping_after(num_slices))
        assert outcome.drained
        assert outcome.progress.new_runs == num_slices
        evaluations, runs = evaluations + outcome.progress.new_evaluations, runs + outcome.progress.new_runs
        assert len(results(folder)) == runs
    last = rerun(folder)
    assert results(folder) == results(undisturbed)
    assert not last.drained
    assert runs + last.progress.new_runs == len(results(undisturbed))
    assert evaluations + last.progress.new_evaluations == sum(record.evaluations for record in results(undisturbed))


def test_campaign_that_is_finished_runs_nothing_and_writes_nothing(undisturbed: Path):
    before = files_of(undisturbed)
    outcome = run_campaign(undisturbed, SMALL, InlineExecutor())
    assert (outcome.progress.new_runs, outcome.drained) == (0, False)
    assert outcome.progress.problems_done == outcome.progress.problems_total == SMALL.num_problems
    assert files_of(undisturbed) == before


@pytest.mark.parametrize(
    ("change", "is_new"),
    [
        ({"num_problems": 6}, lambda record, old: record.problem_id not in {r.problem_id for r in old}),
        ({"policy": Exhaustive(repeats=3)}, lambda record, old: record.seed not in {r.seed for r in old}),
        (
            {"optimizers": (*SMALL.optimizers, "pso")},
            lambda record, old: record.candidate_id not in {r.candidate_id for r in old},
        ),
    ],
    ids=["problems", "repeats", "optimizers"],
)
def test_campaign_that_grows_runs_only_what_is_new(
    change: dict, is_new: Callable[[RunRecord, list[RunRecord]], bool], tmp_path: Path
):
    run_campaign(tmp_path / "grown", SMALL, InlineExecutor())
    before = results(tmp_path / "grown")
    outcome = run_campaign(tmp_path / "grown", grown(**change), InlineExecutor())
    run_campaign(tmp_path / "whole", grown(**change), InlineExecutor())
    after = results(tmp_path / "grown")
    assert after == results(tmp_path / "whole")
    assert [record for record in after if not is_new(record, before)] == before
    assert outcome.progress.new_runs == len(after) - len(before) > 0
    assert load_campaign(tmp_path / "grown") == grown(**change)


def test_campaign_that_grows_in_wordings_runs_nothing(tmp_path: Path):
    run_campaign(tmp_path / "c", SMALL, InlineExecutor())
    outcome = run_campaign(tmp_path / "c", grown(wordings=3), InlineExecutor())
    assert outcome.progress.new_runs == 0
    assert load_campaign(tmp_path / "c").wordings == 3


def test_campaign_reads_back_problems_in_order_with_runs_in_catalogue_order(undisturbed: Path):
    problems = list(read_problems(undisturbed))
    candidates = read_candidates(undisturbed)
    assert [problem.index for problem in problems] == list(range(SMALL.num_problems))
    assert [candidate.candidate_id for candidate in candidates] == [c.candidate_id for c in portfolio(SMALL.optimizers)]
    assert all(candidate.program == program_text(candidate.optimizer, candidate.settings) for candidate in candidates)
    for problem in problems:
        ran = [record.candidate_id for record in problem.records]
        applies = [candidate.candidate_id for candidate in candidates if not candidate.declines(problem.spec)]
        assert ran == [candidate_id for candidate_id in applies for _ in range(2)]
        assert {record.problem_id for record in problem.records} == {problem.spec.problem_id}


def test_campaign_in_another_process_with_other_hashes_gives_the_same_rows(undisturbed: Path, tmp_path: Path):
    code = (
        "import sys; from llamoco_data.campaign import run_campaign; from llamoco_data.execution import executor; "
        "from tests.campaigns import SMALL; run_campaign(sys.argv[1], SMALL, executor('inline'))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "99"}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "c")], check=True, env=environment)
    assert results(tmp_path / "c") == results(undisturbed)


def test_plan_counts_what_run_then_makes(tmp_path: Path):
    new = plan(tmp_path / "c", SMALL)
    assert not (tmp_path / "c").exists()
    assert (new.problems_missing, new.exact, new.measured) == (SMALL.num_problems, True, ())
    outcome = rerun(tmp_path / "c", stop=stopping_after(9))
    rest = plan(tmp_path / "c", SMALL)
    assert rest.runs_missing == new.runs_missing - outcome.progress.new_runs
    assert rest.measured
    assert rerun(tmp_path / "c").progress.new_runs == rest.runs_missing
    done = plan(tmp_path / "c", SMALL)
    assert (done.problems_missing, done.runs_missing, done.core_hours) == (0, 0, 0.0)
    assert plan(tmp_path / "c", grown(num_problems=6)).problems_missing == 2


def test_status_adds_up_to_the_records(undisturbed: Path):
    records, now = results(undisturbed), status(undisturbed)
    assert now.runs_by_status == {"completed": len(records)}
    assert sum(now.runs_by_optimizer.values()) == len(records)
    assert now.evaluations == sum(record.evaluations for record in records)
    assert (now.problems_stored, now.problems_complete, now.problems_total) == (4, 4, 4)
    pairs = {(record.problem_id, record.candidate_id) for record in records}
    assert now.declined == 4 * len(read_candidates(undisturbed)) - len(pairs)
    assert now.cpu_hours > 0


def test_status_of_an_interrupted_campaign_knows_what_is_complete(tmp_path: Path):
    rerun(tmp_path / "c", stop=stopping_after(20))
    now = status(tmp_path / "c")
    assert now.problems_complete == sum(problem.complete for problem in read_problems(tmp_path / "c"))
    assert now.problems_complete < now.problems_stored
    assert sum(now.runs_by_status.values()) == 20


def test_reports_begin_at_nothing_and_end_at_everything(tmp_path: Path):
    told = []
    run_campaign(tmp_path / "c", SMALL, OneRunSlices(InlineExecutor()), report=told.append)
    first, last = told[0], told[-1]
    assert (first.problems_done, first.runs_done, first.left_s) == (0, 0, None)
    assert (last.problems_done, last.left_s) == (SMALL.num_problems, 0.0)
    assert last.runs_done == last.runs_total == last.new_runs == len(results(tmp_path / "c"))
    assert all(progress.runs_done <= progress.runs_total for progress in told)


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
