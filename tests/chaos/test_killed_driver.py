"""A driver that is killed, or whose disk fills up, loses seconds of work, and the next one ends in the same rows."""

import itertools
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from llamoco_data.campaign import run_campaign
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.runs import RunRecord
from llamoco_data.store import Store
from tests.campaigns import SMALL, results

pytestmark = pytest.mark.chaos

DRIVER = """
import sys
import llamoco_data.campaign.driver as driver
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.identity import LlamocoError
from tests.campaigns import SMALL, OneRunSlices
driver.BLOCK_S = float(sys.argv[2])
try:
    driver.run_campaign(sys.argv[1], SMALL, OneRunSlices(InlineExecutor()))
except LlamocoError as error:
    sys.exit(str(error))
"""


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
        with subprocess.Popen([sys.executable, "-c", DRIVER, str(folder), "0"]) as process:
            next(itertools.dropwhile(lambda count, goal=goal: count < goal, entries(folder)))
            process.kill()
    kept = Store(folder).num_runs
    assert 0 < kept < len(expected)
    outcome = run_campaign(folder, SMALL, InlineExecutor())
    assert outcome.snapshot.new_runs == len(expected) - kept
    assert results(folder) == expected
    assert Store(folder).num_runs == len(expected)


def test_disk_that_is_full_ends_the_campaign_with_one_line_and_nothing_half_written(expected, tmp_path: Path):
    folder = tmp_path / "c"
    run_campaign(folder, SMALL, InlineExecutor(), stop=lambda: True)
    full = subprocess.run(
        [sys.executable, "-c", DRIVER, str(folder), "1000"],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (9_000, 9_000)),
    )
    assert full.returncode == 1
    assert full.stderr.count("\n") == 1
    assert f"cannot write {folder}/runs/" in full.stderr
    assert "file too large; free some space and run again" in full.stderr
    assert not list(folder.rglob("*.tmp"))
    assert Store(folder).num_runs == 0
    run_campaign(folder, SMALL, InlineExecutor())
    assert results(folder) == expected
