"""An export, read as its users read it: row by row, program by program, with their own tools."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import cast

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
import yaml
from huggingface_hub import DatasetCard

from llamoco_data.budgets import shorter_budget
from llamoco_data.campaign import CampaignReader, CampaignSpec, read_candidates, read_problems, run_campaign, view_of
from llamoco_data.execution import executor
from llamoco_data.export import Exported, crew, export
from llamoco_data.export.judging import judge_all
from llamoco_data.export.making import wordings_of
from llamoco_data.identity import LlamocoError
from llamoco_data.instruction_set import (
    MEASURED_SPLITS,
    SCHEMA,
    STYLED,
    CandidateResult,
    Instruction,
    Reading,
    Split,
    read_instructions,
)
from llamoco_data.problems.evaluation import build
from llamoco_data.problems.functions import FUNCTION_BY_NAME
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.racing import Exhaustive
from llamoco_data.recipes import recipe
from llamoco_data.runs import run_program
from llamoco_data.verdicts import judge

pytestmark = pytest.mark.contract

NUM_PROBLEMS = 20
OPTIMIZERS = ("slsqp", "nelder_mead", "de", "pso", "random_search")


def small_campaign() -> CampaignSpec:
    demo = recipe("demo")
    changes = {
        "num_problems": NUM_PROBLEMS,
        "mixture": demo.mixture.model_copy(update={"max_evaluations": 300}),
        "optimizers": OPTIMIZERS,
        "policy": Exhaustive(repeats=2),
        "wordings": 2,
    }
    return demo.model_copy(update=changes)


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("campaign") / "c"
    run_campaign(folder, small_campaign(), executor("inline"))
    return folder


@pytest.fixture(scope="module")
def exported(campaign: Path) -> Exported:
    return export(campaign, campaign.parent / "set")


@pytest.fixture(scope="module")
def rows(exported: Exported) -> list[dict]:
    return read_instructions(exported.folder).to_pylist()


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def side(split: str) -> str:
    """The split whose problems a split has: `test_style` states those of `test` once more."""
    return "test" if split == STYLED else split


def test_schema_has_a_column_for_every_field_with_a_description():
    assert SCHEMA.names == list(Instruction.model_fields)
    assert [field.name for field in SCHEMA.field("near_ties").type.value_type] == list(CandidateResult.model_fields)
    assert [field.name for field in SCHEMA.field("reading").type.value_type] == list(Reading.model_fields)
    assert all(
        field.description
        for record in (Instruction, CandidateResult, Reading)
        for field in record.model_fields.values()
    )


def test_rows_validate_as_instructions(rows: list[dict]):
    for row in rows:
        Instruction.model_validate_json(json.dumps(row))
    assert len({row["instruction_id"] for row in rows}) == len(rows)
    assert len({row["prompt"] for row in rows}) == len(rows)


def test_answer_run_from_its_text_alone_gives_the_recorded_result(rows: list[dict]):
    """Law 1: what we teach is what we ran."""
    for row in {row["problem_id"]: row for row in rows}.values():
        record = run_program(row["answer"], ProblemSpec.from_json(row["problem_spec"]), row["replay_seed"])
        assert record.status == "completed"
        assert (record.best_f, record.violation, record.evaluations) == (
            row["replay_best_f"],
            row["replay_violation"],
            row["replay_evaluations"],
        )


REPLAY = """
import json, sys
row = json.load(sys.stdin)
problem, program, values = {}, {"__name__": "program"}, []
exec(row["problem_source"], problem)
exec(row["answer"], program)
def objective(x):
    values.append(float(problem["objective"](x)))
    return values[-1]
x = program["minimize"](objective, problem["lower"], problem["upper"], problem["max_evaluations"], row["replay_seed"],
                        constraints=problem.get("constraints"))
