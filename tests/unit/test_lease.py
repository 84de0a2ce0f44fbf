"""Who holds a folder: a driver that lives, is hidden or is gone, and what a second one says of it and does."""

import os
import re
import subprocess
import time
from pathlib import Path
from typing import NoReturn

import pytest

from llamoco_data.drive import holding, lease
from llamoco_data.drive.lease import LEASE_FILE, Lease
from llamoco_data.files import Files, files_at
from llamoco_data.identity import LlamocoError

pytestmark = pytest.mark.unit

STALE_S = 0.5
LONG_S = 60.0
HELD = rf"/c is being worked on by process {os.getpid()} on .*; wait until that ends"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    """A folder whose leases are renewed and looked at many times a second."""
    monkeypatch.setattr(lease, "BEAT_S", 0.02)
    monkeypatch.setattr(lease, "LOOK_S", 0.01)
    (tmp_path / "c").mkdir()
    return files_at(tmp_path / "c")


def on_machine(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on this passes for another machine."""
    monkeypatch.setattr(lease, "_machine", lambda: name)


def hide_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on /proc shows no process, as where it is mounted with hidepid and the drivers are of two users."""
    read_text = Path.read_text

    def shown(path: Path, encoding: str | None = None, errors: str | None = None) -> str:
        if re.fullmatch(r"/proc/\d+/stat", str(path)):
            raise FileNotFoundError(str(path))
        return read_text(path, encoding=encoding, errors=errors)

    monkeypatch.setattr(lease.Path, "read_text", shown)


def left_behind(place: Files) -> Lease:
    """The lease of a driver that ended without removing it."""
    with holding(place, print):
        content = place.read(LEASE_FILE)
    place.replace(LEASE_FILE, content)
    return Lease.from_json(content)


def check_refused(place: Files) -> None:
    """Another driver watches the lease, names its driver, and leaves it alone."""
    said: list[str] = []
    with pytest.raises(LlamocoError, match=HELD), holding(place, said.append):
        pass
    assert len(said) == 1
    assert f"watching for up to {LONG_S:.0f} s whether it is alive" in said[0]


def test_driver_that_lives_elsewhere_is_watched_and_named(
    place: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Its lease changes while the second looks."""
    monkeypatch.setattr(lease, "STALE_S", LONG_S)
    on_machine("there", monkeypatch)
    with holding(place, print) as first:
        on_machine("here", monkeypatch)
        check_refused(place)
        first.check()
        assert Lease.from_json(place.read(LEASE_FILE)).driver_id == first.lease.driver_id
    assert not (tmp_path / "c" / LEASE_FILE).exists()


@pytest.mark.parametrize("of_another_user", [False, True])
def test_driver_that_lives_where_processes_are_hidden_is_watched_and_named(
    place: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, of_another_user: bool
):
    monkeypatch.setattr(lease, "STALE_S", LONG_S)
    with holding(place, print) as first:
        hide_processes(monkeypatch)
        if of_another_user:
            monkeypatch.setattr(lease.os, "kill", _not_permitted)
        check_refused(place)
        first.check()
    assert not (tmp_path / "c" / LEASE_FILE).exists()


def _not_permitted(pid: int, number: int) -> NoReturn:
    raise PermissionError(pid, number)


def test_driver_that_was_killed_where_processes_are_hidden_is_in_nobody_s_way(
    place: Files, monkeypatch: pytest.MonkeyPatch
):
    with subprocess.Popen(["true"]) as gone:
        pass
    place.replace(LEASE_FILE, left_behind(place).model_copy(update={"pid": gone.pid}).to_json().encode())
    hide_processes(monkeypatch)
    said: list[str] = []
    with holding(place, said.append):
        pass
    assert said == []


@pytest.mark.parametrize("content", ["", "{", None], ids=["empty", "cut", "whole"])
def test_lease_that_a_full_disk_has_cut_or_a_dead_driver_left_is_watched_and_then_replaced(
    place: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
):
    monkeypatch.setattr(lease, "STALE_S", STALE_S)
    on_machine("there", monkeypatch)
    dead = left_behind(place)
    if content is not None:
        place.replace(LEASE_FILE, content.encode())
    on_machine("here", monkeypatch)
    said: list[str] = []
    began = time.monotonic()
    with holding(place, said.append) as hold:
        assert time.monotonic() - began > STALE_S
        assert Lease.from_json(place.read(LEASE_FILE)).driver_id == hold.lease.driver_id != dead.driver_id
    (line,) = said
    who = "another driver" if content is not None else re.escape(dead.driver)
    assert re.search(rf"/c was worked on by {who}; watching for up to {STALE_S:.0f} s whether it is alive", line)
    assert not (tmp_path / "c" / LEASE_FILE).exists()
