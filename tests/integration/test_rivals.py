"""Rivals from the command line to a score: their files, their programs on problems, and what is refused."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from llamoco_data import read_instructions, read_spec, run_program, sample_problem
from llamoco_data.cli.commands import main
from llamoco_data.execution import executor
from llamoco_data.identity import LlamocoError
from llamoco_data.portfolio import program_text
from llamoco_data.problems.evaluation import build
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.rivals import RIVALS, Rival, write_rival
from llamoco_data.rivals.catalogue import PROGRAM_OF
from llamoco_data.rivals.chosen_by_landscape import sample_size
from llamoco_data.rivals.texts import Part, in_turn, text_of
from llamoco_data.scoring import score
from llamoco_data.scoring.programs import WRITTEN, read_programs
from llamoco_tune.programs import SCHEMA
from tests.programs import CONSTRAINED, NAMES, minimize_of
from tests.scores import write_programs, written

pytestmark = pytest.mark.integration

ALWAYS: tuple[Rival, ...] = tuple(name for name in RIVALS if name != "ngopt")
"""Rivals that need no package beside ours."""


@pytest.fixture(scope="module")
def specs() -> list[ProblemSpec]:
    return [sample_problem("demo", seed=9, index=index) for index in range(12)]


@pytest.fixture(scope="module")
def rows(measured: Path) -> list[dict[str, Any]]:
    """The row of each problem that a rival answers, the first by its id."""
    rows = sorted(read_instructions(measured / "export").to_pylist(), key=lambda row: row["instruction_id"])
    first = {row["problem_id"]: row for row in reversed(rows)}
    return list(first.values())


@pytest.fixture(scope="module")
def model(rows: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a model that chooses: Nelder-Mead first, then PSO, one that is unknown, DE, and SLSQP."""
    shares = {"slsqp": 0.05, "de": 0.1, "no_such_optimizer": 0.15, "pso": 0.3, "nelder_mead": 0.4}
    made = [written(row, row["answer"], choices=json.dumps(shares)) for row in rows]
    return write_programs(tmp_path_factory.mktemp("model") / "programs.parquet", made, WRITTEN)


def answered(rival: Rival, measured: Path, model: Path, out: Path, split: str = "train") -> list[dict[str, Any]]:
    write_rival(rival, measured / "export", out, split=split, model=model if rival == "top-3" else None)
    return pq.read_table(out).to_pylist()


@pytest.mark.parametrize("rival", ALWAYS)
def test_rival_writes_one_sound_program_for_each_problem_and_the_same_bytes_twice(
    rival: Rival, measured: Path, model: Path, rows: list[dict[str, Any]], tmp_path: Path
):
    mine = answered(rival, measured, model, tmp_path / "one.parquet")
    answered(rival, measured, model, tmp_path / "two.parquet")
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()
    assert pq.read_schema(tmp_path / "one.parquet").equals(SCHEMA, check_metadata=True)
    assert {row["instruction_id"] for row in mine} == {r["instruction_id"] for r in rows if r["split"] == "train"}
    read = read_programs(tmp_path / "one.parquet")
    assert read.model == rival
    texts = {row["problem_id"]: row["program"] for row in mine}
    specs = {row["problem_id"]: read_spec(row["problem_spec"]) for row in rows if row["problem_id"] in texts}
    kinds = {bool(spec.num_constraints): spec for spec in specs.values()}
    assert len(kinds) == 2, "no training problem of one kind: draw others"
    for spec in kinds.values():
        record = run_program(texts[spec.problem_id], spec, seed=4)
        assert record.status == "completed", record.detail
        assert 0.9 * spec.max_evaluations <= record.evaluations <= spec.max_evaluations
        assert record.outside_box == 0


