"""The snapshots of an export: numbered, readable with anybody's tools, and compared row by row. About 10 s."""

import shutil
from collections.abc import Callable
from pathlib import Path

import datasets
import pyarrow.parquet as pq
import pytest

from llamoco_data.campaign import run_campaign
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.export import Exported, compare, export, write_comparison
from llamoco_data.export.changes import ComparedRow, changes_between
from llamoco_data.export.placing import writing
from llamoco_data.files import files_at
from llamoco_data.identity import LlamocoError
from llamoco_data.instruction_set import read_instructions, shard_names, snapshot_manifest, snapshot_numbers
from llamoco_tune.instructions import rows_of
from llamoco_tune.records import TuningError
from llamoco_tune.snapshots import set_files
from tests.campaigns import grown

EARLIER = Path(__file__).parents[1] / "data" / "earlier" / "set"

pytestmark = pytest.mark.contract


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that has not grown yet."""
    folder = tmp_path_factory.mktemp("snapshots") / "c"
    run_campaign(folder, grown(num_problems=4), InlineExecutor())
    return folder


@pytest.fixture(scope="module")
def first(campaign: Path) -> Exported:
    return export(campaign, campaign.with_name("set"), budgets=(0.4,))


@pytest.fixture(scope="module")
def second(campaign: Path, first: Exported) -> Exported:
    """Another wording, and the smaller budget not asked for any more."""
    run_campaign(campaign, grown(num_problems=4, wordings=2), InlineExecutor())
    return export(campaign, first.folder, since=1)


def ids(table) -> set[str]:
    return set(table["instruction_id"].to_pylist())


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_snapshot_is_read_by_its_number_and_the_newest_without(first: Exported, second: Exported):
    newest, old = read_instructions(second.folder), read_instructions(second.folder, snapshot=1)
    assert (first.snapshot, second.snapshot) == (1, 2)
    assert old.num_rows == first.report.num_rows
    assert newest.num_rows == second.report.num_rows
    assert newest.equals(read_instructions(second.folder, snapshot=2))
    train = read_instructions(second.folder, split="train", snapshot=1)
    assert train.num_rows == first.report.rows["train"]
    with pytest.raises(LlamocoError, match="has no snapshot 7; it has 1, 2"):
        read_instructions(second.folder, snapshot=7)


def test_datasets_loads_the_newest_from_the_folder_and_each_from_its_own(
    first: Exported, second: Exported, tmp_path: Path
):
    def loaded(folder: Path) -> dict[str, int]:
        splits = datasets.load_dataset(str(folder), cache_dir=str(tmp_path))
        return {str(name): splits[name].num_rows for name in splits}

    def filled(exported: Exported) -> dict[str, int]:
        return {split: rows for split, rows in exported.report.rows.items() if rows}

    assert loaded(second.folder) == filled(second)
    assert loaded(second.folder / ".snapshots" / "0001") == filled(first)
    assert loaded(second.folder / ".snapshots" / "0002") == filled(second)


def test_manifest_tells_what_a_snapshot_was_made_from(first: Exported, second: Exported):
    place = files_at(second.folder)
    one, two = (snapshot_manifest(place, number) for number in (1, 2))
    assert (one.number, one.previous, two.number, two.previous) == (1, None, 2, 1)
    assert one.rows == {str(split): rows for split, rows in first.report.rows.items()}
    assert one.origin is not None
    assert two.origin is not None
    assert (one.origin.budgets, two.origin.budgets) == ((0.4,), ())
    assert one.origin.campaign_id != two.origin.campaign_id
    assert one.origin.candidates_id == two.origin.candidates_id
    for shard in two.shards:
        file = second.folder / shard.path
        assert (file.stat().st_size, pq.read_metadata(file).num_rows) == (shard.size_bytes, shard.rows)


def test_set_that_is_there_already_makes_no_snapshot_and_writes_nothing(campaign: Path, second: Exported):
    before = contents(second.folder)
    again = export(campaign, second.folder)
    assert (again.unchanged, again.snapshot) == (True, 2)
    assert again.changes is not None
    assert again.changes.rows == []
    assert contents(second.folder) == before


def test_shard_of_an_earlier_snapshot_is_stored_once(campaign: Path, tmp_path: Path):
    for budgets in ((), (0.4,), ()):
        last = export(campaign, tmp_path, budgets=budgets)
    assert last.snapshot == 3
    for name in last.files:
        in_first, in_third = (tmp_path / ".snapshots" / number / name for number in ("0001", "0003"))
        assert in_first.samefile(in_third)
        assert in_third.samefile(tmp_path / name)


def test_set_without_its_hidden_files_is_read_and_keeps_its_number(campaign: Path, tmp_path: Path):
    export(campaign, tmp_path / "whole", budgets=(0.4,))
    export(campaign, tmp_path / "whole")
    (tmp_path / "part" / "data").mkdir(parents=True)
    for name, data in contents(tmp_path / "whole").items():
        if not name.startswith("."):
            (tmp_path / "part" / name).write_bytes(data)
    assert read_instructions(tmp_path / "part").equals(read_instructions(tmp_path / "whole"))
    exported = export(campaign, tmp_path / "part", budgets=(0.4,))
    assert exported.snapshot == 3
    assert snapshot_numbers(files_at(tmp_path / "part")) == [2, 3]


def test_shard_that_is_damaged_is_mended_by_the_next_export(campaign: Path, tmp_path: Path):
    exported = export(campaign, tmp_path)
    whole = contents(tmp_path)
    (tmp_path / exported.files[0]).write_bytes(b"anything")
    with pytest.raises(LlamocoError, match="is damaged"):
        read_instructions(tmp_path)
    assert export(campaign, tmp_path).snapshot == 1
    assert contents(tmp_path) == whole


def test_snapshot_that_was_removed_is_missed_by_nobody(campaign: Path, tmp_path: Path):
    for budgets in ((), (0.4,)):
        export(campaign, tmp_path, budgets=budgets)
    for file in sorted((tmp_path / ".snapshots" / "0001").rglob("*"), reverse=True):
        file.rmdir() if file.is_dir() else file.unlink()
    (tmp_path / ".snapshots" / "0001").rmdir()
    assert export(campaign, tmp_path, budgets=(0.2,)).snapshot == 3
    with pytest.raises(LlamocoError, match="has no snapshot 1; it has 2, 3"):
        export(campaign, tmp_path, since=1)


def test_two_exports_to_one_folder_at_a_time_are_refused(campaign: Path, tmp_path: Path):
    with writing(tmp_path / "set"), pytest.raises(LlamocoError, match="another process is exporting"):
        export(campaign, tmp_path / "set")
    assert not (tmp_path / "set").exists()


def test_changes_since_a_snapshot_are_rows_to_add_and_ids_to_drop(second: Exported):
    assert second.changes is not None
    assert second.changes.count().keys() == {"new wording", "budget withdrawn"}
    folder = second.folder / "changes" / "0001-0002"
    assert second.changes.folder == folder
    before, now = read_instructions(second.folder, snapshot=1), read_instructions(second.folder)
    told = pq.read_table(folder / "changes.parquet").to_pylist()
    added = {row["instruction_id"] for row in told if row["change"] == "added"}
    withdrawn = {row["instruction_id"] for row in told if row["change"] == "withdrawn"}
    assert added == ids(now) - ids(before)
    assert withdrawn == ids(before) - ids(now)
    rows = read_instructions(folder)
    assert ids(rows) == added
    given = {row["instruction_id"]: row for row in now.to_pylist()}
    assert all(row == given[row["instruction_id"]] for row in rows.to_pylist())


def test_changes_are_loaded_by_datasets(second: Exported, tmp_path: Path):
    assert second.changes is not None
    folder = str(second.changes.folder)
    rows = datasets.load_dataset(folder, "default", cache_dir=str(tmp_path))
    told = datasets.load_dataset(folder, "changes", cache_dir=str(tmp_path))["changes"]
    assert sum(rows[name].num_rows for name in rows) == sum(change != "withdrawn" for change in told["change"])


def test_changes_since_a_snapshot_that_is_not_there_are_refused_before_anything_is_written(campaign: Path, tmp_path):
    with pytest.raises(LlamocoError, match="has no snapshot 1; it has no numbered snapshots"):
        export(campaign, tmp_path / "set", since=1)
    assert not (tmp_path / "set").exists()


def as_it_is(folder: Path) -> None:
    """Nothing has happened to the export."""


def without_hidden_files(folder: Path) -> None:
    shutil.rmtree(folder / ".snapshots")


def killed_before_the_card(folder: Path) -> None:
    """The shards of both snapshots lie in `data/`."""
    for shard in (folder / ".snapshots" / "0001" / "data").iterdir():
        shutil.copy(shard, folder / "data")


def killed_before_the_card_and_copied_without_hidden_files(folder: Path) -> None:
    killed_before_the_card(folder)
    without_hidden_files(folder)


def without_a_shard_and_hidden_files(folder: Path) -> None:
    without_hidden_files(folder)
    shard = next((folder / "data").glob("train-*"))
    shard.rename(shard.with_name(shard.name.replace("-of-00001", "-of-00002")))


def killed_before_anything_was_published(folder: Path) -> None:
    shutil.rmtree(folder / "data")
    (folder / "README.md").unlink()


def without_the_newest_manifest(folder: Path) -> None:
    (folder / ".snapshots" / "0002" / "manifest.json").unlink()


def with_half_a_manifest(folder: Path) -> None:
    manifest = folder / ".snapshots" / "0002" / "manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:200])


def with_a_manifest_of_another_version(folder: Path) -> None:
    manifest = folder / ".snapshots" / "0002" / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"schema_version": 1', '"schema_version": 2'))


def with_what_a_killed_export_was_making(folder: Path) -> None:
    shutil.copytree(folder / ".snapshots" / "0002", folder / ".snapshots" / ".partial-x")


def without_the_newest_snapshot(folder: Path) -> None:
    shutil.rmtree(folder / ".snapshots" / "0002")


def read_by_data(folder: Path) -> set[str] | str:
    try:
        return ids(read_instructions(folder))
    except LlamocoError as error:
        return str(error)


def read_by_tune(folder: Path) -> set[str] | str:
    try:
        found = set_files(folder)
        rows = [row for split in found.splits for row in rows_of(found, split)]
    except TuningError as error:
        return str(error)
    assert len({row.instruction_id for row in rows}) == len(rows)
    return {row.instruction_id for row in rows}


@pytest.mark.parametrize(
    ("happen", "snapshot", "words"),
    [
        (as_it_is, 2, ""),
        (without_hidden_files, 2, ""),
        (killed_before_the_card, 2, ""),
        (killed_before_the_card_and_copied_without_hidden_files, None, "are not those of one set"),
        (without_a_shard_and_hidden_files, None, "are not those of one set"),
        (killed_before_anything_was_published, 2, ""),
        (without_the_newest_manifest, None, "manifest.json is missing; restore it"),
        (with_half_a_manifest, None, "manifest.json is damaged"),
        (with_a_manifest_of_another_version, None, "manifest.json is "),
        (with_what_a_killed_export_was_making, 2, ""),
        (without_the_newest_snapshot, 1, ""),
    ],
)
def test_both_halves_read_the_same_rows_or_refuse_alike(
    second: Exported, tmp_path: Path, happen: Callable[[Path], None], snapshot: int | None, words: str
):
    folder = shutil.copytree(second.folder, tmp_path / "set")
    happen(folder)
    by_data, by_tune = read_by_data(folder), read_by_tune(folder)
    if snapshot is None:
        assert isinstance(by_data, str)
        assert isinstance(by_tune, str)
        assert words in by_data
        assert words in by_tune
    else:
        assert by_data == by_tune == ids(read_instructions(second.folder, snapshot=snapshot))


def test_both_halves_read_an_earlier_snapshot_in_its_own_folder(first: Exported, second: Exported):
    folder = second.folder / ".snapshots" / "0001"
    assert read_by_data(folder) == read_by_tune(folder) == ids(read_instructions(second.folder, snapshot=1))


def test_both_halves_read_the_set_of_an_earlier_release():
    found = set_files(EARLIER)
    problems = {row.instruction_id: row.base_problem_id for split in found.splits for row in rows_of(found, split)}
    table = read_instructions(EARLIER)
    expected = zip(table["instruction_id"].to_pylist(), table["base_problem_id"].to_pylist(), strict=True)
    assert problems == dict(expected)


def test_export_to_a_folder_that_holds_files_of_two_sets_mends_it(campaign: Path, second: Exported, tmp_path: Path):
    folder = shutil.copytree(second.folder, tmp_path / "set")
    shutil.rmtree(folder / "changes", ignore_errors=True)
    killed_before_the_card_and_copied_without_hidden_files(folder)
    export(campaign, folder)
    assert read_by_data(folder) == read_by_tune(folder) == ids(read_instructions(second.folder, snapshot=2))


ROW = ComparedRow(
    problem_id="at half the budget",
    base_problem_id="base",
    split="train",
    optimizer="de",
    settings="{}",
    candidate_id="one text",
    statement="as it was",
    results="as they were",
    num_runs="as many",
)
BESIDE = {"beside": ROW._replace(problem_id="at the whole budget")}


@pytest.mark.parametrize(
    ("before", "now", "reason"),
    [
        ({}, {"row": ROW}, "new problem"),
        (BESIDE, BESIDE | {"row": ROW}, "new budget"),
        ({"beside": ROW}, {"beside": ROW, "row": ROW}, "new wording"),
        ({"row": ROW}, {"row": ROW._replace(split="test", optimizer="pso")}, "other split"),
        ({"row": ROW}, {"row": ROW._replace(statement="rewritten", results="others")}, "new statement"),
        ({"row": ROW}, {"row": ROW._replace(optimizer="pso", candidate_id="another text")}, "new winner"),
        ({"row": ROW}, {"row": ROW._replace(settings='{"CR": 0.2}', candidate_id="another text")}, "new winner"),
        ({"row": ROW}, {"row": ROW._replace(candidate_id="another text", results="others")}, "new program text"),
        ({"row": ROW}, {"row": ROW._replace(results="others")}, "new results"),
        ({"row": ROW}, {"row": ROW._replace(num_runs="more")}, "new results"),
        ({"row": ROW}, {}, "problem withdrawn"),
        (BESIDE | {"row": ROW}, BESIDE, "budget withdrawn"),
        ({"beside": ROW, "row": ROW}, {"beside": ROW}, "wording withdrawn"),
    ],
)
def test_change_has_its_reason(before: dict[str, ComparedRow], now: dict[str, ComparedRow], reason: str):
    (change,) = changes_between(1, before, 2, now).rows
    assert (change.instruction_id, change.reason) == ("row", reason)


def test_rows_that_are_as_they_were_have_no_reason():
    assert changes_between(1, {"row": ROW}, 2, {"row": ROW}).rows == []


def test_numbers_of_runs_that_an_earlier_version_did_not_tell_are_no_reason():
    assert changes_between(1, {"row": ROW._replace(num_runs="")}, 2, {"row": ROW}).rows == []


def newest_alone(folder: Path, target: Path) -> Path:
    """A copy of an export's newest snapshot without its hidden files."""
    (target / "data").mkdir(parents=True)
    for name in shard_names(files_at(folder)):
        shutil.copy(folder / name, target / "data" / Path(name).name)
    return target


