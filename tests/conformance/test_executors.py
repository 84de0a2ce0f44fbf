"""Every executor gives the same records: where a run is made is no part of its result."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from llamoco_data import sample_problem
from llamoco_data.box.layers import Tier
from llamoco_data.campaign import read_problems, run_campaign
from llamoco_data.execution import Executor, GivenRuns, Program, Progress, Task, executor
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.identity import LlamocoError
from llamoco_data.problems.own_spec import OwnProblemSpec
from llamoco_data.racing import Run
from llamoco_data.runs import RunRecord, program_id
from llamoco_data.texts import HASH_SEED
from tests.campaigns import HEAD, NO_LIMITS, SMALL, OneRunSlices, results

pytestmark = pytest.mark.conformance


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[RunRecord]:
    folder = tmp_path_factory.mktemp("expected") / "c"
    run_campaign(folder, SMALL, InlineExecutor())
    return results(folder)


def test_slices_of_one_run_give_the_records_of_whole_problems(expected: list[RunRecord], tmp_path: Path):
    check(OneRunSlices(InlineExecutor()), expected, tmp_path / "c")


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: executor("local", 1), id="one actor", marks=pytest.mark.slow),
        pytest.param(lambda: OneRunSlices(executor("local", 2)), id="two actors, run by run"),
    ],
)
def test_ray_actors_give_the_records_of_the_inline_executor(
    make: Callable[[], Executor], expected: list[RunRecord], local_ray: None, tmp_path: Path
):
    check(make(), expected, tmp_path / "c")


@pytest.mark.parametrize(
    "confined",
    [pytest.param(None, marks=pytest.mark.slow), pytest.param("trusted", marks=pytest.mark.slow), "filtered"],
)
def test_workers_and_programs_processes_have_one_hash_seed(confined: Tier | None, local_ray: None):
    text = f"{HEAD}    raise ValueError(hash('a'))\n"
    program = Program(program_id=program_id(text), text=text, limits=NO_LIMITS)
    wants = GivenRuns(runs=(Run(candidate_id=program.program_id, seed=3),))
    problem = sample_problem("demo", seed=7, index=1)
    task = Task(index=0, problem=problem, wants=wants, time_limit_s=60.0, confined=confined)
    pending = iter([task])
    slices = executor("local", 1).run([program], lambda: next(pending, None), 1)
    (progress,) = (each.result for each in slices if each)
    assert isinstance(progress, Progress)
    (record,) = progress.records
    environment = {**os.environ, "PYTHONHASHSEED": HASH_SEED}
    hashed = subprocess.check_output([sys.executable, "-c", "print(hash('a'))"], env=environment, text=True)
    assert record.detail == f"ValueError: {hashed.strip()}"


HANGING = """\
import numpy as np

lower, upper, max_evaluations = np.zeros(2), np.ones(2), 100


def objective(x):
    while x[0] > 0.5:
        pass
    return x[0]
"""
"""A problem whose own code never ends in half of its box."""


@pytest.mark.parametrize("address", ["inline", "local"])
def test_time_limit_holds_for_program_and_problem(address: str, local_ray: None):
    texts = [f"{HEAD}    objective(upper)\n", f"{HEAD}    objective(lower)\n    while True: pass\n"]
    programs = [Program(program_id=program_id(text), text=text, limits=NO_LIMITS) for text in texts]
    runs = tuple(Run(candidate_id=program.program_id, seed=3) for program in programs)
    spec = OwnProblemSpec(source=HANGING, dimension=2, lower=(0.0, 0.0), upper=(1.0, 1.0), max_evaluations=100)
    wants = GivenRuns(runs=runs)
    task = Task(index=0, problem=spec, wants=wants, time_limit_s=0.5, confined="limited", slice_s=60.0)
    pending = iter([task])
    slices = executor(address, 1).run(programs, lambda: next(pending, None), 1)
    (progress,) = (each.result for each in slices if each)
    assert isinstance(progress, Progress)
    assert [record.status for record in progress.records] == ["timed_out", "timed_out"]
    assert [record.detail for record in progress.records] == [
        "the problem's own code did not answer within the time limit",
        "the run did not end within its time limit",
    ]


@pytest.mark.parametrize("address", ["inline", "local"])
def test_problem_that_does_not_load_is_no_result_but_ends_the_work_with_one_line(address: str, local_ray: None):
    text = f"{HEAD}    return lower\n"
    program = Program(program_id=program_id(text), text=text, limits=NO_LIMITS)
    wants = GivenRuns(runs=(Run(candidate_id=program.program_id, seed=3),))
    source = f"from scipy.optimize import gone_since\n{HANGING}"
    spec = OwnProblemSpec(source=source, dimension=2, lower=(0.0, 0.0), upper=(1.0, 1.0), max_evaluations=100)
    pending = iter([Task(index=0, problem=spec, wants=wants, time_limit_s=60.0)])
    with pytest.raises(LlamocoError, match=r"^the problem \w+ does not load here, .*gone_since.*; it did where it was"):
        list(executor(address, 1).run([program], lambda: next(pending, None), 1))


def check(one: Executor, expected: list[RunRecord], folder: Path) -> None:
    outcome = run_campaign(folder, SMALL, one)
    assert results(folder) == expected
    assert outcome.progress.new_runs == outcome.progress.runs_total == len(expected)
    assert outcome.progress.new_evaluations == sum(record.evaluations for record in expected)
    assert not outcome.drained
    assert all(problem.complete for problem in read_problems(folder))