inside = bool((x >= problem["lower"]).all() and (x <= problem["upper"]).all())
print(json.dumps([values, inside, any(name.startswith("llamoco") for name in sys.modules)]))
"""


def test_answer_on_the_problem_source_needs_nothing_of_the_project(rows: list[dict], tmp_path: Path):
    """A user pastes both texts anywhere, and they begin as the measured run began.

    Only the first value is compared: the two evaluators differ in the last digit, and finite differences amplify it.
    """
    for row in list({row["problem_id"]: row for row in rows}.values())[:6]:
        process = [sys.executable, "-I", "-c", REPLAY]
        printed = subprocess.run(
            process, input=json.dumps(row), capture_output=True, text=True, check=True, cwd=tmp_path, env={"PATH": ""}
        )
        values, inside, imported = json.loads(printed.stdout)
        assert not imported
        assert inside
        assert len(values) <= row["max_evaluations"]
        assert values[0] == pytest.approx(first_value(row), rel=1e-9, abs=1e-9)


def first_value(row: dict) -> float:
    """The first objective value of the measured run."""
    problem = build(ProblemSpec.from_json(row["problem_spec"]))
    program: dict = {"__name__": "program"}
    exec(row["answer"], program)
    seen: list[np.ndarray] = []

    class Enough(Exception):
        pass

    def objective(x: np.ndarray) -> float:
        seen.append(np.array(x))
        raise Enough

    with pytest.raises(Enough):
        program["minimize"](
            objective, problem.lower, problem.upper, problem.max_evaluations, row["replay_seed"], problem.constraints
        )
    return problem.objective(seen[0])


def test_splits_are_by_problem_and_hold_families_out(rows: list[dict]):
    """Law 5: no problem has statements on two sides, and held-out families occur in their own split alone."""
    sides: dict[str, set[str]] = {}
    for row in rows:
        sides.setdefault(row["problem_id"], set()).add(side(row["split"]))
        held_out = any(FUNCTION_BY_NAME[name].family in ("fractal", "norm") for name in row["functions"])
        assert held_out == (row["split"] == "test_families")
    assert all(len(splits) == 1 for splits in sides.values())
    assert {"train", "test_families"} <= {row["split"] for row in rows} <= set(MEASURED_SPLITS)


def test_row_agrees_with_the_verdict_on_the_stored_runs(campaign: Path, rows: list[dict]):
    candidates = {candidate.candidate_id: candidate for candidate in read_candidates(campaign)}
    by_problem = {row["problem_id"]: row for row in rows}
    with_several_settings = 0
    for runs in read_problems(campaign):
        verdict = judge(runs.records)
        row = by_problem.get(runs.spec.problem_id)
        assert (row is None) == (verdict.kept_out is not None)
        if row is not None:
            assert row["answer"] == candidates[verdict.winner].program
            assert row["confidence"] == verdict.confidence
            same = [s for s in verdict.standings if candidates[s.candidate_id].optimizer == row["optimizer"]]
            assert row["optimizer_confidence"] == pytest.approx(sum(s.win_share for s in same))
            with_several_settings += len(same) > 1
            assert {tie["candidate_id"] for tie in row["near_ties"]} == set(verdict.near_ties)
            assert len(row["optimizer_scores"]) == len({candidates[r.candidate_id].optimizer for r in runs.records})
            made = Counter(record.candidate_id for record in runs.records)
            for result in (*row["near_ties"], *row["optimizer_scores"]):
                assert result["runs"] == made[result["candidate_id"]] > 0
    assert with_several_settings


def test_export_made_twice_has_the_same_bytes(campaign: Path, exported: Exported, tmp_path: Path):
    again = export(campaign, tmp_path / "again")
    assert contents(again.folder) == contents(exported.folder)
    assert not exported.unchanged
    assert export(campaign, tmp_path / "again").unchanged


def test_campaign_made_anew_in_another_process_exports_the_same_bytes(exported: Exported, tmp_path: Path):
    """Law 3: the same campaign gives the same rows, whatever PYTHONHASHSEED is."""
    script = (
        "import sys\n"
        "from llamoco_data.campaign import run_campaign\n"
        "from llamoco_data.execution import executor\n"
        "from llamoco_data.export import export\n"
        "from tests.contract.test_instruction_set import small_campaign\n"
        "run_campaign(sys.argv[1], small_campaign(), executor('inline'))\n"
        "export(sys.argv[1], sys.argv[2])\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "c"), str(tmp_path / "set")]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": "4711"})
    assert contents(tmp_path / "set") == contents(exported.folder)


def test_datasets_loads_the_folder_with_its_splits(exported: Exported, rows: list[dict], tmp_path: Path):
    loaded = datasets.load_dataset(str(exported.folder), cache_dir=str(tmp_path))
    assert {name: len(loaded[name]) for name in loaded} == {s: n for s, n in exported.report.rows.items() if n}
    parquet = datasets.load_dataset(
        "parquet", data_files={"train": str(exported.folder / "data" / "train-*.parquet")}, cache_dir=str(tmp_path)
    )
    assert parquet["train"][0]["prompt"] == next(row["prompt"] for row in rows if row["split"] == "train")


def test_pyarrow_dataset_reads_the_frozen_schema(exported: Exported, rows: list[dict]):
    dataset = pyarrow.dataset.dataset(exported.folder / "data", format="parquet")
    assert dataset.schema.equals(SCHEMA)
    assert dataset.count_rows() == len(rows)


def test_card_states_the_numbers_of_the_set(exported: Exported, rows: list[dict]):
    card = (exported.folder / "README.md").read_text()
    assert card.startswith("---\n")
    assert f"{len(rows):,} instructions over {len({row['problem_id'] for row in rows})} problems" in card
    for split in MEASURED_SPLITS:
        in_split = [row for row in rows if row["split"] == split]
        assert f"| {split} | {len({row['problem_id'] for row in in_split})} | {len(in_split)} |" in card
    assert all(f"| `{name}` |" in card for name in SCHEMA.names)


def test_header_of_the_card_tells_a_hub_license_size_and_the_files_of_each_split(exported: Exported):
    file = exported.folder / "README.md"
    header = yaml.safe_load(file.read_text().split("---\n")[1])
    assert DatasetCard.load(file).data.to_dict() == header
    assert (header["license"], header["size_categories"]) == ("apache-2.0", ["n<1K"])
    assert {"optimization", "code", "llamoco"} <= set(header["tags"])
    (config,) = header["configs"]
    by_split = {files["split"]: files["path"] for files in config["data_files"]}
    assert by_split.keys() == {split for split, rows in exported.report.rows.items() if rows}
    assert sorted(path for paths in by_split.values() for path in paths) == sorted(exported.files)
    assert all(path.startswith(f"data/{split}-") for split, paths in by_split.items() for path in paths)


def test_card_says_how_to_load_the_set_and_how_to_cite_it(exported: Exported):
    card = (exported.folder / "README.md").read_text()
    (loading,) = (part.partition("```")[0] for part in card.split("```python\n")[1:])
    compile(loading, "card", "exec")
    assert 'load_dataset("NAME", split="train")' in loading
    assert card.count("@article{") == 1
    assert "arXiv:2403.01131" in card


def test_report_counts_what_the_rows_hold(exported: Exported, rows: list[dict]):
    problems = {row["problem_id"]: row for row in rows}
    won = exported.report.winners
    assert sum(won.values()) == len(problems)
    assert all(n == sum(row["optimizer"] == name for row in problems.values()) for name, n in won.items())
    assert len(problems) + sum(exported.report.kept_out.values()) + exported.report.incomplete == NUM_PROBLEMS
    scores = [row["winner_score"] for row in problems.values()]
    assert exported.report.virtual_best_score == pytest.approx(np.mean(scores))
    assert exported.report.single_best_score == pytest.approx(
        np.mean([r["single_best_score"] for r in problems.values()])
    )
    assert exported.report.single_best_score <= exported.report.virtual_best_score


def test_wordings_grow_by_prefix():
    assert wordings_of("p", "python", 3) == wordings_of("p", "python", 30)[:3]
    assert len(set(wordings_of("p", "latex", 30))) == 30
    assert wordings_of("p", "latex", 12) != wordings_of("q", "latex", 12)


def test_read_instructions_refuses_what_it_does_not_know(exported: Exported, tmp_path: Path):
    with pytest.raises(LlamocoError, match="no split is called"):
        read_instructions(exported.folder, split=cast(Split, "tset"))
    with pytest.raises(LlamocoError, match="is it an export"):
        read_instructions(tmp_path)
    table = pq.read_table(exported.folder / exported.files[0])
    (tmp_path / "data").mkdir()
    target = tmp_path / "data" / "train-00000-of-00001.parquet"
    pq.write_table(table.replace_schema_metadata({"llamoco_schema_version": "99"}), target)
    with pytest.raises(LlamocoError, match="schema version 99"):
        read_instructions(tmp_path)
    pq.write_table(table.drop_columns(["answer"]), target)
    with pytest.raises(LlamocoError, match="answer"):
        read_instructions(tmp_path)


def test_read_instructions_gives_one_split(exported: Exported):
    train = read_instructions(exported.folder, split="train")
    assert isinstance(train, pa.Table)
    assert set(train["split"].to_pylist()) == {"train"}


def test_export_leaves_other_files_alone(campaign: Path, tmp_path: Path):
    (tmp_path / "precious.txt").write_text("mine")
    with pytest.raises(LlamocoError, match="other files"):
        export(campaign, tmp_path)
    with pytest.raises(LlamocoError, match="is a file"):
        export(campaign, tmp_path / "precious.txt")
    with pytest.raises(LlamocoError, match="cannot write"):
        export(campaign, tmp_path / "precious.txt" / "deeper")
    assert contents(tmp_path) == {"precious.txt": b"mine"}


def test_export_leaves_files_beside_an_earlier_export_alone(campaign: Path, tmp_path: Path):
    out = tmp_path / "set"
    export(campaign, out)
    (out / ".git").mkdir()
    (out / ".git" / "HEAD").write_text("mine")
    before = contents(out)
    with pytest.raises(LlamocoError, match=r"\.git/HEAD"):
        export(campaign, out)
    assert contents(out) == before


def test_export_of_an_unfinished_campaign_says_how_to_go_on(tmp_path: Path):
    run_campaign(tmp_path / "c", small_campaign(), executor("inline"), stop=lambda: True)
    with pytest.raises(LlamocoError, match="llamoco-data run"):
        export(tmp_path / "c", tmp_path / "set")
    assert not (tmp_path / "set").exists()


@pytest.fixture(scope="module")
def shorter_rows(campaign: Path) -> list[dict]:
    """The same campaign, with every problem also at three tenths of its budget."""
    return read_instructions(export(campaign, campaign.parent / "shorter", budgets=[0.3]).folder).to_pylist()


def test_rows_at_smaller_budgets_come_beside_the_others_without_new_runs(rows: list[dict], shorter_rows: list[dict]):
    full = [row for row in shorter_rows if row["problem_id"] == row["base_problem_id"]]
    assert {row["instruction_id"] for row in full} == {row["instruction_id"] for row in rows}
    budget = {row["problem_id"]: row["max_evaluations"] for row in rows}
    cut = [row for row in shorter_rows if row["problem_id"] != row["base_problem_id"]]
    assert cut
    for row in cut:
        assert row["max_evaluations"] <= 0.3 * budget.get(row["base_problem_id"], 10**9)
        assert f"{row['max_evaluations']}" in row["prompt"].replace(",", "")


def test_rows_of_one_function_are_on_one_side_whatever_their_budget(shorter_rows: list[dict]):
    sides: dict[str, set[str]] = {}
    for row in shorter_rows:
        sides.setdefault(row["base_problem_id"], set()).add(side(row["split"]))
    assert all(len(splits) == 1 for splits in sides.values())


def test_smaller_budgets_do_not_count_for_the_single_best_solver(campaign: Path):
    """Many candidates have no part there, because their program follows the budget, and would count as failing."""
    reader = CampaignReader(view_of(campaign))
    with crew(lambda: reader, 1) as alone:
        own, both = (judge_all(alone, reader, shares) for shares in ((), (0.3,)))
    assert len(both.verdicts) > len(own.verdicts)
    assert both.total_scores == own.total_scores
    assert any(own.total_scores.values())


def test_answer_at_a_smaller_budget_gives_the_result_that_the_trace_told(shorter_rows: list[dict]):
    """Law 1 holds for labels that no run was made for."""
    cut = [row for row in shorter_rows if row["problem_id"] != row["base_problem_id"]]
    for row in {row["problem_id"]: row for row in cut}.values():
        record = run_program(row["answer"], ProblemSpec.from_json(row["problem_spec"]), row["replay_seed"])
        assert (record.best_f, record.violation) == (row["replay_best_f"], row["replay_violation"])
        assert record.max_evaluations == row["max_evaluations"]


def test_every_problem_at_a_smaller_budget_is_a_row_or_is_counted_with_a_reason(campaign: Path):
    plain, both = (export(campaign, campaign.parent / f"count{share}", budgets=share).report for share in ([], [0.3]))
    added = both.num_problems - plain.num_problems
    kept_out = sum(both.kept_out.values()) - sum(plain.kept_out.values())
    budgets = [shorter_budget(runs.spec.max_evaluations, 0.3) for runs in read_problems(campaign)]
    assert added + kept_out == sum(budget is not None for budget in budgets)
    assert both.kept_out["unsure at a smaller budget"] > 0


def test_export_at_a_share_that_is_too_small_for_every_problem_is_refused(campaign: Path, tmp_path: Path):
    with pytest.raises(LlamocoError, match=r"1e-05 adds nothing: it leaves fewer than 10 evaluations"):
        export(campaign, tmp_path / "set", budgets=[0.3, 1e-5])
    assert not (tmp_path / "set").exists()


@pytest.mark.parametrize("share", [0.0, 1.0, -0.5, 3.0])
def test_export_at_what_is_no_share_of_a_budget_is_refused(campaign: Path, tmp_path: Path, share: float):
    with pytest.raises(LlamocoError, match="no share of a budget"):
        export(campaign, tmp_path / "set", budgets=[share])
    assert not (tmp_path / "set").exists()
