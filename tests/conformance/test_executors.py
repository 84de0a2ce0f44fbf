"""Every executor gives the same records: where a run is made is no part of its result."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from llamoco_data import sample_problem
from llamoco_data.box.layers import Tier
from llamoco_data.campaign import read_problems, run_campaign
from llamoco_data.execution import Executor, GivenRuns, Program, Progress, Task, executor
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.identity import LlamocoError
from llamoco_data.portfolio.stored_candidates import stored_candidates
from llamoco_data.problems.own_spec import OwnProblemSpec
from llamoco_data.problems.spec import ProblemSpec
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


HANGING = """\
import numpy as np

lower, upper, max_evaluations = np.zeros(2), np.ones(2), 100


def objective(x):
    while x[0] > 0.5:
        pass
    return x[0]
"""
"""A problem whose own code never ends in half of its box."""

PROBLEM = sample_problem("demo", seed=7, index=1)
HASHES = f"{HEAD}    raise ValueError(hash('a'))\n"
ASKS_FOREVER, COMPUTES_FOREVER = f"{HEAD}    objective(upper)\n", f"{HEAD}    objective(lower)\n    while True: pass\n"
FAILING = tuple(
    f"{HEAD}    objective(upper)\n    {end}\n"
    for end in ("return (", "raise ValueError('no')", "return None", "__import__('os')._exit(1)")
)
SOUND = tuple(candidate.program for candidate in stored_candidates(SMALL.optimizers))
PROGRAMS = [
    Program(program_id=program_id(text), text=text, limits=NO_LIMITS)
    for text in (HASHES, ASKS_FOREVER, COMPUTES_FOREVER, *FAILING, *SOUND)
]
TIERS: tuple[Tier | None, ...] = (None, "trusted", "filtered")
"""Of the programs that tell their process's hash seed."""


def own(source: str) -> OwnProblemSpec:
    return OwnProblemSpec(source=source, dimension=2, lower=(0.0, 0.0), upper=(1.0, 1.0), max_evaluations=100)


def task(index: int, problem: ProblemSpec | OwnProblemSpec, *texts: str, **fields: object) -> Task:
    """All runs of some programs, in one slice."""
    runs = tuple(Run(candidate_id=program_id(text), seed=3) for text in texts)
    plain = Task(index=index, problem=problem, wants=GivenRuns(runs=runs), time_limit_s=60.0, slice_s=600.0)
    return plain.model_copy(update=fields)


TASKS = (
    *(task(index, PROBLEM, HASHES, confined=tier) for index, tier in enumerate(TIERS)),
    task(3, PROBLEM, *SOUND, *FAILING, confined="filtered"),
    task(4, own(HANGING), ASKS_FOREVER, COMPUTES_FOREVER, confined="limited", time_limit_s=0.5),
    task(5, own(f"from scipy.optimize import gone_since\n{HANGING}"), HASHES),
)


@dataclass(frozen=True, slots=True)
class Ended:
    """What an executor made of the tasks, each given to it when the one before was done."""

    records: Mapping[int, tuple[RunRecord, ...]]
    """By the task's index, without what the machine's speed decides."""
    error: str
    """The message that ended the work; empty if none did."""


def ended_at(address: str) -> Ended:
    pending, records = iter(TASKS), dict[int, tuple[RunRecord, ...]]()
    try:
        for each in executor(address, 1).run(PROGRAMS, lambda: next(pending, None), 1):
            if each is not None:
                assert isinstance(each.result, Progress)
                made = each.result.records
                records[each.task.index] = tuple(record.model_copy(update={"cpu_s": 0.0}) for record in made)
    except LlamocoError as error:
        return Ended(records, str(error))
    return Ended(records, "")


@pytest.fixture(scope="module")
def here() -> Ended:
    return ended_at("inline")


@pytest.fixture(scope="module")
def in_an_actor(local_ray: None) -> Ended:
    return ended_at("local")


@pytest.fixture(params=["here", "in_an_actor"])
def ended(request: pytest.FixtureRequest) -> Ended:
    return request.getfixturevalue(request.param)


def test_workers_and_programs_processes_have_one_hash_seed(in_an_actor: Ended):
    environment = {**os.environ, "PYTHONHASHSEED": HASH_SEED}
    hashed = subprocess.check_output([sys.executable, "-c", "print(hash('a'))"], env=environment, text=True)
    details = [[record.detail for record in in_an_actor.records[index]] for index in range(len(TIERS))]
    assert details == [[f"ValueError: {hashed.strip()}"]] * len(TIERS)


def test_actors_give_the_records_of_the_inline_executor_of_programs_that_are_confined(here: Ended, in_an_actor: Ended):
    assert in_an_actor.records[3] == here.records[3]
    statuses = [record.status for record in here.records[3]]
    assert statuses == [*["completed"] * len(SOUND), "invalid_program", "raised", "bad_return", "crashed"]
    assert {record.tier for record in here.records[3] if record.status == "completed"} <= {"filtered", "isolated"}


def test_time_limit_holds_for_program_and_problem(ended: Ended):
    assert [record.status for record in ended.records[4]] == ["timed_out", "timed_out"]
    assert [record.detail for record in ended.records[4]] == [
        "the problem's own code did not answer within the time limit",
        "the run did not end within its time limit",
    ]


def test_problem_that_does_not_load_is_no_result_but_ends_the_work_with_one_line(ended: Ended):
    assert re.match(r"the problem \w+ does not load here, .*gone_since.*; it did where it was", ended.error)
    assert "\n" not in ended.error
    assert set(ended.records) == {0, 1, 2, 3, 4}


def check(one: Executor, expected: list[RunRecord], folder: Path) -> None:
    outcome = run_campaign(folder, SMALL, one)
    assert results(folder) == expected
    assert outcome.progress.new_runs == outcome.progress.runs_total == len(expected)
    assert outcome.progress.new_evaluations == sum(record.evaluations for record in expected)
    assert not outcome.drained
    assert all(problem.complete for problem in read_problems(folder))
