"""What a server is told before each prompt, over HTTP: system message, hint, and training rows as examples."""

import json
from pathlib import Path
from typing import Any

import pytest

from llamoco_tune.cli import main
from llamoco_tune.generate.setting import HINT
from llamoco_tune.instructions import Example, read_split
from llamoco_tune.programs import Program, read_programs
from tests.chat_server import ChatServer, Request, Response, chat_server, completion
from tests.tuning_data import program, write_export

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("no_key")]


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_export(tmp_path_factory.mktemp("set") / "export", train=12, test=3)


def answer(request: Request, before: int) -> Response:
    return completion(f"```python\n{program('de')}```")


def asked(server: ChatServer, export: Path, out: Path, *options: object) -> int:
    """Gives the command, and returns its exit code."""
    given = ("--data", export, "--model", "m", "--endpoint", server.url, "--out", out, "--quiet", *options)
    with pytest.raises(SystemExit) as ended:
        main(["generate", *map(str, given)])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def conversations(export: Path, out: Path, *options: object) -> tuple[dict[str, list[dict[str, str]]], list[Program]]:
    """The messages that were sent, by their last one, and the rows that were written."""
    with chat_server(answer) as server:
        assert asked(server, export, out, *options) == 0
    sent: dict[str, Any] = {request.prompt: request.body["messages"] for request in server.requests}
    return sent, read_programs(out)


def examples_in(messages: list[dict[str, str]]) -> list[tuple[str, str]]:
    """The examples before a prompt: (prompt, answer)."""
    told = [message for message in messages[:-1] if message["role"] != "system"]
    assert [message["role"] for message in told] == ["user", "assistant"] * (len(told) // 2)
    return [(one["content"], other["content"]) for one, other in zip(told[::2], told[1::2], strict=True)]


def test_plain_request_is_the_prompt_alone(export: Path, tmp_path: Path):
    sent, rows = conversations(export, tmp_path / "p.parquet")
    assert {row.prompt for row in read_split(export, "test")} == sent.keys()
    assert all(messages == [{"role": "user", "content": prompt}] for prompt, messages in sent.items())
    assert set(json.loads(rows[0].settings)) == {"decoding", "max_new_tokens", "served"}


def test_system_message_and_hint_stand_before_every_prompt(export: Path, tmp_path: Path):
    sent, rows = conversations(export, tmp_path / "p.parquet", "--system", "You know optimizers.", "--hint")
    expected = {"role": "system", "content": f"You know optimizers.\n\n{HINT}"}
    assert all(messages[0] == expected and len(messages) == 2 for messages in sent.values())
    assert json.loads(rows[0].settings)["system"] == expected["content"]
    alone, _ = conversations(export, tmp_path / "h.parquet", "--hint")
    assert all(messages[0]["content"] == HINT for messages in alone.values())


@pytest.mark.parametrize("by", ["random", "nearest"])
def test_shots_are_training_rows_of_the_same_form_one_of_a_problem(by: str, export: Path, tmp_path: Path):
    sent, rows = conversations(export, tmp_path / "p.parquet", "--shots", 3, "--shots-by", by)
    training = {row.prompt: row for row in read_split(export, "train")}
    forms = {row.prompt: row.form for row in read_split(export, "test")}
    for prompt, messages in sent.items():
        examples = examples_in(messages)
        chosen = [training[example] for example, _ in examples]
        assert len({row.problem_id for row in chosen}) == 3
        assert {row.form for row in chosen} == {forms[prompt]}
        assert [text for _, text in examples] == [f"```python\n{row.answer}```" for row in chosen]
    facts = json.loads(rows[0].settings)
    assert (facts["shots"], facts["shots_by"]) == (3, by)
    # Other random examples are another protocol, and the nearest ones are the same for every seed.
    assert facts.get("shots_seed") == (0 if by == "random" else None)


def test_random_shots_depend_on_the_seed_and_nothing_else(export: Path, tmp_path: Path):
    one, _ = conversations(export, tmp_path / "1.parquet", "--shots", 2)
    again, _ = conversations(export, tmp_path / "2.parquet", "--shots", 2, "--limit", 1)
    other, _ = conversations(export, tmp_path / "3.parquet", "--shots", 2, "--seed", 1)
    assert again.items() <= one.items()
    assert other != one
    assert len({str(examples_in(messages)) for messages in one.values()}) > 1


def test_nearest_shot_is_the_last_one_and_shares_the_words_of_the_prompt(export: Path, tmp_path: Path):
    sent, _ = conversations(export, tmp_path / "p.parquet", "--shots", 2, "--shots-by", "nearest")
    rows: list[Example] = read_split(export, "test")
    for row in rows:
        function = row.prompt.split()[1]
        nearest = examples_in(sent[row.prompt])[-1][0]
        assert function in nearest, (row.prompt, nearest)


def test_shots_that_cannot_be_had_are_refused_in_one_line(
    export: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    with chat_server(answer) as server:
        for by in ("random", "nearest"):
            assert asked(server, export, tmp_path / "p.parquet", "--shots", 13, "--shots-by", by) == 2
            line = capsys.readouterr().err
            assert "of 12 other problems for 13 examples; give fewer --shots" in line
            assert line.count("\n") == 1
    assert server.requests == []


def test_setting_without_a_server_is_refused(export: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    for option in (("--shots", "2"), ("--hint",), ("--system", "x")):
        with pytest.raises(SystemExit) as ended:
            main(["generate", "--data", str(export), "--model", "m", "--out", str(tmp_path / "p"), *option])
        assert ended.value.code == 2
        assert "are for a model on a server" in capsys.readouterr().err


def test_file_of_another_setting_is_not_continued(export: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    out = tmp_path / "p.parquet"
    conversations(export, out, "--shots", 1)
    with chat_server(answer) as server:
        assert asked(server, export, out, "--shots", 2) == 2
    assert "give another --out" in capsys.readouterr().err
