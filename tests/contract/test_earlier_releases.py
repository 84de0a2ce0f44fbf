"""What earlier releases have left on users' disks, opened by today's: a campaign and an export, kept. About 15 s."""

import dataclasses
import json
import shutil
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from llamoco_data.campaign import load_campaign, plan, read_candidates, run_campaign, status
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.export import export
from llamoco_data.identity import LlamocoError
from llamoco_data.instruction_set import SCHEMA, STYLED, read_instructions
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.recipes import campaign_for
from llamoco_data.statements import statement
from llamoco_data.verification import verify
from llamoco_tune.instructions import rows_of
from llamoco_tune.snapshots import set_files
from tests.campaigns import results

pytestmark = pytest.mark.contract

KEPT = Path(__file__).parents[1] / "data" / "earlier"
QUESTIONS = ("instruction_id", "problem_id", "form", "wording", "prompt", "problem_source", "split")
ANSWERS = (
    "answer",
    "candidate_id",
    "settings",
    "replay_seed",
    "replay_best_f",
    "replay_violation",
    "replay_evaluations",
)


@pytest.fixture
def campaign(tmp_path: Path) -> Path:
    return shutil.copytree(KEPT / "campaign", tmp_path / "c")


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    return shutil.copytree(KEPT / "set", tmp_path / "set")


def as_written(folder: Path) -> list[dict]:
    """The rows of the kept export, by nothing of today's."""
    return [row for file in sorted((folder / "data").glob("*.parquet")) for row in pq.read_table(file).to_pylist()]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def by_id(rows: list[dict], columns: tuple[str, ...]) -> dict[str, list[object]]:
    return {row["instruction_id"]: [row[column] for column in columns] for row in rows}


RESULTS = ("near_ties", "optimizer_scores")
NULLABLE_IN_VERSION_2 = ("winner_error", "random_search_error")


def upgraded(row: dict) -> dict:
    """The row at schema version 4, without numbers of runs and with an empty reading."""
    results = {name: [{**result, "runs": None} for result in row[name]] for name in RESULTS}
    return {**row, **results, "label_source": "measured", "reading": [], "schema_version": 4}


def at_version_2(row: dict) -> dict:
    results = {name: [{k: v for k, v in result.items() if k != "runs"} for result in row[name]] for name in RESULTS}
    added = ("label_source", "reading")
    return {**{name: value for name, value in row.items() if name not in added}, **results, "schema_version": 2}


def sorted_rows(folder: Path, snapshot: int | None = None) -> list[dict]:
    return sorted(read_instructions(folder, snapshot=snapshot).to_pylist(), key=lambda row: row["instruction_id"])


@pytest.fixture
def exported_as_version_2(campaign: Path, tmp_path: Path) -> Path:
    """What the release before the numbers of runs would have exported of the kept campaign."""
    made = export(campaign, tmp_path / "made").folder
    result = pa.struct(
        [
            field.with_nullable(field.name == "median_error")
            for field in SCHEMA.field("near_ties").type.value_type
            if field.name != "runs"
        ]
    )
    results = {"near_ties": pa.list_(result), "optimizer_scores": pa.list_(result)}
    schema = pa.schema(
        [
            pa.field(field.name, results.get(field.name, field.type), nullable=field.name in NULLABLE_IN_VERSION_2)
            for field in SCHEMA
            if field.name not in ("label_source", "reading")
        ],
        metadata={"llamoco_schema_version": "2"},
    )
    (tmp_path / "set2" / "data").mkdir(parents=True)
    (tmp_path / "set2" / "README.md").write_bytes(KEPT.joinpath("set", "README.md").read_bytes())
    for file in (made / "data").iterdir():
        rows = [at_version_2(row) for row in pq.read_table(file).to_pylist()]
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), tmp_path / "set2" / "data" / file.name)
    return tmp_path / "set2"


def test_kept_campaign_is_read_and_left_as_it_was(campaign: Path):
    before = contents(campaign)
    now = status(campaign)
    assert (now.problems_stored, now.problems_total, now.runs_by_status) == (
        3,
        3,
        {"completed": len(results(campaign))},
    )
    assert [finding.line for finding in verify(campaign, sample=100, checked=Counter())] == []
    assert plan(campaign, load_campaign(campaign)).problems_total == 3
    assert contents(campaign) == before


def test_kept_campaign_gives_the_questions_and_answers_that_it_gave_then(campaign: Path, tmp_path: Path):
    rows = read_instructions(export(campaign, tmp_path / "set").folder).to_pylist()
    now = [row for row in rows if row["split"] != STYLED]  # which is newer
    then = as_written(KEPT / "set")
    assert by_id(now, QUESTIONS) == by_id(then, QUESTIONS)
    assert by_id(now, ANSWERS) == by_id(then, ANSWERS)


def test_kept_campaign_knows_which_optimizers_follow_their_budget(campaign: Path, tmp_path: Path):
    """What its release did not record comes from the catalogue, or the traces would tell of budgets wrongly."""
    follows = {candidate.optimizer for candidate in read_candidates(campaign) if candidate.limits.follows_budget}
    assert follows == {"lshade"}
    exported = export(campaign, tmp_path / "set", budgets=(0.6,))
    cut = [row for row in read_instructions(exported.folder).to_pylist() if row["problem_id"] != row["base_problem_id"]]
    assert cut
    assert [finding.line for finding in verify(exported.folder, sample=100, checked=Counter())] == []