def other_label(folder: Path, optimizer: str) -> int:
    """Gives the problem of an export's first row another label; returns the number of its rows."""
    file = min(folder.glob("data/*.parquet"))
    table = pq.read_table(file)
    rows = table.to_pylist()
    of_problem = [row for row in rows if row["problem_id"] == rows[0]["problem_id"]]
    for row in of_problem:
        row["optimizer"] = optimizer
    pq.write_table(table.from_pylist(rows, schema=table.schema), file)
    return len(of_problem)


def test_two_exports_that_hold_the_same_rows_do_not_differ(second: Exported, tmp_path: Path):
    found = compare(str(second.folder), str(newest_alone(second.folder, tmp_path / "copy")))
    assert (found.changes.rows, dict(found.moves), found.num_resettled) == ([], {}, 0)
    assert found.num_shared == len(set(read_instructions(second.folder)["problem_id"].to_pylist()))


def test_a_label_that_moved_is_counted_once_and_its_rows_are_written(second: Exported, tmp_path: Path):
    copy = newest_alone(second.folder, tmp_path / "copy")
    num_rows = other_label(copy, "random_search")
    found = compare(str(second.folder), str(copy))
    assert list(found.moves.values()) == [1]
    assert [now for _, now in found.moves] == ["random_search"]
    assert found.changes.count() == {"new winner": num_rows}
    write_comparison(found, tmp_path / "moves.parquet")
    assert pq.read_table(tmp_path / "moves.parquet")["optimizer_now"].to_pylist() == ["random_search"] * num_rows
    with pytest.raises(LlamocoError, match="is there already; give another --out"):
        write_comparison(found, tmp_path / "moves.parquet")


def test_what_is_no_export_is_not_compared(campaign: Path, second: Exported):
    with pytest.raises(LlamocoError, match="is a campaign, not an export"):
        compare(str(second.folder), str(campaign))
