"""Every executor gives the same records: where a run is made is no part of its result."""

from collections.abc import Callable
from pathlib import Path

import pytest

from llamoco_data.campaign import read_problems, run_campaign
from llamoco_data.execution import Executor, executor
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.runs import RunRecord
from tests.campaigns import SMALL, OneRunSlices, results

pytestmark = pytest.mark.conformance


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[RunRecord]:
    folder = tmp_path_factory.mktemp("expected") / "c"
    run_campaign(folder, SMALL, InlineExecutor())
    return results(folder)


def test_slices_of_one_run_give_the_records_of_whole_problems(expected: list[RunRecord], tmp_path: Path):
    check(OneRunSlices(InlineExecutor()), expected, tmp_path / "c")


@pytest.mark.parametrize("make", [lambda: executor("local", 1), lambda: OneRunSlices(executor("local", 2))])
def test_ray_actors_give_the_records_of_the_inline_executor(
    make: Callable[[], Executor], expected: list[RunRecord], local_ray: None, tmp_path: Path
):
    check(make(), expected, tmp_path / "c")


def check(one: Executor, expected: list[RunRecord], folder: Path) -> None:
    outcome = run_campaign(folder, SMALL, one)
    assert results(folder) == expected
    assert outcome.progress.new_runs == outcome.progress.runs_total == len(expected)
    assert outcome.progress.new_evaluations == sum(record.evaluations for record in expected)
    assert not outcome.drained
    assert all(problem.complete for problem in read_problems(folder))
