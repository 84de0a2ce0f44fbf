"""Searches by prompts over HTTP: what a server is asked for, what of its answers counts, and how it is scored."""

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from llamoco_data import build, read_instructions, read_spec, run_program
from llamoco_data.execution import executor
from llamoco_data.scoring import score
from llamoco_data.scoring.page import fact_rows
from llamoco_tune.cli import main
from llamoco_tune.programs import Program, read_programs
from llamoco_tune.search.black_box import black_box
from llamoco_tune.search.methods import OPRO_AT_ONCE, POPULATION
from llamoco_tune.search.trail import points_in
from tests.chat_server import Behaviour, ChatServer, Request, Response, chat_server, completion, failure

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("no_key")]

NUM_FIRST = {"opro": 5, "lmea": POPULATION}
USAGE = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}


@pytest.fixture(scope="module")
def rows(measured: Path) -> dict[str, dict[str, Any]]:
    """The rows of the training split, by problem."""
    return {row["problem_id"]: row for row in read_instructions(measured / "export", split="train").to_pylist()}


def searched(server: ChatServer, method: str, measured: Path, out: Path, *options: object) -> int:
    """Gives the command, and returns its exit code."""
    given = (
        "--data",
        measured / "export",
        "--split",
        "train",
        "--model",
        "m",
        "--endpoint",
        server.url,
        "--out",
        out,
        "--quiet",
    )
    with pytest.raises(SystemExit) as ended:
        main(["search", method, *map(str, (*given, *options))])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def results(
    behaviour: Behaviour, method: str, measured: Path, out: Path, *options: object
) -> tuple[list[Program], list[Request]]:
    with chat_server(behaviour) as server:
        assert searched(server, method, measured, out, *options) == 0
        return read_programs(out), server.requests


def best_told(prompt: str) -> list[float]:
    """The best point of a prompt, which is the last one before the request."""
    lines = [line for line in prompt.splitlines() if line.startswith("[") and " value " in line]
    return json.loads(lines[-1].partition(" value ")[0])


def sensible(request: Request, before: int) -> Response:
    """Points near the best one that it is told, as many as are asked for, after some talk."""
    best = best_told(request.prompt)
    stream = random.Random(request.body["seed"])
    count = POPULATION if "population" in request.prompt else 1
    near = [[x + stream.gauss(0, 0.1) for x in best] for _ in range(count)]
    return completion(f"From [1] and {best}, I propose:\n\n" + "\n".join(map(str, near)), usage=USAGE)


def garbage(request: Request, before: int) -> Response:
    echo = best_told(request.prompt)
    return completion(f"The best is {echo}, or [nan, nan], or {[*echo, 1.0]}, or [x, y]. Use gradient descent.")


