"""The splits `test_style` and `test_real`: what is in them, that nothing learns from it, and how commands use them."""

import shutil
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from llamoco_data import OwnProblemSpec, own_problem, recipes
from llamoco_data.campaign import add_problems, load_campaign, run_campaign, status
from llamoco_data.campaign.spec import keep_campaign
from llamoco_data.cli.commands import main
from llamoco_data.execution import executor
from llamoco_data.export import Exported, export, extend
from llamoco_data.instruction_set import SCHEMA, STYLED, read_instructions
from llamoco_data.problems.own_spec import read_spec
from llamoco_data.problems.suites import suite_problem
from llamoco_data.scoring import score
from llamoco_data.selector import training_of
from llamoco_data.statements import FIRST_STYLED, code_of
from llamoco_data.verification import verify
from tests.campaigns import grown
from tests.own_problems import FREE
from tests.scores import write_programs, written

pytestmark = pytest.mark.integration

SPEC = grown(num_problems=14, wordings=2, mixture=grown().mixture.model_copy(update={"max_evaluations": 120}))
"""Two of its problems are of split `test`."""
REAL = [
    own_problem(suite_problem("g06").at_budget(80), "g06_80"),
    own_problem(suite_problem("g06").at_budget(40).replace("lower =", "lower = 0.1 +"), "changed"),
]
"""A problem of a suite, and a copy of it with other bounds."""


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Drawn problems, two real ones, and a user's own."""
    folder = tmp_path_factory.mktemp("blocks") / "c"
    keep_campaign(folder, SPEC)
    add_problems(folder, [*REAL, own_problem(FREE, "free")])
    run_campaign(folder, load_campaign(folder), executor("inline"))
    return folder


@pytest.fixture(scope="module")
def exported(campaign: Path) -> Exported:
    return export(campaign, campaign.with_name("set"), budgets=[0.6])


@pytest.fixture(scope="module")
def rows(exported: Exported) -> list[dict]:
    return read_instructions(exported.folder).to_pylist()


def of_split(rows: list[dict], split: str) -> list[dict]:
    return [row for row in rows if row["split"] == split]


def test_real_problems_are_in_their_split_and_nothing_else_is(rows: list[dict]):
    real = of_split(rows, "test_real")
    assert {row["base_problem_id"] for row in real} == {spec.problem_id for spec in REAL}
    assert {(row["form"], row["wording"] < FIRST_STYLED) for row in real} == {("python", True)}
    assert len({row["prompt"] for row in real}) == len(real) == 4
    for row in rows:
        spec = read_spec(row["problem_spec"])
        is_real = isinstance(spec, OwnProblemSpec) and spec.name != "free"
        assert (row["split"] == "test_real") == is_real


def test_real_problems_change_nothing_that_is_learned_or_compared(campaign: Path, exported: Exported, tmp_path: Path):
    without = tmp_path / "c"
    keep_campaign(without, SPEC)
    add_problems(without, [own_problem(FREE, "free")])
    run_campaign(without, load_campaign(without), executor("inline"))
    plain = export(without, tmp_path / "set", budgets=[0.6])
    for split in ("train", "test", STYLED):
        assert read_instructions(plain.folder, split=split).equals(read_instructions(exported.folder, split=split))
    one, other = (training_of(read_instructions(folder)) for folder in (plain.folder, exported.folder))
    assert one is not None
    assert other is not None
    assert one.measured.problem_ids == other.measured.problem_ids
    assert status(campaign).num_real == 2


def test_styled_rows_are_problems_of_the_test_split_with_their_labels(rows: list[dict], exported: Exported):
    styled = of_split(rows, STYLED)
    tested = {row["problem_id"]: row for row in of_split(rows, "test") if row["kind"] != "own"}
    assert len(styled) == len({row["problem_id"] for row in styled}) == exported.report.problems[STYLED] == 2
    for row in styled:
        same = tested[row["problem_id"]]
        differ = {name for name in row if row[name] != same[name]}
        assert differ <= {"instruction_id", "form", "wording", "prompt", "split"}
        assert row["form"] == "python"
        assert row["wording"] >= FIRST_STYLED
        assert row["problem_id"] == row["base_problem_id"]
        assert code_of(row["prompt"]) not in {code_of(other["prompt"]) for other in tested.values()}
    assert exported.report.num_problems == len({row["problem_id"] for row in rows})


