"""Tables that are truncated, flipped, zeroed or gone: named, set aside, made again, and the rows are as ever."""

import itertools
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from llamoco_data.campaign import run_campaign, status
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.identity import LlamocoError
from llamoco_data.store import Store
from llamoco_data.verification import verify
from tests.campaigns import SMALL, OneRunSlices, results

pytestmark = pytest.mark.chaos


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A campaign in several files: it was stopped twice."""
    folder = tmp_path_factory.mktemp("undisturbed") / "c"
    for slices in (15, 30, 10_000):
        left = itertools.chain([False] * slices, itertools.repeat(True))
        run_campaign(folder, SMALL, OneRunSlices(InlineExecutor()), stop=left.__next__)
    return folder


@pytest.fixture
def folder(undisturbed: Path, tmp_path: Path) -> Path:
    return shutil.copytree(undisturbed, tmp_path / "c")


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def flip_a_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 4
    path.write_bytes(data)


def swap_for_another(path: Path) -> None:
    """A whole Parquet file, but not this one."""
    (other,) = [file for file in path.parent.iterdir() if file != path][:1] or [path.parents[1] / "campaign.json"]
    path.write_bytes(other.read_bytes())


DAMAGE = [truncate, empty, flip_a_bit, swap_for_another]


def wrong(folder: Path) -> list[str]:
    """What a verification finds, notes left out."""
    return [finding.line for finding in verify(folder, sample=3, checked=Counter()) if not finding.note]


@pytest.mark.parametrize("damage", [*DAMAGE, Path.unlink], ids=lambda damage: damage.__name__)
@pytest.mark.parametrize("kind", ["runs", "problems", "candidates"])
def test_damaged_table_is_named_set_aside_and_made_again(
    kind: str, damage: Callable[[Path], None], folder: Path, undisturbed: Path
):
    path = min((folder / kind).iterdir())
    lost = {file.path: file.rows for file in Store(folder).files}[f"{kind}/{path.name}"]
    damage(path)
    damaged = path.read_bytes() if path.exists() else None
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file() and file != path}
    assert any(str(path) in line for line in wrong(folder))
    with pytest.raises(LlamocoError, match=f"{path} is (damaged|missing); restore it from a copy, or let"):
        assert (status(folder), results(folder)) == ()

    lines = list[str]()
    outcome = run_campaign(folder, SMALL, InlineExecutor(), notice=lines.append)
    assert len(lines) == 1
    assert lines[0].startswith(f"{path} is {'missing' if damaged is None else 'damaged, and set aside as quarantine/'}")
    assert outcome.progress.new_runs == (lost if kind == "runs" else 0)
    assert results(folder) == results(undisturbed)
    assert wrong(folder) == []
    aside = [file.read_bytes() for file in (folder / "quarantine").rglob("*") if file.is_file()]
    assert aside == ([] if damaged is None else [damaged])
    assert {file: file.read_bytes() for file in before} == before

    again = list[str]()
    assert run_campaign(folder, SMALL, InlineExecutor(), notice=again.append).progress.new_runs == 0
    assert again == []


def test_table_that_is_damaged_again_and_again_leaves_every_piece_in_quarantine(folder: Path, undisturbed: Path):
    (path,) = (folder / "candidates").iterdir()
    for _ in range(3):
        truncate(path)
        run_campaign(folder, SMALL, InlineExecutor())
    assert len(list((folder / "quarantine" / "candidates").iterdir())) == 3
    assert results(folder) == results(undisturbed)


def test_everything_damaged_at_once_is_made_again(folder: Path, undisturbed: Path):
    for kind in ("runs", "problems", "candidates"):
        for path in (folder / kind).iterdir():
            flip_a_bit(path)
    lines = list[str]()
    outcome = run_campaign(folder, SMALL, InlineExecutor(), notice=lines.append)
    assert len(lines) == len(list((folder / "quarantine").rglob("*.parquet")))
    assert outcome.progress.new_runs == len(results(undisturbed))
    assert results(folder) == results(undisturbed)
    assert wrong(folder) == []


def test_table_that_cannot_be_read_is_not_taken_for_damaged(folder: Path):
    """A folder in the place of a file: nothing is known of its content, so nothing is moved."""
    path = min((folder / "runs").iterdir())
    path.rename(folder / "elsewhere")
    path.mkdir()
    with pytest.raises(LlamocoError, match=f"cannot read {path}: is a directory; check the path and its permissions"):
        run_campaign(folder, SMALL, InlineExecutor())
    assert not (folder / "quarantine").exists()


@pytest.mark.parametrize("command", [status, results, lambda folder: run_campaign(folder, SMALL, InlineExecutor())])
def test_folder_that_was_copied_without_its_log_is_refused_and_left_alone(
    command: Callable[[Path], object], folder: Path
):
    shutil.rmtree(folder / ".manifest")
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    with pytest.raises(LlamocoError, match=r"holds tables but not their log, \.manifest: it was copied without hidden"):
        command(folder)
    assert {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()} == before
    assert any(".manifest" in line and "copy the folder again" in line for line in wrong(folder))


def test_folder_whose_first_driver_died_before_the_log_began_is_no_damaged_one(tmp_path: Path, undisturbed: Path):
    """The candidates were written, and the process was killed before it could name them in the log."""
    (tmp_path / "c" / "candidates").mkdir(parents=True)
    shutil.copy(undisturbed / "campaign.json", tmp_path / "c")
    shutil.copy(next((undisturbed / "candidates").iterdir()), tmp_path / "c" / "candidates")
    run_campaign(tmp_path / "c", SMALL, InlineExecutor())
    assert results(tmp_path / "c") == results(undisturbed)
