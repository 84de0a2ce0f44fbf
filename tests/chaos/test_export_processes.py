"""Processes of an export that are killed, interrupted or left alone: one clear line, no half set, nobody left behind.

About 20 s.
"""

import contextlib
import functools
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from llamoco_data.campaign import run_campaign
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.export import export
from llamoco_data.export.crew import Crew, crew
from llamoco_data.identity import LlamocoError
from tests.campaigns import grown
from tests.crew_work import doubled

pytestmark = pytest.mark.chaos

ENDED_BY_THE_SYSTEM = "a process that did part of the work was ended by the system"
SOON_S = 20.0


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One whose rows take seconds."""
    folder = tmp_path_factory.mktemp("processes") / "c"
    spec = grown(num_problems=4, optimizers=("nelder_mead", "random_search"), wordings=200)
    run_campaign(folder, spec, InlineExecutor())
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def children(process_id: int) -> list[int]:
    found = list[int]()
    for task in Path(f"/proc/{process_id}/task").iterdir():
        with contextlib.suppress(OSError):  # a thread that has ended
            found += map(int, (task / "children").read_text().split())
    return found


@contextlib.contextmanager
def killing_new_children_once_rows_are_made(out: Path) -> Generator[None]:
    # Ray's processes, which other tests of this process use, are children as well.
    older = set(children(os.getpid()))
    over = threading.Event()

    def kill() -> None:
        while not over.wait(0.01):
            if any(out.glob(".snapshots/.partial-*")):
                for child in set(children(os.getpid())) - older:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(child, signal.SIGKILL)
                return

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        yield
    finally:
        over.set()
        killer.join()


@contextlib.contextmanager
def exporting(campaign: Path, out: Path) -> Generator[tuple[subprocess.Popen[str], list[int]]]:
    """A command that has begun its processes, and a descriptor of each of them that is readable when it has ended."""
    command = [sys.executable, "-m", "llamoco_data", "export", str(campaign), str(out), "--processes", "2", "--quiet"]
    # A shell that starts tests in the background has them ignore the signal, and so their children.
    listening = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=listening,  # noqa: PLW1509 - it takes no lock
    ) as process:
        while len(children(process.pid)) < 2:
            assert process.poll() is None
        descriptors = [os.pidfd_open(child) for child in children(process.pid)]
        try:
            yield process, descriptors
        finally:
            process.kill()
            for descriptor in descriptors:
                os.close(descriptor)


def ended(descriptors: list[int]) -> bool:
    return all(select.select([descriptor], [], [], SOON_S)[0] for descriptor in descriptors)


@pytest.fixture(scope="module", params=[1, 2])
def at_work(request: pytest.FixtureRequest) -> Iterator[Crew[str]]:
    """A crew of this process alone, and one of two."""
    with crew(str, request.param) as made:
        yield made


def test_results_of_a_crew_come_in_the_order_of_the_chunks(at_work: Crew[str]):
    assert list(at_work.results(doubled, [1, 2, 3, 4, 6])) == [2, 4, 6, 8, 12]


def test_error_of_the_work_is_raised_as_it_was_and_the_crew_goes_on(at_work: Crew[str]):
    with pytest.raises(ValueError, match="seven"):
        list(at_work.results(doubled, [7]))
    assert list(at_work.results(doubled, [1, 2])) == [2, 4]


def test_process_that_is_killed_is_an_error_that_says_what_to_do():
    with crew(str, 2) as at_work, pytest.raises(LlamocoError, match=ENDED_BY_THE_SYSTEM):
        list(at_work.results(doubled, range(20)))


def test_export_whose_processes_are_killed_leaves_the_set_that_was_there(campaign: Path, tmp_path: Path):
    export(campaign, tmp_path / "set", processes=1)
    before = contents(tmp_path / "set")
    with (
        killing_new_children_once_rows_are_made(tmp_path / "set"),
        pytest.raises(LlamocoError, match=ENDED_BY_THE_SYSTEM),
    ):
        export(campaign, tmp_path / "set", budgets=(0.5,), processes=2)
    assert contents(tmp_path / "set") == before
    assert export(campaign, tmp_path / "set", budgets=(0.5,), processes=2).snapshot == 2


def test_first_export_whose_processes_are_killed_leaves_nothing(campaign: Path, tmp_path: Path):
    with (
        killing_new_children_once_rows_are_made(tmp_path / "set"),
        pytest.raises(LlamocoError, match=ENDED_BY_THE_SYSTEM),
    ):
        export(campaign, tmp_path / "set", processes=2)
    assert not (tmp_path / "set").exists()


def test_export_that_is_interrupted_ends_its_processes_and_leaves_nothing(campaign: Path, tmp_path: Path):
    with exporting(campaign, tmp_path / "set") as (process, at_work):
        os.killpg(process.pid, signal.SIGINT)
        _, complaint = process.communicate(timeout=SOON_S)
        assert (process.returncode, complaint.strip()) == (130, "")
        assert ended(at_work)
    assert not (tmp_path / "set").exists()


def test_export_that_is_killed_leaves_no_process_behind(campaign: Path, tmp_path: Path):
    with exporting(campaign, tmp_path / "set") as (process, at_work):
        process.kill()
        assert ended(at_work)