def test_set_has_no_finding_and_rows_on_the_wrong_side_are_named(exported: Exported, rows: list[dict], tmp_path: Path):
    assert [one.line for one in verify(exported.folder, sample=len(rows), checked=Counter())] == []
    for split, says in (
        ("test_real", "has a problem of a suite, but is of split train"),
        (STYLED, "but is of split train"),
    ):
        folder = shutil.copytree(exported.folder / "data", tmp_path / split / "data").parent
        (file,) = (folder / "data").glob(f"{split}-*")
        moved = [{**row, "split": "train"} for row in pq.read_table(file).to_pylist()]
        pq.write_table(pa.Table.from_pylist(moved, schema=SCHEMA), folder / "data" / "train-00000-of-00001.parquet")
        file.unlink()
        assert says in "\n".join(one.line for one in verify(folder, sample=0, checked=Counter()))


def test_extended_set_keeps_both_splits_and_its_card_counts_them(exported: Exported, tmp_path: Path):
    folder = shutil.copytree(exported.folder, tmp_path / "set")
    extend(folder, 2)
    for split in ("test_real", STYLED):
        assert read_instructions(folder, split=split).equals(read_instructions(exported.folder, split=split))
    card = (folder / "README.md").read_text()
    assert "| test_style | 2 | 2 |\n| test_real | 2 | 4 |\n| train_extended | 2 |" in card
    assert [one.line for one in verify(folder, sample=0, checked=Counter())] == []


def test_programs_for_all_blocks_are_scored_block_by_block(exported: Exported, rows: list[dict], tmp_path: Path):
    """Answers to both statements of one problem are kept apart; runs that they share are made once."""
    styled = of_split(rows, STYLED)[0]
    plain = next(row for row in of_split(rows, "test") if row["problem_id"] == styled["problem_id"])
    real = of_split(rows, "test_real")[0]
    given = [written(plain, plain["answer"]), written(styled, ""), written(real, real["answer"])]
    programs = write_programs(tmp_path / "programs.parquet", given)
    scored = score(programs, exported.folder, tmp_path / "scores", executor("inline"), confined="trusted")
    assert scored.summary is not None
    by_split = {one.split: {each.contender: each.score for each in one.contenders} for one in scored.summary.splits}
    assert list(by_split) == ["test", STYLED, "test_real"]
    assert by_split["test"]["model"] == by_split["test"]["virtual best"] == by_split[STYLED]["virtual best"]
    assert by_split[STYLED]["model"] == 0
    assert by_split["test_real"]["model"] == by_split["test_real"]["virtual best"]
    assert {one.split: (one.num_problems, one.num_programs) for one in scored.summary.splits} == {
        "test": (1, 1),
        STYLED: (1, 1),
        "test_real": (1, 1),
    }


def test_command_adds_a_suite_once_and_status_counts_it(campaign: Path, tmp_path: Path, capsys, monkeypatch):
    monkeypatch.setitem(recipes.RECIPES, SPEC.recipe, grown)
    folder = shutil.copytree(campaign, tmp_path / "c")

    def call(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main([*arguments])
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), " ".join((out + err).split())

    code, said = call("add", str(folder), "--suite", "engineering", "--budgets", "small")
    assert code == 0
    assert f"10 real problems are now in {folder}, for split test_real races: about" in said
    code, said = call("add", str(folder), "--suite", "engineering", "--budgets", "small")
    assert (code, said) == (0, f"all 10 problems are in {folder} already; nothing was done")
    names = {
        p.removesuffix(".py").rpartition("-")[0] for p in (file.name for file in (folder / "own-problems").iterdir())
    }
    assert {"antenna_array_500", "spur_gears_300", "free", "g06_80"} <= names
    code, said = call("status", str(folder))
    assert "17 complete of 27, 1 of them users' own, 12 of them real" in said
    for arguments in ((), ("bowl.py", "--suite", "all")):
        code, said = call("add", str(folder), *arguments)
        assert code == 2
        assert "name the files of your own problems, or a suite with --suite" in said