def test_score_takes_the_file_of_a_rival_as_that_of_a_model(measured: Path, model: Path, tmp_path: Path):
    written = write_rival("virtual-best", measured / "export", tmp_path / "best.parquet", split="test")
    summary = score(written.file, measured / "export", tmp_path / "scores", executor("inline")).summary
    assert summary is not None
    assert summary.model == "virtual-best"
    (split,) = summary.splits
    by_name = {one.contender: one for one in split.contenders}
    assert by_name["model"].score == by_name["virtual best"].score
    assert split.run.share == 1.0


class Stop(BaseException):
    """The runner's signal that the budget is spent."""


@pytest.mark.parametrize("name", sorted(set(PROGRAM_OF.values()) - {"ngopt"}))
@pytest.mark.parametrize("call", [1, 30])
@pytest.mark.parametrize("constrained", [False, True])
def test_program_of_a_library_passes_on_the_signal_that_the_budget_is_spent(
    name: str, call: int, constrained: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)  # pycma leaves an empty folder where it runs, when there are constraints
    calls: list[Any] = []

    def objective(x: Any) -> float:
        calls.append(x)
        if len(calls) >= call:
            raise Stop
        return float((x**2).sum())

    def limits(x: Any) -> tuple[Any, Any]:
        return x[:1] - 0.5, x[1:] - 0.1

    with pytest.raises(Stop):
        minimize_of(text_of(name))(
            objective, np.zeros(2), np.ones(2), 200, 1, constraints=limits if constrained else None
        )
    assert len(calls) == call


@pytest.mark.parametrize("name", NAMES)
def test_program_among_others_does_what_it_does_alone(name: str, specs: list[ProblemSpec]):
    """Its constants and functions are its own, though a part before it has the same names."""
    alone = program_text(name, {})
    constrained = name in CONSTRAINED
    spec = next(spec for spec in specs if bool(spec.num_constraints) == constrained)
    spec = spec.model_copy(update={"max_evaluations": 40})
    expected = run_program(alone, spec, 3)
    together = in_turn("Both.", [Part(program_text("random_search", {}), 0.0), Part(alone, 1.0)])
    record = run_program(together, spec, 3)
    told = {"candidate_id": expected.candidate_id, "cpu_s": expected.cpu_s}
    assert record.model_copy(update=told) == expected


def test_top_3_gives_a_third_of_the_budget_to_each_of_the_likeliest_that_apply(
    measured: Path, model: Path, rows: list[dict[str, Any]], tmp_path: Path
):
    answers = {row["problem_id"]: row["program"] for row in answered("top-3", measured, model, tmp_path / "p.parquet")}
    for row in rows:
        if row["split"] == "train":
            program = answers[row["problem_id"]]
            lines = program.split('"""')[1].splitlines()[2:]
            free = ["Nelder-Mead", "Global-best particle swarm", "Differential evolution"]
            limited = ["Global-best particle swarm", "Differential evolution", "Sequential least-squares"]
            constrained = row["num_inequality"] + row["num_equality"] > 0
            for line, begins in zip(lines, limited if constrained else free, strict=True):
                assert line.startswith(begins)


def test_parts_of_a_program_spend_their_shares_in_turn_and_the_last_one_what_is_left():
    def part(name: str, spends: int) -> str:
        head = "def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):\n"
        asks = f"[objective(lower + {spends}) for _ in range(min({spends}, max_evaluations))]"
        return f'"""Part {name}."""\n\n\n{head}    {asks}\n    return lower\n'

    asked: list[float] = []

    def objective(x: Any) -> float:
        asked.append(float(x[0]))
        return abs(x[0] - 3.0)

    text = in_turn("Three.", [Part(part("a", 3), 1 / 3), Part(part("b", 90), 1 / 3), Part(part("c", 91), 1 / 3)])
    best = minimize_of(text)(objective, np.zeros(2), np.full(2, 100.0), 30, 0)
    assert asked == [3.0] * 3 + [90.0] * 10 + [91.0] * 17
    assert best.tolist() == [3.0, 3.0]


