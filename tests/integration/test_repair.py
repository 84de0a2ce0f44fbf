"""Rounds of repair: programs that fail, a server that is told their errors, and scores that say what came of it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from llamoco_data import read_instructions
from llamoco_data.comparison import compare, read_scores
from llamoco_data.comparison.page import page
from llamoco_data.comparison.wording import repair_rounds, repaired
from llamoco_data.execution import executor
from llamoco_data.scoring import score
from llamoco_data.scoring.mending import token_distance
from llamoco_data.scoring.page import fact_rows
from llamoco_data.scoring.summary import Summary
from llamoco_tune.cli import main
from llamoco_tune.extraction import program_of
from llamoco_tune.programs import Program, read_programs
from llamoco_tune.repair.failures import Failed
from llamoco_tune.repair.rounds import request_of
from tests.chat_server import Behaviour, ChatServer, Request, Response, chat_server, completion, failure
from tests.scores import write_programs, written

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("no_key")]

TASK = "import numpy as np\n\n\ndef minimize(objective, lower, upper, max_evaluations, seed, constraints=None):\n"
SOUND = f"{TASK}    objective(lower)\n    return lower\n"
SLOW_TO_MEND = SOUND.replace("return lower", "return lower + sorrow")
QUICK_TO_MEND = SOUND.replace("return lower", "return lower - worry")
HOPELESS = SOUND.replace("return lower", "return (lower")
USAGE = {"prompt_tokens": 7, "completion_tokens": 20, "total_tokens": 27}


@pytest.fixture(scope="module")
def place(measured: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the programs of one problem, one for each way to fail and one that runs, and with their score."""
    folder = tmp_path_factory.mktemp("repair")
    row = sorted(read_instructions(measured / "export", split="test").to_pylist(), key=lambda row: row["problem_id"])[0]
    texts = (SOUND, QUICK_TO_MEND, SLOW_TO_MEND, HOPELESS, "")
    made = [written(row, text, sample=sample) for sample, text in enumerate(texts)]
    scored(measured, write_programs(folder / "p0.parquet", made), folder / "s0")
    return folder


def scored(measured: Path, programs: Path, out: Path, *reuse: Path) -> Summary:
    ended = score(programs, measured / "export", out, executor("inline"), confined="trusted", reuse=reuse)
    assert ended.summary is not None
    return ended.summary


def mechanic(request: Request, before: int) -> Response:
    """Repairs what it is told: a wrong name at once, another one by a further mistake, and a bracket never."""
    error = request.prompt.partition("The error: ")[2]
    program = program_of(request.prompt)
    if "worry" in error:
        program = program.replace(" - worry", "")
    elif "sorrow" in error:
        program = program.replace("sorrow", "grief")
    elif "grief" in error:
        program = program.replace(" + grief", "")
    return completion(f"Here it is:\n\n```python\n{program}\n```\n", usage=USAGE)


def asked(server: ChatServer, programs: Path, scores: Path, out: Path, *options: object) -> int:
    given = (programs, "--scores", scores, "--endpoint", server.url, "--model", "m", "--out", out, "--quiet", *options)
    with pytest.raises(SystemExit) as ended:
        main(["repair", *map(str, given)])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def one_round(
    behaviour: Behaviour, programs: Path, scores: Path, out: Path, *options: object
) -> tuple[list[Program], list[Request]]:
    with chat_server(behaviour) as server:
        assert asked(server, programs, scores, out, *options) == 0
        return read_programs(out), server.requests