@pytest.mark.parametrize(("method", "calls"), [("opro", 10), ("lmea", 4)])
def test_search_is_scored_by_its_points_evaluations_and_tokens(
    method: str,
    calls: int,
    measured: Path,
    rows: dict[str, dict[str, Any]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    out = tmp_path / "p.parquet"
    made, requests = results(sensible, method, measured, out, "--limit", 2, "--calls", calls)
    said = f"{2 * calls} calls, 0 of them without a new point; {2 * calls * 110:,} tokens"
    assert said in capsys.readouterr().out
    assert len(requests) == 2 * calls
    assert {request.body["temperature"] for request in requests} == {1.0}
    assert len({request.prompt for request in requests}) == (2 * 2 if method == "opro" else 2 * calls)
    useless, _ = results(garbage, method, measured, tmp_path / "first.parquet", "--limit", 2, "--calls", 1)
    began = {row.problem_id: row for row in useless}
    points = NUM_FIRST[method] + calls * (1 if method == "opro" else POPULATION)
    for row in made:
        spec = read_spec(rows[row.problem_id]["problem_spec"])
        assert not any(name in request.prompt for request in requests for name in rows[row.problem_id]["functions"])
        assert (row.calls, row.vain_calls, row.prompt_tokens, row.completion_tokens) == (
            *(calls, 0, 100 * calls, 10 * calls),
        )
        record = run_program(row.program, spec, seed=1)
        assert (record.status, record.outside_box) == ("completed", 0)
        assert record.evaluations == points <= spec.max_evaluations
        first = run_program(began[row.problem_id].program, spec, seed=1)
        assert first.evaluations == NUM_FIRST[method]
        assert (record.violation, record.best_f) < (first.violation, first.best_f)
    summary = score(out, measured / "export", tmp_path / "s", executor("inline"), confined="trusted").summary
    assert summary is not None
    facts = dict(fact_rows(summary.splits[0]))
    assert facts["calls of the search"] == f"{calls}, 0 in vain"
    assert facts["tokens"] == f"{10 * calls} a program, {10 * calls} a program that runs"
    assert facts["evaluations"] == f"{points} a run"
    assert (summary.splits[0].run.share, summary.splits[0].parse.share) == (1.0, 1.0)


def test_answers_without_a_new_point_are_counted_and_cost_no_evaluation(
    measured: Path, rows: dict[str, dict[str, Any]], tmp_path: Path
):
    made, _ = results(garbage, "opro", measured, tmp_path / "p.parquet", "--limit", 1, "--calls", OPRO_AT_ONCE + 1)
    (row,) = made
    assert (row.ended, row.calls, row.vain_calls) == ("stop", OPRO_AT_ONCE + 1, OPRO_AT_ONCE + 1)
    record = run_program(row.program, read_spec(rows[row.problem_id]["problem_spec"]), seed=1)
    assert record.evaluations == NUM_FIRST["opro"]


def test_server_that_answers_nothing_leaves_an_error_that_is_tried_again(measured: Path, tmp_path: Path):
    out = tmp_path / "p.parquet"
    options = ("--limit", 1, "--calls", 3, "--retries", 0)
    (row,), _ = results(lambda *_: failure(400, "too long"), "lmea", measured, out, *options)
    assert (row.ended, row.program, row.vain_calls) == ("error", "", 3)
    assert "too long" in row.detail
    (row,), requests = results(sensible, "lmea", measured, out, *options, "--retry-errors")
    assert (row.ended, row.vain_calls, len(requests)) == ("stop", 0, 3)


def test_search_ends_where_the_budget_of_its_problem_is_spent(
    measured: Path, rows: dict[str, dict[str, Any]], tmp_path: Path
):
    (row,), requests = results(sensible, "lmea", measured, tmp_path / "p.parquet", "--limit", 1)
    spec = read_spec(rows[row.problem_id]["problem_spec"])
    assert run_program(row.program, spec, seed=1).evaluations == spec.max_evaluations
    assert row.calls == len(requests) == -(-(spec.max_evaluations - POPULATION) // POPULATION)


@pytest.mark.parametrize(("method", "calls", "kept"), [("opro", 12, 9), ("lmea", 4, 2)])
def test_search_that_is_broken_off_asks_for_nothing_twice(
    method: str, calls: int, kept: int, measured: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    options = ("--limit", 1, "--calls", calls, "--parallel", 1)
    whole, requests = results(sensible, method, measured, tmp_path / "whole.parquet", *options)
    num_calls = 0

    def revoked(request: Request, before: int) -> Response:
        nonlocal num_calls
        num_calls += 1
        return sensible(request, before) if num_calls <= kept else failure(401, "key revoked")

    out = tmp_path / "broken.parquet"
    with chat_server(revoked) as server:
        assert searched(server, method, measured, out, *options) == 2
    assert "key revoked" in capsys.readouterr().err
    assert not out.exists()
    with (tmp_path / "broken.parquet.calls").open("ab") as journal:
        journal.write(b'{"completion": "half a l')
    with chat_server(sensible) as server:
        assert searched(server, method, measured, out, *options, "--seed", 1) == 2
        assert "was begun with other settings" in capsys.readouterr().err
        assert searched(server, method, measured, out, *options) == 0
        assert len(server.requests) == len(requests) - kept
    (again,) = read_programs(out)
    assert again.model_copy(update={"seconds": whole[0].seconds}) == whole[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.parquet", "whole.parquet"]


def test_black_box_has_the_values_that_programs_are_scored_by(rows: dict[str, dict[str, Any]]):
    for row in rows.values():
        problem = build(read_spec(row["problem_spec"]))
        box = black_box(row["problem_id"], row["problem_source"], row["max_evaluations"])
        x_D = problem.lower + 0.37 * (problem.upper - problem.lower)
        value = box.call(x_D)
        assert value.f == pytest.approx(problem.objective(x_D), rel=1e-9)
        g, h = problem.constraints(x_D) if row["num_inequality"] + row["num_equality"] else (np.zeros(0), np.zeros(0))
        assert (value.violation > 0) == bool((g > 0).any() or (np.abs(h) > 1e-4).any())
        assert (box.lower == problem.lower).all()


def test_point_with_a_number_for_each_variable_is_read_wherever_it_stands():
    text = "Between [0, 1, 2] and (3; 4):\n- **[1e-1,  -2.]**\n[[5, 6], [7, 8]] [inf, 0] [] [a, b] f(9, 9)"
    assert points_in(text, 2, 99) == [(3.0, 4.0), (0.1, -2.0), (5.0, 6.0), (7.0, 8.0), (9.0, 9.0)]
    assert points_in(text, 2, 2) == [(7.0, 8.0), (9.0, 9.0)]
    assert points_in(text, 3, 9) == [(0.0, 1.0, 2.0)]