def test_kept_campaign_that_goes_on_runs_new_texts_only(campaign: Path):
    before, known = results(campaign), {candidate.candidate_id for candidate in read_candidates(campaign)}
    spec = load_campaign(campaign)
    outcome = run_campaign(campaign, spec, InlineExecutor())
    after = results(campaign)
    new = [record for record in after if record.candidate_id not in known]
    assert outcome.progress.new_runs == len(new) > 0
    assert [record for record in after if record.candidate_id in known] == [r for r in before if r in after]
    assert status(campaign).problems_complete == 3
    assert run_campaign(campaign, spec, InlineExecutor()).progress.new_runs == 0
    assert [finding.line for finding in verify(campaign, sample=10, checked=Counter())] == []


def test_kept_campaign_may_grow_to_today_s_recipe(campaign: Path):
    wanted = campaign_for(campaign, None, 4)
    planned = plan(campaign, wanted)
    assert planned.problems_missing == 4
    assert set(planned.runs_missing_by_optimizer) > {"pso", "cma_es"}


def test_kept_set_is_upgraded_as_it_is_read(exported: Path):
    before = contents(exported)
    table = read_instructions(exported)
    assert table.schema.equals(SCHEMA, check_metadata=True)
    for now, then in zip(table.to_pylist(), as_written(exported), strict=True):
        assert now == upgraded({**then, "base_problem_id": then["problem_id"]})
    assert contents(exported) == before


def test_set_of_version_2_is_read_alike_but_for_the_numbers_of_runs(campaign: Path, exported_as_version_2: Path):
    table = read_instructions(exported_as_version_2)
    assert table.schema.equals(SCHEMA, check_metadata=True)
    assert sorted_rows(exported_as_version_2) == [upgraded(row) for row in sorted_rows(campaign.with_name("made"))]
    assert [finding.line for finding in verify(exported_as_version_2, sample=1, checked=Counter())] == []


def test_set_of_version_2_gives_tuning_the_same_rows(campaign: Path, exported_as_version_2: Path):
    earlier, made = set_files(exported_as_version_2), set_files(campaign.with_name("made"))
    assert {split: rows_of(earlier, split) for split in earlier.splits} == {
        split: [dataclasses.replace(row, reading={}) for row in rows_of(made, split)] for split in made.splits
    }


def test_numbers_of_runs_are_no_change_since_a_snapshot_of_version_2(campaign: Path, exported_as_version_2: Path):
    second = export(campaign, exported_as_version_2, since=1)
    assert second.snapshot == 2
    assert second.changes is not None
    assert second.changes.count() == {}
    first, newest = (sorted_rows(exported_as_version_2, number) for number in (1, 2))
    assert first == [upgraded(row) for row in newest]
    assert all(result["runs"] for row in newest for result in row["optimizer_scores"])
    assert [finding.line for finding in verify(exported_as_version_2, sample=0, checked=Counter())] == []


def test_kept_set_becomes_the_first_snapshot_and_can_be_compared_with(campaign: Path, exported: Path):
    written = contents(exported)
    second = export(campaign, exported, since=1)
    assert second.snapshot == 2
    assert second.changes is not None
    assert second.changes.count() == {"new results": 4, "new wording": 1}  # scores are means, and a split is new
    first = contents(exported / ".snapshots" / "0001")
    assert {name: data for name, data in first.items() if name != "manifest.json"} == written
    assert read_instructions(exported, snapshot=1).equals(read_instructions(KEPT / "set"))
    assert [finding.line for finding in verify(exported, sample=0, checked=Counter())] == []


def test_prompts_of_kept_rows_are_written_today_as_they_were_then():
    """A wording that is added must leave these as they are: the ids are in sets that were published."""
    for row in as_written(KEPT / "set"):
        spec = ProblemSpec.from_json(row["problem_spec"])
        assert spec.problem_id == row["problem_id"]
        assert statement(spec, form=row["form"], wording=row["wording"]) == row["prompt"]


def test_snapshot_of_a_newer_release_is_refused_and_does_not_keep_a_new_one_from_being_made(
    campaign: Path, exported: Path
):
    export(campaign, exported)
    file = exported / ".snapshots" / "0002" / "manifest.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "schema_version": 2}))
    with pytest.raises(LlamocoError, match=r"0002/manifest.json is damaged or of another version"):
        read_instructions(exported, snapshot=2)
    assert export(campaign, exported).snapshot == 3
    assert read_instructions(exported).num_rows == 5


def test_log_of_a_release_that_did_not_note_indices_is_named_in_one_line(campaign: Path):
    file = campaign / ".manifest" / "00000002.json"
    entry = json.loads(file.read_text())
    for stored in entry["files"]:
        stored.pop("indices", None)
    file.write_text(json.dumps(entry))
    with pytest.raises(LlamocoError, match=r"00000002.json is damaged or of another version"):
        status(campaign)
