"""A driver that is killed, or whose clock jumps, loses seconds of work, and the next one ends in the same rows."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from llamoco_data.campaign import run_campaign
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.runs import RunRecord
from llamoco_data.store import Store
from tests.campaigns import SMALL, results
from tests.drivers import driver, ended

pytestmark = pytest.mark.chaos


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[RunRecord]:
    folder = tmp_path_factory.mktemp("expected") / "c"
    run_campaign(folder, SMALL, InlineExecutor())
    return results(folder)


def entries(folder: Path) -> Iterator[int]:
    """The number of log entries, again and again."""
    while True:
        yield len(list((folder / ".manifest").glob("*.json")))


def test_driver_killed_at_any_moment_is_followed_by_one_that_ends_in_the_same_rows(expected, tmp_path: Path):
    folder = tmp_path / "c"
    for goal in (1, 8, 23):
        with driver(folder, pace_s=0.02) as process:
            next(itertools.dropwhile(lambda count, goal=goal: count < goal, entries(folder)))
            process.kill()
    kept = Store(folder).num_runs
    assert 0 < kept < len(expected)
    outcome = run_campaign(folder, SMALL, InlineExecutor())
    assert outcome.snapshot.new_runs == len(expected) - kept
    assert results(folder) == expected
    assert Store(folder).num_runs == len(expected)


def test_clock_that_jumps_by_months_changes_nothing(expected, tmp_path: Path):
    code, out, err = ended(driver(tmp_path / "c", clock="jumps"))
    assert (code, out, err) == (0, "", "")
    assert results(tmp_path / "c") == expected
    assert Store(tmp_path / "c").num_runs == len(expected)
