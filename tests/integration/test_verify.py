"""What `verify` finds: nothing in a whole folder, and every kind of change in one that somebody changed."""

import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from llamoco_data.campaign import read_candidates, run_campaign
from llamoco_data.cli.commands import main
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.export import export
from llamoco_data.identity import LlamocoError, digest
from llamoco_data.problems.own_spec import OwnProblemSpec
from llamoco_data.problems.sampling import sample
from llamoco_data.runs import RunRecord, program_id
from llamoco_data.store import Block, Store, StoredProblem
from llamoco_data.verification import Finding, verify
from tests.campaigns import OneRunSlices, grown

pytestmark = pytest.mark.integration

SPEC = grown(num_problems=14, wordings=2)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A campaign in several files, and its export beside it."""
    folder = tmp_path_factory.mktemp("whole") / "c"
    run_campaign(folder, SPEC, OneRunSlices(InlineExecutor()), stop=iter([False] * 40 + [True] * 9).__next__)
    run_campaign(folder, SPEC, InlineExecutor())
    export(folder, folder.with_name("set"), budgets=(0.3,))
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return shutil.copytree(whole, tmp_path / "c")


@pytest.fixture
def exported(whole: Path, tmp_path: Path) -> Path:
    return shutil.copytree(whole.with_name("set"), tmp_path / "set")


def findings(folder: Path, sample: int = 0) -> list[Finding]:
    return list(verify(folder, sample=sample, checked=Counter()))


def wrong(folder: Path, sample: int = 0) -> str:
    """The lines of what is wrong, as one text."""
    return "\n".join(finding.line for finding in findings(folder, sample) if not finding.note)


def test_whole_campaign_has_no_finding_and_says_what_was_looked_at(whole: Path):
    checked = Counter[str]()
    assert list(verify(whole, sample=25, checked=checked)) == []
    stored = Store(whole)
    assert checked == {
        "log entries": len(list((whole / ".manifest").glob("*.json"))),
        "files": len(stored.files),
        "problems": 14,
        "problems drawn again": 14,
        "runs": stored.num_runs,
        "runs made again": 25,
    }


def test_whole_export_has_no_finding_and_says_what_was_looked_at(whole: Path):
    checked = Counter[str]()
    assert list(verify(whole.with_name("set"), sample=12, checked=checked)) == []
    assert checked["rows run again"] == 12
    assert checked["rows"] > checked["problems"] > 0


def test_campaign_that_was_interrupted_is_well(folder: Path, tmp_path: Path):
    run_campaign(tmp_path / "half", SPEC, InlineExecutor(), stop=iter([False] * 3 + [True] * 9).__next__)
    assert findings(tmp_path / "half", sample=2) == []
    run_campaign(tmp_path / "none", SPEC, InlineExecutor(), stop=lambda: True)
    assert findings(tmp_path / "none", sample=2) == []


def test_gap_in_the_log_and_what_only_it_knew_are_named(folder: Path):
    gone = folder / ".manifest" / "00000002.json"
    gone.unlink()
    lines = findings(folder)
    assert f"{gone}: is missing from the log; restore it from a copy" in wrong(folder)
    assert any(f.what == "is in no entry of the log" for f in lines if f.note)


def test_entry_that_is_damaged_and_file_that_is_none_are_named(folder: Path):
    entry = folder / ".manifest" / "00000002.json"
    entry.write_text(entry.read_text()[:-3])
    (folder / ".manifest" / "notes.json").write_text("{}")
    text = wrong(folder)
    assert f"{entry}: is damaged or of another version" in text
    assert "notes.json: is not an entry of the log" in text


def test_file_that_no_entry_names_is_a_note(folder: Path):
    (folder / "runs" / "stray.parquet").write_bytes(b"anything")
    (finding,) = findings(folder)
    assert finding.note
    assert finding.line.startswith(
        f"note: {folder / 'runs' / 'stray.parquet'}: is in no entry of the log; no command reads"
    )


def test_campaign_file_that_is_missing_is_named(folder: Path):
    (folder / "campaign.json").unlink()
    assert wrong(folder) == f"{folder / 'campaign.json'}: is missing; it decides every row; restore it from a copy"


def commit(folder: Path, block: Block) -> None:
    Store(folder).commit(block)


def some_run(folder: Path, **changes: object) -> RunRecord:
    store = Store(folder)
    (record, *_) = store.records(store.problem_id(0) or "")
    return record.model_copy(update=changes)


def test_run_with_a_seed_of_its_own_is_named(folder: Path):
    odd = some_run(folder, seed=12345)
    commit(folder, Block(records=[odd]))
    assert f"run {odd.run_id}: has seed 12345, which the campaign gives to no repeat of its problem" in wrong(folder)


def test_run_of_another_budget_or_beyond_it_is_named(folder: Path):
    other = some_run(folder, max_evaluations=7)
    commit(folder, Block(records=[other]))
    text = wrong(folder)
    assert f"run {other.run_id}: has a budget of 7, but its problem has " in text
    assert f"run {other.run_id} spent " in text
    assert "evaluations of a budget of 7" in text


def test_run_whose_trace_contradicts_its_result_is_named(folder: Path):
    odd = some_run(folder, seed=7, best_f=-1e9)
    commit(folder, Block(records=[odd]))
    assert f"run {odd.run_id}: has a trace that does not end at its result" in wrong(folder)


def test_run_that_is_stored_twice_is_a_note_where_the_two_agree(folder: Path):
    commit(folder, Block(records=[some_run(folder, cpu_s=9.0)]))
    (finding,) = findings(folder)
    assert finding.note
    assert finding.what == "is stored twice, and the two agree"


def test_run_that_is_stored_twice_with_different_results_is_named(folder: Path):
    commit(folder, Block(records=[some_run(folder, evaluations_to_target=1, outside_box=3)]))
    assert "is stored twice with different results" in wrong(folder)


def test_result_that_was_made_up_is_found_by_making_the_run_again(tmp_path: Path):
    """Everything about the record is in order, but for what no digest can know."""
    run_campaign(tmp_path / "c", grown(num_problems=1), InlineExecutor(), stop=lambda: True)
    spec = sample(SPEC.mixture, SPEC.seed, 0)
    run_campaign(tmp_path / "true", grown(num_problems=1), InlineExecutor())
    records = Store(tmp_path / "true").records(spec.problem_id)
    better = [
        r.model_copy(update={"best_f": -1.0, "trace": (*r.trace[:-1], (r.trace[-1][0], -1.0, r.violation))})
        for r in records
    ]
    commit(tmp_path / "c", Block([StoredProblem(index=0, spec=spec)], better))
    assert wrong(tmp_path / "c") == ""
    text = wrong(tmp_path / "c", sample=1)
    assert "made again, it gives best_f " in text
    assert "not -1.0; either the record is wrong, or this machine has other versions of the libraries" in text


def test_problem_that_the_campaign_does_not_draw_is_named(tmp_path: Path):
    run_campaign(tmp_path / "c", grown(num_problems=1), InlineExecutor(), stop=lambda: True)
    other = sample(SPEC.mixture, SPEC.seed, 5)
    commit(tmp_path / "c", Block([StoredProblem(index=0, spec=other)]))
    assert f"problem {other.problem_id}: is not what mixture, seed and index 0 draw" in wrong(tmp_path / "c")


def test_problem_that_is_said_to_be_complete_and_is_not_is_named(tmp_path: Path):
    run_campaign(tmp_path / "c", grown(num_problems=1), InlineExecutor())
    entries = sorted((tmp_path / "c" / ".manifest").iterdir())
    entry = json.loads(entries[-1].read_text())
    store = Store(tmp_path / "c")
    records = store.records(store.problem_id(0) or "")
    for path in (tmp_path / "c").iterdir():
        shutil.rmtree(path) if path.is_dir() and path.name != ".manifest" else None
    shutil.rmtree(tmp_path / "c" / ".manifest")
    problem = StoredProblem(index=0, spec=sample(SPEC.mixture, SPEC.seed, 0))
    candidates = read_candidates_of(tmp_path)
    commit(tmp_path / "c", Block([problem], records[:-3], entry["plan_id"], entry["complete"], candidates))
    assert "is complete by the log, but lacks 3 runs" in wrong(tmp_path / "c")


def read_candidates_of(tmp_path: Path):
    run_campaign(tmp_path / "other", grown(num_problems=1), InlineExecutor(), stop=lambda: True)
    return read_candidates(tmp_path / "other")


def rewritten(exported: Path, change: Callable[[dict], object], *, split: str = "train") -> dict:
    """The first row of a split, changed in its file; the row as it is now."""
    return rewritten_rows(exported, lambda rows: change(rows[0]), split=split)[0]


def rewritten_rows(exported: Path, change: Callable[[list[dict]], object], *, split: str = "train") -> list[dict]:
    """The rows of a split, changed in their file."""
    (file,) = (exported / "data").glob(f"{split}-*.parquet")
    table = pq.read_table(file)
    rows = table.to_pylist()
    change(rows)
    pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), file)
    return rows


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"answer": "def minimize(): ..."}, "but the digest of its answer is"),
        ({"problem_id": "0" * 20}, "has problem_id 00000000000000000000, but the digest of its problem_spec is"),
        ({"wording": 15}, "has an id that is not the digest of its problem, form and wording"),
        ({"split": "validation"}, "is of split validation, but lies in train-00000-of-00001-"),
        ({"max_evaluations": 3}, "has max_evaluations 3, but its problem has"),
        ({"problem_spec": "{}"}, "is not an instruction"),
        ({"schema_version": 1}, "has schema version 1"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_row_that_was_changed_is_named(exported: Path, change: dict, says: str):
    row = rewritten(exported, lambda row: row.update(change))
    assert f"row {row['instruction_id']}: " in wrong(exported)
    assert says in wrong(exported)


def test_problem_on_two_sides_is_named(exported: Path):
    taught = rewritten(exported, dict.copy)
    rewritten(exported, lambda row: row.update(base_problem_id=taught["base_problem_id"]), split="validation")
    text = wrong(exported)
    assert (
        f"problem {taught['base_problem_id']}: has statements in train and validation: what is tested was taught"
        in text
    )


def test_prompt_that_occurs_twice_is_named(exported: Path):
    taught = rewritten(exported, dict.copy)
    rewritten(exported, lambda row: row.update(prompt=taught["prompt"]), split="validation")
    assert f"{digest(taught['prompt'])}: 2 rows have this digest of their prompt" in wrong(exported)


def everything(exported: Path) -> str:
    return wrong(exported, sample=10_000)


def test_result_that_the_answer_does_not_give_is_named(exported: Path):
    row = rewritten(exported, lambda row: row.update(replay_evaluations=row["replay_evaluations"] - 1))
    assert f"row {row['instruction_id']}: its answer gives (best_f, violation, evaluations)" in everything(exported)


def test_answer_that_is_another_program_with_its_own_id_is_named(exported: Path):
    program = "def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):\n    return lower\n"
    row = rewritten(exported, lambda row: row.update(answer=program, candidate_id=program_id(program)))
    text = everything(exported)
    assert f"row {row['instruction_id']}: its answer gives (best_f, violation, evaluations) (None, None, 0)" in text


def broken_spec(row: dict) -> str:
    return "{}"


def spec_that_does_not_load(row: dict) -> str:
    return OwnProblemSpec(
        source="from scipy.optimize import gone_since\n",
        dimension=2,
        lower=(0.0, 0.0),
        upper=(1.0, 1.0),
        max_evaluations=row["max_evaluations"],
    ).to_json()


@pytest.mark.parametrize(
    ("spec_of", "says"),
    [(broken_spec, "validation error"), (spec_that_does_not_load, "does not load here, ImportError: cannot import")],
)
def test_row_that_cannot_be_run_again_is_named_and_hides_no_other(
    exported: Path, spec_of: Callable[[dict], str], says: str
):
    """The row is the first of its file, and the one behind it has a wrong result."""

    def change(rows: list[dict]) -> None:
        rows[0]["problem_spec"] = spec_of(rows[0])
        rows[1]["replay_evaluations"] -= 1

    rows = rewritten_rows(exported, change)
    checked = Counter[str]()
    lines = [finding.line for finding in verify(exported, sample=10_000, checked=checked)]
    (unmade,) = (line for line in lines if "cannot be run again" in line)
    assert unmade.startswith(f"row {rows[0]['instruction_id']}: cannot be run again: ")
    assert says in unmade
    assert any(line.startswith(f"row {rows[1]['instruction_id']}: its answer gives") for line in lines)
    assert checked["rows run again"] == checked["rows"] - 1


@pytest.mark.parametrize("column", ["problem_source", "prompt"])
def test_statement_of_another_problem_is_named(exported: Path, column: str):
    def change(row: dict) -> None:
        assert row["form"] == "python"
        row[column] = row[column].replace("return ", "return 1e-3 + ").replace("1e-3 + g", "g")

    row = rewritten(exported, change)
    assert f"row {row['instruction_id']}: its {column} is not its problem: " in everything(exported)


def test_export_that_was_not_copied_whole_is_named(exported: Path):
    shutil.rmtree(exported / ".snapshots")
    (train,) = (exported / "data").glob("train-*.parquet")
    train.rename(train.with_name("train-00001-of-00002.parquet"))
    (exported / "README.md").unlink()
    (exported / "data" / "notes.txt").write_text("mine")
    text = wrong(exported)
    assert "README.md: is missing: the export was not finished, or not copied whole" in text
    assert "train-00000-of-00002.parquet: is missing" in text
    assert "notes.txt: is not a file of an export" in text


def test_snapshots_that_are_damaged_are_named(folder: Path, tmp_path: Path):
    out = tmp_path / "numbered"
    for budgets in ((), (0.5,), (0.3,)):
        export(folder, out, budgets=budgets)
    assert findings(out) == []
    first, second = (out / ".snapshots" / number for number in ("0001", "0002"))
    (first / "manifest.json").write_text("{}")
    shard = min((second / "data").iterdir())
    shard.write_bytes(b"anything")
    newest = min((out / "data").iterdir())
    newest.unlink()
    text = wrong(out)
    assert f"{first}/manifest.json: is damaged or of another version; restore it from a copy, or remove" in text
    assert f"{shard}: is damaged: its SHA-256 is not that of the manifest; restore it from a copy, or" in text
    assert f"{newest}: is missing; export the campaign again" in text
    assert len(text.splitlines()) == 3


def test_shard_that_is_damaged_is_named_and_the_rest_is_looked_at(exported: Path):
    (train,) = (exported / "data").glob("train-*.parquet")
    train.write_bytes(train.read_bytes()[:-50])
    checked = Counter[str]()
    lines = [finding.line for finding in verify(exported, sample=0, checked=checked)]
    assert lines == [f"{train}: is damaged: its SHA-256 is not that of the manifest; export the campaign again"]
    assert checked["rows"] > 0


def command(*arguments: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["verify", *map(str, arguments)])
    return int(ended.value.code or 0)


def test_exit_code_says_whether_something_is_wrong(folder: Path, capsys: pytest.CaptureFixture[str]):
    (folder / "runs" / "stray.parquet").write_bytes(b"anything")
    assert command(folder, "--sample", 1) == 0
    note, last = capsys.readouterr().out.splitlines()
    assert note.startswith("note: ")
    assert last.startswith(f"{folder}: all is well; looked at ")
    assert last.endswith("runs, 1 run made again")
    path = folder / next(file.path for file in Store(folder).files if file.kind == "runs")
    path.write_bytes(path.read_bytes()[:-1])
    assert command(folder, "--sample", 0) == 1
    lines = capsys.readouterr().out.splitlines()
    assert f"{path}: is damaged: its SHA-256 is not that of the log; run the campaign, which sets it aside" in lines[0]
    assert f"{folder}: 1 thing is wrong; looked at " in lines[-1]


@pytest.mark.parametrize("make", [Path.exists, Path.mkdir, Path.touch])
def test_folder_that_is_neither_is_bad_input(make: Callable[[Path], object], tmp_path: Path, capsys):
    make(tmp_path / "x")
    assert command(tmp_path / "x") == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_verification_changes_nothing(folder: Path):
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    findings(folder, sample=5)
    with pytest.raises(LlamocoError):
        findings(folder / "runs")
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
