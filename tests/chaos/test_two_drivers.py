"""Two drivers on one campaign: the second says who holds it, a dead one is in the way for seconds, no row is lost."""

import signal
import time
from pathlib import Path
from typing import Any

import pytest

from llamoco_data.campaign import run_campaign
from llamoco_data.drive import lease
from llamoco_data.drive.lease import LEASE_FILE
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.identity import LlamocoError
from llamoco_data.store import Store
from tests.campaigns import SMALL, results
from tests.drivers import Driver, driver, ended

pytestmark = pytest.mark.chaos

STALE_S = 3.0
"""Of drivers in processes of their own; tests/unit/test_lease.py has drivers in one."""


def wait_for(folder: Path, num_entries: int, *processes: Driver) -> None:
    """Returns when the log has so many entries; a process that ends before then has failed."""
    deadline = time.monotonic() + 120
    while len(list((folder / ".manifest").glob("*.json"))) < num_entries:
        assert time.monotonic() < deadline, "the driver makes no progress"
        assert all(process.poll() is None for process in processes), "the driver has ended"
        time.sleep(0.01)


def paused_at(folder: Path, num_entries: int, **options: Any) -> Driver:
    """A driver that is stopped, but not dead, in the middle of its work."""
    process = driver(folder, pace_s=0.02, **options)
    wait_for(folder, num_entries, process)
    process.send_signal(signal.SIGSTOP)
    return process


def test_lease_is_renewed_several_times_before_it_is_given_up_and_watched_more_often_than_that():
    assert 4 * lease.BEAT_S <= lease.STALE_S
    assert lease.LOOK_S < lease.BEAT_S


def test_second_driver_on_the_machine_says_at_once_who_holds_the_campaign(expected, tmp_path: Path):
    with paused_at(tmp_path / "c", 5) as first:
        began = time.monotonic()
        with pytest.raises(LlamocoError, match=rf"/c is being worked on by process {first.pid} on .*; wait until that"):
            run_campaign(tmp_path / "c", SMALL, InlineExecutor())
        assert time.monotonic() - began < 5
        first.send_signal(signal.SIGCONT)
        assert ended(first) == (0, "", "")
    assert results(tmp_path / "c") == expected
    assert not (tmp_path / "c" / LEASE_FILE).exists()


def test_driver_that_was_killed_on_the_machine_is_in_nobody_s_way(expected, tmp_path: Path):
    with driver(tmp_path / "c", pace_s=0.02) as first:
        wait_for(tmp_path / "c", 5, first)
        first.kill()
        lines = list[str]()
        while first.poll() is None:
            time.sleep(0.01)
        run_campaign(tmp_path / "c", SMALL, InlineExecutor(), notice=lines.append)
    assert lines == []
    assert results(tmp_path / "c") == expected


def test_driver_that_was_killed_elsewhere_is_waited_for_once_and_then_replaced(
    expected, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(lease, "STALE_S", 1.0)
    with driver(tmp_path / "c", machine="there", pace_s=0.02) as first:
        wait_for(tmp_path / "c", 5, first)
        first.kill()
    lines = list[str]()
    began = time.monotonic()
    run_campaign(tmp_path / "c", SMALL, InlineExecutor(), notice=lines.append)
    assert time.monotonic() - began > 1.0
    (line,) = lines
    assert f"/c was worked on by process {first.pid} on " in line
    assert "watching for up to 1 s whether it is alive" in line
    assert results(tmp_path / "c") == expected
    assert Store(tmp_path / "c").num_runs == len(expected)


def test_driver_that_slept_too_long_finds_its_campaign_taken_and_says_by_whom(expected, tmp_path: Path):
    folder = tmp_path / "c"
    with paused_at(folder, 5, machine="there", stale_s=STALE_S) as first:
        second = driver(folder, machine="here", stale_s=STALE_S, pace_s=0.02)
        wait_for(folder, 8, second)
        second.send_signal(signal.SIGSTOP)
        first.send_signal(signal.SIGCONT)
        code, _, err = ended(first)
        assert code == 2
        assert err.startswith(f"process {second.pid} on ")
        assert "the work goes on there, and what was evaluated here is in the folder" in err
        second.send_signal(signal.SIGCONT)
        assert ended(second)[0] == 0
    assert results(folder) == expected


def test_two_drivers_that_know_nothing_of_each_other_end_in_the_same_rows(expected, tmp_path: Path):
    """As if the lease did not work at all: it is removed under the first driver's hands, before its first renewal."""
    folder = tmp_path / "c"
    with paused_at(folder, 5) as first:
        (folder / LEASE_FILE).unlink()
        second = driver(folder, pace_s=0.02)
        wait_for(folder, 12, second)
        first.send_signal(signal.SIGCONT)
        codes = {ended(first)[0], ended(second)[0]}
    assert 0 in codes
    assert results(folder) == expected
    log = sorted(path.name for path in (folder / ".manifest").glob("*.json"))
    assert log == [f"{number:08}.json" for number in range(1, len(log) + 1)]
    stored = Store(folder)
    assert stored.num_runs >= len(expected)


def test_campaign_that_is_finished_is_read_while_its_lease_is_held(expected, tmp_path: Path):
    run_campaign(tmp_path / "c", SMALL, InlineExecutor())
    (tmp_path / "c" / LEASE_FILE).write_text("{}")
    assert run_campaign(tmp_path / "c", SMALL, InlineExecutor()).progress.new_runs == 0
    assert results(tmp_path / "c") == expected
