"""Exports that are extended by predicted rows: what the rows hold, that they grow, and what is refused."""

import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from llamoco_data.campaign import run_campaign
from llamoco_data.cli.commands import main
from llamoco_data.execution import executor
from llamoco_data.export import export, extend, extending
from llamoco_data.export.predicting import Teacher
from llamoco_data.export.predicting import predicted as predicted_rows
from llamoco_data.identity import LlamocoError
from llamoco_data.instruction_set import SCHEMA, Drawing, read_instructions
from llamoco_data.portfolio import OPTIMIZER_BY_NAME
from llamoco_data.portfolio.stored_candidates import stored_candidates
from llamoco_data.problems.functions import FUNCTION_BY_NAME
from llamoco_data.problems.sampling import FIRST_UNMEASURED, sample
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.runs import program_id
from llamoco_data.scoring.cases import read_export
from llamoco_data.scoring.programs import Generated
from llamoco_data.selector import NAMES, Measured, Training, fitted, reading_of
from llamoco_data.selector.forest import ForestSettings
from llamoco_data.verification import verify
from llamoco_tune.instructions import rows_of
from llamoco_tune.snapshots import set_files
from tests.campaigns import grown

pytestmark = pytest.mark.integration

SPEC = grown(
    num_problems=22,
    wordings=2,
    held_out_families=("fractal", "norm"),
    mixture=grown().mixture.model_copy(update={"max_evaluations": 120}),
)


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("extended") / "c"
    run_campaign(folder, SPEC, executor("inline"))
    return folder


@pytest.fixture(scope="module")
def plain(campaign: Path) -> Path:
    return export(campaign, campaign.with_name("set")).folder


@pytest.fixture(scope="module")
def extended(plain: Path) -> Path:
    folder = shutil.copytree(plain, plain.with_name("extended"))
    extend(folder, 5)
    return folder


@pytest.fixture
def mine(plain: Path, tmp_path: Path) -> Path:
    return shutil.copytree(plain, tmp_path / "set")


def predicted(folder: Path) -> list[dict]:
    return read_instructions(folder, split="train_extended").to_pylist()


def shards(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted((folder / "data").glob("train_extended-*"))}


def wrong(folder: Path, sample: int = 0) -> str:
    return "\n".join(finding.line for finding in verify(folder, sample=sample, checked=Counter()))


def test_predicted_rows_are_of_drawn_problems_in_all_statements(extended: Path):
    rows = predicted(extended)
    assert len({row["problem_id"] for row in rows}) == 5
    assert set(Counter((row["problem_id"], row["form"]) for row in rows).values()) == {2}
    assert len(rows) == 5 * 2 * 2
    for row in rows:
        index = json.loads(row["extra"])["index"]
        assert index >= FIRST_UNMEASURED
        assert sample(SPEC.mixture, SPEC.seed, index).to_json() == row["problem_spec"]
        assert not {FUNCTION_BY_NAME[name].family for name in row["functions"]} & {"fractal", "norm"}


def test_predicted_rows_score_every_optimizer_that_applies_and_answer_with_the_best(extended: Path):
    for row in predicted(extended):
        spec = ProblemSpec.from_json(row["problem_spec"])
        applying = {name for name in SPEC.optimizers if not OPTIMIZER_BY_NAME[name].limits.declines(spec)}
        results = row["optimizer_scores"]
        assert {result["optimizer"] for result in results} == applying - {"random_search"}
        assert [result["score"] for result in results] == sorted((r["score"] for r in results), reverse=True)
        assert {(result["runs"], result["feasible_share"]) for result in results} == {(0, None)}
        assert (row["candidate_id"], row["winner_score"]) == (results[0]["candidate_id"], results[0]["score"])
        assert program_id(row["answer"]) == row["candidate_id"]
        assert (row["label_source"], row["confidence"], row["replay_seed"]) == ("predicted", None, None)


