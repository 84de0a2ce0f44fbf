"""A driver that is killed, or whose clock jumps, loses seconds of work, and the next one ends in the same rows."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from llamoco_data.campaign import run_campaign
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.runs import RunRecord
from llamoco_data.store import Store
from tests.campaigns import SMALL, results, small
from tests.drivers import driver, ended

pytestmark = pytest.mark.chaos


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[RunRecord]:
    folder = tmp_path_factory.mktemp("expected") / "c"
    run_campaign(folder, SMALL, InlineExecutor())
    return results(folder)


LARGER = small(num_problems=12)
# Forked from one process in which everything is imported, drivers cost a fraction of a second each.
KILLINGS = """
import os, pathlib, random, signal, sys, time
import scipy.optimize
import llamoco_data.campaign.driver as driver
import llamoco_data.drive.loop as loop
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.execution.work import warm_up
from tests.campaigns import OneRunSlices
from tests.chaos.test_killed_driver import LARGER

folder, seed, num_kills = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
lives = random.Random(seed)
loop.BLOCK_S = 0.0
warm_up()

def begun():
    pid = os.fork()
    if pid == 0:
        driver.run_campaign(folder, LARGER, OneRunSlices(InlineExecutor()), stop=lambda: bool(time.sleep(0.02)))
        os._exit(0)
    return pid

def killed(pid):
    os.kill(pid, signal.SIGKILL)
    assert os.waitpid(pid, 0)[1] == signal.SIGKILL, "the driver ended before it was killed"

def num_blocks():
    return len(list((folder / ".manifest").glob("*.json")))

# The first driver comes so far that something is kept; the others die in their start or a few blocks later, so that
# all together do not come to the end.
for number in range(num_kills):
    before, pid = num_blocks(), begun()
    wanted = lives.randint(0, 4) if number else 4
    if not wanted:
        time.sleep(lives.uniform(0.0, 0.4))
    while num_blocks() < before + wanted:
        time.sleep(0.001)
    time.sleep(lives.uniform(0.0, 0.02))
    killed(pid)
"""


@pytest.mark.parametrize("num_kills", [4, pytest.param(20, marks=pytest.mark.slow)])
def test_driver_killed_at_random_moments_is_followed_by_one_that_ends_in_the_same_rows(num_kills: int, tmp_path: Path):
    folder, undisturbed = tmp_path / "c", tmp_path / "undisturbed"
    seed = int.from_bytes(os.urandom(4))
    subprocess.run([sys.executable, "-c", KILLINGS, str(folder), str(seed), str(num_kills)], check=True)
    kept = Store(folder).num_runs
    outcome = run_campaign(folder, LARGER, InlineExecutor())
    run_campaign(undisturbed, LARGER, InlineExecutor())
    expected = results(undisturbed)
    what = f"seed {seed}, {kept} of {len(expected)} runs in the folder after the last kill"
    assert 0 < kept < len(expected), what
    assert outcome.progress.new_runs == len(expected) - kept, what
    assert results(folder) == expected, what
    assert Store(folder).num_runs == len(expected), what


@pytest.mark.parametrize("address", ["inline", pytest.param("local", marks=pytest.mark.slow)])
def test_clock_that_jumps_by_months_changes_nothing(address: str, expected, tmp_path: Path):
    code, out, err = ended(driver(tmp_path / "c", clock="jumps", address=address, workers=1))
    assert (code, out, err) == (0, "", "")
    assert results(tmp_path / "c") == expected
    assert Store(tmp_path / "c").num_runs == len(expected)
