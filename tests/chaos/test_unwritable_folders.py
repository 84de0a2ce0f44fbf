"""A disk that is full or a folder that may not be written ends a driver with one line, and loses nothing."""

import os
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from llamoco_data.campaign import run_campaign
from llamoco_data.drive import loop
from llamoco_data.execution import Executor, Program, Slice, Task
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.identity import LlamocoError
from llamoco_data.store import Store
from llamoco_data.verification import verify
from tests.campaigns import SMALL, OneRunSlices, results
from tests.drivers import driver, ended

pytestmark = pytest.mark.chaos

NOBODY = 65534


def mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 128 KiB: less than the campaign needs."""
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        mount("-t", "tmpfs", "-o", "size=128k", "tmpfs", str(folder))
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        pytest.skip(f"this machine lets no test mount a file system: {error}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def the_only_line(err: str) -> str:
    assert err.count("\n") == 1, err
    return err


def test_disk_that_fills_up_ends_the_campaign_with_one_line_and_it_goes_on_with_more(expected, small_disk: Path):
    folder = small_disk / "c"
    code, _, err = ended(driver(folder))
    assert code == 2
    line = the_only_line(err)
    assert f"cannot write {folder}/" in line
    assert "no space left on device; free some space and run again, nothing committed before is lost" in line
    assert not list(folder.rglob("*.tmp"))
    kept = Store(folder).num_runs
    assert 0 < kept < len(expected)
    assert [finding for finding in verify(folder, sample=0, checked=Counter()) if not finding.note] == []

    mount("-o", "remount,size=8m", str(small_disk))
    outcome = run_campaign(folder, SMALL, InlineExecutor())
    assert outcome.progress.new_runs == len(expected) - kept
    assert results(folder) == expected


def test_disk_that_turns_read_only_is_still_read_and_goes_on_when_it_is_mended(expected, small_disk: Path):
    mount("-o", "remount,size=8m", str(small_disk))
    folder = small_disk / "c"
    run_campaign(folder, SMALL, OneRunSlices(InlineExecutor()), stop=iter([False] * 9 + [True] * 99).__next__)
    kept = results(folder)
    mount("-o", "remount,ro", str(small_disk))
    code, _, err = ended(driver(folder))
    assert code == 2
    assert "read-only file system; choose a folder that you may write to and run again" in the_only_line(err)
    assert results(folder) == kept

    mount("-o", "remount,rw", str(small_disk))
    run_campaign(folder, SMALL, InlineExecutor())
    assert results(folder) == expected
    mount("-o", "remount,ro", str(small_disk))
    finished = run_campaign(folder, SMALL, InlineExecutor())
    assert (finished.progress.new_runs, finished.drained) == (0, False)


def test_file_that_may_grow_no_further_leaves_nothing_half_written(expected, tmp_path: Path):
    folder = tmp_path / "c"
    run_campaign(folder, SMALL, InlineExecutor(), stop=lambda: True)
    code, _, err = ended(driver(folder, block_s=1000.0, file_bytes=9_000))
    assert code == 2
    assert f"cannot write {folder}/runs/" in the_only_line(err)
    assert "file too large; free some space and run again" in err
    assert not list(folder.rglob("*.tmp"))
    assert Store(folder).num_runs == 0
    run_campaign(folder, SMALL, InlineExecutor())
    assert results(folder) == expected


@dataclass(frozen=True, slots=True)
class Obstructed:
    """Another executor, during whose second slice the folder of runs cannot be written, until the work is ended."""

    runs: Path
    executor: Executor

    def connected(self) -> AbstractContextManager[None]:
        """See `Executor.connected`."""
        return self.executor.connected()

    def run(
        self, programs: Sequence[Program], pending: Callable[[], Task | None], width: int
    ) -> Generator[Slice | None]:
        """See `Executor.run`."""
        away = self.runs.with_name("away")
        try:
            for number, end in enumerate(self.executor.run(programs, pending, width)):
                if number == 1:
                    self.runs.rename(away)
                    self.runs.touch()
                yield end
        finally:
            self.runs.unlink()
            away.rename(self.runs)


def test_block_that_cannot_be_written_is_written_at_the_end_where_it_can(
    expected, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(loop, "BLOCK_S", 0.0)
    folder = tmp_path / "c"
    with pytest.raises(LlamocoError, match=r"cannot write .*/runs/.*file exists"):
        run_campaign(folder, SMALL, Obstructed(folder / "runs", OneRunSlices(InlineExecutor())))
    assert Store(folder).num_runs == 2
    run_campaign(folder, SMALL, InlineExecutor())
    assert results(folder) == expected


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user, who may not write")
def test_folder_of_another_user_is_refused_with_one_line():
    with tempfile.TemporaryDirectory() as parent:
        Path(parent).chmod(0o755)
        folder = Path(parent, "c")
        run_campaign(folder, SMALL, InlineExecutor(), stop=lambda: True)
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        before = sorted(folder.rglob("*"))
        code, _, err = ended(driver(folder, user=NOBODY))
        assert code == 2
        assert "permission denied; choose a folder that you may write to and run again" in the_only_line(err)
        assert sorted(folder.rglob("*")) == before