@pytest.fixture(scope="module")
def teacher() -> Teacher:
    """One to which five measured problems are equally like any other: `de` did well on two of them."""
    first, second = (candidate.candidate_id for candidate in stored_candidates(("de",))[:2])
    scores = np.array([[0.1, 0.2]] * 3 + [[0.9, 0.2]] * 2)
    measured = Measured(tuple("abcde"), ("de", "pso"), np.zeros((5, len(NAMES))), scores, np.ones(5, dtype=np.bool_))
    best = [{"de": first, "pso": "of an earlier portfolio"}] * 3 + [{"de": second, "pso": "of another"}] * 2
    selector = fitted(measured, ForestSettings(trees=1, least_leaf=5))
    drawing = Drawing(mixture=SPEC.mixture, seed=SPEC.seed, wordings=1, held_out_families=())
    return Teacher(drawing, Training([], measured, best), selector, first, frozenset())


INDICES = range(FIRST_UNMEASURED, FIRST_UNMEASURED + 3)


def test_predicted_settings_are_those_with_the_most_votes_weighted_by_score(teacher: Teacher):
    """Two scores of 0.9 outweigh three of 0.1; where no candidate of an optimizer is left, its first one stands in."""
    (_, second, *_), (first, *_) = (stored_candidates((name,)) for name in ("de", "pso"))
    rows = predicted_rows(teacher, INDICES).table.to_pylist()
    assert len(rows) == 3 * 2
    for row in rows:
        chosen = [(one["optimizer"], one["candidate_id"], one["score"]) for one in row["optimizer_scores"]]
        assert chosen == [("de", second.candidate_id, 0.42), ("pso", first.candidate_id, 0.2)]


def test_no_problem_is_predicted_that_was_measured(teacher: Teacher):
    first, *others = dict.fromkeys(predicted_rows(teacher, INDICES).table["problem_id"].to_pylist())
    left = predicted_rows(replace(teacher, measured_ids=frozenset({first})), INDICES)
    assert list(dict.fromkeys(left.table["problem_id"].to_pylist())) == others
    assert left.num_problems == len(others) == 2


def test_measured_rows_stay_as_they_are_and_say_what_their_statements_say(plain: Path, extended: Path):
    before, now = read_instructions(plain), read_instructions(extended)
    assert now.slice(0, before.num_rows).equals(before)
    for row in before.to_pylist():
        assert row["label_source"] == "measured"
        read = {one["name"]: one["value"] for one in row["reading"]}
        assert tuple(read) == NAMES
        assert read == reading_of(ProblemSpec.from_json(row["problem_spec"]))


def test_extended_set_has_no_finding_and_every_tampering_is_named(extended: Path, tmp_path: Path):
    checked = Counter[str]()
    assert list(verify(extended, sample=10_000, checked=checked)) == []
    assert checked["rows drawn again"] == 20
    mine = shutil.copytree(extended, tmp_path / "set")
    (file,) = (mine / "data").glob("train_extended-*")
    table = pq.read_table(file)

    def changed(change: Callable[[dict], object], sample: int = 0) -> str:
        rows = table.to_pylist()
        change(rows[0])
        pq.write_table(pa.Table.from_pylist(rows, schema=table.schema), file)
        return wrong(mine, sample)

    assert "is measured, but of split train_extended" in changed(lambda row: row.update(label_source="measured"))
    assert "is predicted, but has a confidence" in changed(lambda row: row.update(confidence=0.9))
    assert "not the candidate of the best expected" in changed(lambda row: row["optimizer_scores"].pop(0))
    assert "reading that its problem does not have" in changed(lambda row: row["reading"][3].update(value=77.0))
    assert "index 1 does not draw" in changed(lambda row: row.update(extra='{"index":1}'), 10_000)