def test_landscape_spends_its_sample_first_whatever_the_seed_of_the_run(
    measured: Path, model: Path, rows: list[dict[str, Any]], tmp_path: Path
):
    row = answered("landscape", measured, model, tmp_path / "l.parquet")[0]
    spec = next(read_spec(r["problem_spec"]) for r in rows if r["problem_id"] == row["problem_id"])
    size = sample_size(spec)
    assert size == min(50 * spec.dimension, spec.max_evaluations // 2)
    problem = build(spec)
    runs: list[list[bytes]] = []
    for seed in (1, 2):
        points: list[bytes] = []

        def objective(x: Any, points: list[bytes] = points) -> float:
            points.append(x.tobytes())
            return problem.objective(x)

        constraints = problem.constraints if spec.num_constraints else None
        minimize_of(row["program"])(
            objective, problem.lower, problem.upper, spec.max_evaluations, seed, constraints=constraints
        )
        assert len(points) <= spec.max_evaluations
        runs.append(points)
    assert runs[0][:size] == runs[1][:size]
    assert runs[0][size:] != runs[1][size:]
    assert f"the {size} points" in row["program"]


def test_random_candidate_is_another_one_with_another_seed(measured: Path, tmp_path: Path):
    drawn: list[list[str]] = []
    for seed in (0, 1):
        file = write_rival("random-candidate", measured / "export", tmp_path / f"{seed}", split="train", seed=seed).file
        drawn.append(pq.read_table(file)["program"].to_pylist())
    assert drawn[0] != drawn[1]


def failure(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one line with which `llamoco-data baseline` refuses."""
    with pytest.raises(SystemExit) as ended:
        main(["baseline", *map(str, arguments)])
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.strip().splitlines()[-1:]
    return line


def test_baseline_writes_a_file_and_says_how_to_score_it(
    measured: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "pymoo.parquet"
    with pytest.raises(SystemExit) as ended:
        main(["baseline", "pymoo", "--data", str(measured / "export"), "--out", str(out), "--split", "test"])
    assert ended.value.code == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "1 text in all" in said
    assert "score" in said
    assert set(pq.read_table(out)["program"].to_pylist()) == {text_of("pymoo_ga")}


def test_baseline_refuses_what_it_cannot_write(
    measured: Path,
    model: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    data = ("--data", measured / "export")
    out = tmp_path / "out.parquet"
    assert "'grid' is not one of" in failure(capsys, "grid", *data, "--out", out)
    assert "needs the programs of a model" in failure(capsys, "top-3", *data, "--out", out)
    assert "is for top-3 alone" in failure(capsys, "tfidf", *data, "--out", out, "--programs", model)
    assert "no measured problems of split 'tset'" in failure(capsys, "tfidf", *data, "--out", out, "--split", "tset")
    monkeypatch.setitem(sys.modules, "nevergrad", None)
    assert "needs the package nevergrad" in failure(capsys, "ngopt", *data, "--out", out)
    assert not out.exists()
    out.write_text("mine")
    assert "exists, and a rival must not replace it" in failure(capsys, "tfidf", *data, "--out", out)
    assert out.read_text() == "mine"


def test_top_3_refuses_programs_without_choices(measured: Path, rows: list[dict[str, Any]], tmp_path: Path):
    def refused(file: Path) -> str:
        with pytest.raises(LlamocoError) as error:
            write_rival("top-3", measured / "export", tmp_path / "out.parquet", split="train", model=file)
        return str(error.value)

    first = [row for row in rows if row["split"] == "train"][:1]
    plain = write_programs(tmp_path / "plain.parquet", [written(row, "x") for row in first])
    assert "has no column choices" in refused(plain)
    for choices, says in (("", "has an empty column choices"), ("[1]", "no JSON object"), ('{"de": "x"}', "no JSON")):
        made = [written(row, "x", choices=choices) for row in first]
        assert says in refused(write_programs(tmp_path / "odd.parquet", made, WRITTEN))
