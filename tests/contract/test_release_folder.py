"""The folder of the released set is an export to every command, though its campaign's spec lies in it."""

import shutil
from pathlib import Path

import pytest

from llamoco_data import read_instructions, read_runs
from llamoco_data.cli.commands import main
from llamoco_data.folders import content_of
from llamoco_data.identity import LlamocoError

pytestmark = pytest.mark.contract

RELEASE = Path(__file__).parents[2] / "docs" / "releases" / "standard"


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(RELEASE, tmp_path_factory.mktemp("set") / "s"))


@pytest.mark.parametrize(
    "arguments",
    [
        ("status",),
        ("plan",),
        ("plan", "--recipe", "standard"),
        ("run", "--address", "inline"),
        ("run", "--recipe", "standard", "--problems", "5000", "--address", "inline"),
        ("add", "--suite", "real"),
        ("remove", "name"),
        ("report",),
        ("prior", "--out", "prior.parquet"),
        ("export", "out"),
        ("export", "out", "--to", "ioh"),
        ("extend", "--real"),
    ],
)
def test_release_is_refused_where_a_campaign_is_needed(
    release: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
):
    monkeypatch.chdir(tmp_path)
    name, *more = arguments
    given = [name, str(release), *more, *([str(release)] if "--real" in more else [])]
    before = sorted(release.rglob("*"))
    with pytest.raises(SystemExit) as ended:
        main(given)
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (2, "")
    advice = f"{release} is an export, not a campaign; list its instructions with: llamoco-data show {release}\n"
    assert err.endswith(advice)
    assert err.count("\n") == 1 + err.count(" ...\n")
    assert sorted(release.rglob("*")) == before
    assert list(tmp_path.iterdir()) == []


def test_show_of_the_release_shows_a_row(release: Path, capsys: pytest.CaptureFixture[str]):
    row = read_instructions(release, split="test").slice(0, 1).to_pylist()[0]
    with pytest.raises(SystemExit) as ended:
        main(["show", str(release), row["instruction_id"]])
    out, _ = capsys.readouterr()
    assert ended.value.code == 0
    assert "def minimize(" in out


def test_runs_of_the_release_are_refused_not_empty(release: Path):
    with pytest.raises(LlamocoError, match="is an export, not a campaign or a folder of scores"):
        read_runs(release)


@pytest.mark.parametrize("folder", ["runs", "problems", "own-problems", ".manifest"])
def test_folder_with_an_export_and_something_of_a_campaign_is_a_campaign(tmp_path: Path, folder: str):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train-00000-of-00001.parquet").touch()
    (tmp_path / "campaign.json").touch()
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "anything").touch()
    found = content_of(tmp_path)
    assert found is not None
    assert found.name == "a campaign"