def test_split_grows_by_the_same_rows_in_any_steps_and_processes(mine: Path, plain: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(extending, "PROBLEMS_PER_SHARD", 2)
    first = extend(mine, 3)
    kept = next(iter(shards(mine).values()))
    steps = extend(mine, 7)
    assert (first.num_new, steps.num_new, steps.num_problems, steps.snapshot) == (3, 4, 7, first.snapshot + 1)
    assert next(iter(shards(mine).values())) == kept
    at_once = shutil.copytree(plain, tmp_path / "at-once")
    extend(at_once, 7, processes=2)
    assert shards(at_once) == shards(mine)
    assert len(shards(mine)) == 4
    fewer = extend(mine, 2)
    assert (fewer.num_new, fewer.num_problems, fewer.snapshot) == (0, 7, steps.snapshot)
    assert wrong(mine) == ""


def test_extension_that_is_interrupted_leaves_the_set_as_it_was(mine: Path):
    before = {file: file.read_bytes() for file in mine.rglob("*") if file.is_file()}

    def interrupt(done: int, total: int) -> None:
        del total
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        extend(mine, 4, report=interrupt)
    assert {file: file.read_bytes() for file in mine.rglob("*") if file.is_file()} == before


def test_command_extends_a_set_and_a_new_export_leaves_the_rows_out(campaign: Path, mine: Path, capsys):
    def done(*arguments: str) -> str:
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 0
        return capsys.readouterr().out

    assert "train_extended: 2 problems, 8 rows" in done("extend", str(mine), "--problems", "2")
    assert "| train_extended | 2 | 8 |" in (mine / "README.md").read_text()
    row = predicted(mine)[0]
    assert "Nothing was run on this problem" in done("show", str(mine), row["instruction_id"])
    assert len(rows_of(set_files(mine), "train_extended")) == 8
    printed = " ".join(done("export", str(campaign), str(mine)).split())
    assert "the 8 predicted rows of split train_extended are left out of this snapshot" in printed
    with pytest.raises(LlamocoError, match="holds no rows of split 'train_extended'"):
        predicted(mine)
    with pytest.raises(LlamocoError, match=f"^there is no folder {mine / 'nothing'}; give the folder of an export"):
        predicted(mine / "nothing")
    assert read_instructions(mine, split="train_extended", snapshot=2).num_rows == 8


def test_programs_for_predicted_rows_are_refused_in_one_line(extended: Path):
    row = predicted(extended)[0]
    program = Generated(
        instruction_id=row["instruction_id"],
        problem_id=row["problem_id"],
        split=row["split"],
        form=row["form"],
        sample=0,
        program=row["answer"],
        ended="stop",
        detail="",
        prompt_tokens=0,
        completion_tokens=0,
        seconds=0.0,
    )
    with pytest.raises(LlamocoError, match="split train_extended, whose problems were never measured"):
        read_export(extended, [program])


def test_folders_that_cannot_be_extended_are_refused(mine: Path, campaign: Path, tmp_path: Path):
    with pytest.raises(LlamocoError, match="by 1 problem or more, not by 0"):
        extend(mine, 0)
    with pytest.raises(LlamocoError, match="is a campaign, not an export"):
        extend(campaign, 1)
    with pytest.raises(LlamocoError, match="holds no export"):
        extend(tmp_path / "nothing", 1)
    assert not (tmp_path / "nothing").exists()
    (mine / "data" / "notes.txt").write_text("mine")
    with pytest.raises(LlamocoError, match=r"notes.txt for one; move them elsewhere"):
        extend(mine, 1)


def test_export_that_does_not_tell_its_drawing_or_has_few_problems_is_refused(mine: Path):
    shutil.rmtree(mine / ".snapshots")
    for file in (mine / "data").iterdir():
        table = pq.read_table(file)
        pq.write_table(table.slice(0, 4), file)
    with pytest.raises(LlamocoError, match="too few to predict from"):
        extend(mine, 1)
    for file in (mine / "data").iterdir():
        pq.write_table(pq.read_table(file).replace_schema_metadata(SCHEMA.metadata), file)
    with pytest.raises(LlamocoError, match="exported by an earlier release and does not tell"):
        extend(mine, 1)
