"""An export and a report by one process and by several: the same bytes. About 10 s."""

from pathlib import Path

import pytest

from llamoco_data.campaign import run_campaign
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.export import export
from llamoco_data.export.crew import FROM_PROBLEMS, MOST_PROCESSES, number_for
from llamoco_data.report import write_report
from tests.campaigns import grown

pytestmark = pytest.mark.contract


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("processes") / "c"
    run_campaign(folder, grown(num_problems=6), InlineExecutor())
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_export_by_several_processes_has_the_bytes_of_that_by_one(campaign: Path, tmp_path: Path):
    alone = export(campaign, tmp_path / "alone", budgets=(0.5, 0.2), processes=1)
    assert alone.report.num_rows > alone.report.num_problems > 6
    together = export(campaign, tmp_path / "together", budgets=(0.5, 0.2), processes=2)
    assert contents(tmp_path / "together") == contents(tmp_path / "alone")
    assert (together.report, together.example) == (alone.report, alone.example)


def test_report_by_several_processes_has_the_bytes_of_that_by_one(campaign: Path, tmp_path: Path):
    alone = write_report(campaign, tmp_path / "alone.html", processes=1)
    together = write_report(campaign, tmp_path / "together.html", processes=2)
    assert together.file.read_bytes() == alone.file.read_bytes()


def test_rows_that_fill_row_groups_and_shards_do_not_depend_on_processes(
    campaign: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("llamoco_data.export.shards.ROWS_PER_GROUP", 2)
    monkeypatch.setattr("llamoco_data.export.shards.ROWS_PER_SHARD", 4)
    alone = export(campaign, tmp_path / "alone", processes=1)
    export(campaign, tmp_path / "together", processes=2)
    assert len(alone.files) > len([split for split, rows in alone.report.rows.items() if rows])
    assert contents(tmp_path / "together") == contents(tmp_path / "alone")


def test_number_of_processes_is_what_was_asked_for_and_one_for_a_small_campaign():
    assert number_for(FROM_PROBLEMS - 1) == 1
    assert 1 <= number_for(FROM_PROBLEMS) <= MOST_PROCESSES
    assert (number_for(1, asked=3), number_for(10**6, asked=1)) == (3, 1)