def test_rounds_recover_programs_and_the_score_tells_which_round_did(
    measured: Path, place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    first = read_programs(place / "p0.parquet")
    programs, scores, num_asked = place / "p0.parquet", place / "s0", [3, 2, 1]
    for number in (1, 2, 3):
        out = tmp_path / f"p{number}.parquet"
        rows, requests = one_round(mechanic, programs, scores, out)
        assert len(requests) == num_asked[number - 1]
        assert f"round {number}, {num_asked[number - 1]} failed" in capsys.readouterr().out
        assert [row.program for row in rows if row.sample in (0, 4)] == [SOUND, ""]
        summary = scored(measured, out, tmp_path / f"s{number}", scores)
        programs, scores = out, tmp_path / f"s{number}"
    (split,) = summary.splits
    assert split.repairs is not None
    assert (split.repairs.num_failed, split.repairs.recovered) == (4, (1, 1, 0))
    edits = token_distance(QUICK_TO_MEND, SOUND) + token_distance(SLOW_TO_MEND, SOUND)
    assert split.repairs.edited_tokens == edits / 2 == 2.0
    told = dict(fact_rows(split))["repaired by a model"]
    assert told == "2 of 4 (50%): 1 in round 1, 1 in round 2, 0 in round 3; 2.0 tokens edited in each"
    assert split.failures == {"no program": 1, "syntax": 1}

    # Tokens of all rounds are the model's, on top of those of its first answer.
    usual = first[0].completion_tokens
    table = {row["sample"]: row for row in pq.read_table(scores / "scores.parquet").to_pylist()}
    assert [table[sample]["completion_tokens"] - usual for sample in range(5)] == [0, 20, 40, 60, 0]
    assert [table[sample]["repair_round"] for sample in range(5)] == [0, 1, 2, 3, 0]

    comparison = compare([read_scores(place / "s0"), read_scores(scores)])
    before, after = (row.writing for row in comparison.blocks[0].rows if row.is_model)
    shown = {(repaired(each), repair_rounds(each)) for each in (before, after) if each}
    assert shown == {("–", ""), ("2 of 4", "rounds: 1, 1, 0")}
    assert 'data-label="repaired">2 of 4<small>rounds: 1, 1, 0</small>' in page(comparison)
    assert "repaired" not in page(compare([read_scores(place / "s0")]))


def test_model_is_told_the_program_and_its_error_and_nothing_else(measured: Path, place: Path, tmp_path: Path):
    rows, requests = one_round(mechanic, place / "p0.parquet", place / "s0", tmp_path / "p1.parquet")
    prompts = sorted(request.prompt for request in requests)
    (raised,) = [prompt for prompt in prompts if "worry" in prompt]
    assert raised == request_of(QUICK_TO_MEND, Failed("raised", "NameError: name 'worry' is not defined"))
    assert all(request.body["messages"] == [{"role": "user", "content": request.prompt}] for request in requests)
    (syntax,) = [prompt for prompt in prompts if "return (lower" in prompt]
    assert "The error: the text is not Python: SyntaxError" in syntax
    statement = read_instructions(measured / "export", split="test")["prompt"].to_pylist()[0]
    assert not any(len(line) > 20 and line in raised for line in statement.splitlines())
    settings = json.loads(rows[0].settings)
    assert [each["model"] for each in settings["repairs"]] == ["m"]
    assert {row.model for row in rows} == {"a model, repaired by m"}


def test_fence_of_a_request_is_longer_than_those_of_the_program():
    text = '"""As in ````text````."""\nx = 1\n'
    assert program_of(request_of(text, Failed("raised", "no"))).strip() == text.strip()


def test_round_that_is_stopped_asks_only_for_the_rest(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "p1.parquet"
    with chat_server(mechanic) as server:
        assert asked(server, place / "p0.parquet", place / "s0", out, "--max-calls", 2) == 2
        assert "limit of 2 calls" in capsys.readouterr().err
        assert not out.exists()
        assert asked(server, place / "p0.parquet", place / "s0", out) == 0
        assert len(server.requests) == 3
        assert asked(server, place / "p0.parquet", place / "s0", out) == 0
        assert len(server.requests) == 3
    assert {row.repair_round for row in read_programs(out)} == {0, 1}


def empty(request: Request, before: int) -> Response:
    return completion("")


def refused(request: Request, before: int) -> Response:
    return failure(400, "context too long")


@pytest.mark.parametrize("behaviour", [empty, refused])
def test_answer_without_a_program_leaves_the_former_one(behaviour: Behaviour, place: Path, tmp_path: Path):
    rows, _ = one_round(behaviour, place / "p0.parquet", place / "s0", tmp_path / "p1.parquet")
    assert [row.program for row in rows] == [row.program for row in read_programs(place / "p0.parquet")]
    failed = [row for row in rows if row.repair_round == 1]
    assert {row.ended for row in failed} == {"error" if behaviour is refused else "stop"}
    again, requests = one_round(mechanic, place / "p0.parquet", place / "s0", tmp_path / "p1.parquet", "--retry-errors")
    assert len(requests) == (3 if behaviour is refused else 0)
    assert (SOUND.strip() == again[1].program.strip()) == (behaviour is refused)


def changed_file(place: Path, tmp_path: Path) -> tuple[Path, Path]:
    rows = read_programs(place / "p0.parquet")
    other = write_programs(tmp_path / "other.parquet", [row.model_dump() | {"seconds": 9.0} for row in rows])
    return other, place / "s0"


def unfinished_score(place: Path, tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "score.json").write_bytes((place / "s0" / "score.json").read_bytes())
    return place / "p0.parquet", tmp_path / "s"


def damaged_score(place: Path, tmp_path: Path) -> tuple[Path, Path]:
    programs, scores = unfinished_score(place, tmp_path)
    (scores / "scores.parquet").write_text("no table")
    return programs, scores


def no_score(place: Path, tmp_path: Path) -> tuple[Path, Path]:
    return place / "p0.parquet", tmp_path / "nothing"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (changed_file, "holds the scores of another file"),
        (unfinished_score, "is not finished; go on with: llamoco-data score"),
        (damaged_score, "is damaged; write it again with: llamoco-data score"),
        (no_score, "holds no scores; make them with: llamoco-data score"),
    ],
)
def test_scores_that_do_not_tell_the_errors_are_refused_in_one_line(
    wrong: Callable[[Path, Path], tuple[Path, Path]],
    says: str,
    place: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    programs, scores = wrong(place, tmp_path)
    with chat_server(mechanic) as server:
        assert asked(server, programs, scores, tmp_path / "out.parquet") == 2
        assert asked(server, programs, scores, programs) == 2
    lines: list[Any] = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 2
    assert says in lines[0]
    assert "each round has a file of its own" in lines[1]
    assert server.requests == []
