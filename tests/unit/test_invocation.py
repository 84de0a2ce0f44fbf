"""Commands that are printed to be pasted: quoted, and called as the program was that prints them."""

import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from llamoco_data import invocation as of_data
from llamoco_tune import invocation as of_tune

pytestmark = pytest.mark.unit

Command = Callable[..., str]


@pytest.fixture(params=[of_data.command, of_tune.command], ids=["llamoco_data", "llamoco_tune"])
def command(request: pytest.FixtureRequest) -> Command:
    return request.param


@pytest.mark.parametrize(
    ("called", "data", "tune"),
    [
        (".venv/bin/llamoco-data", ".venv/bin/llamoco-data", ".venv/bin/llamoco-tune"),
        (".venv/bin/llamoco-tune", ".venv/bin/llamoco-data", ".venv/bin/llamoco-tune"),
        ("./llamoco-data", "./llamoco-data", "./llamoco-tune"),
        ("/my tools/llamoco-data", "'/my tools/llamoco-data'", "'/my tools/llamoco-tune'"),
        ("/lib/llamoco_data/__main__.py", "bin/python -m llamoco_data", "bin/python -m llamoco_tune"),
        ("/lib/llamoco_tune/__main__.py", "bin/python -m llamoco_data", "bin/python -m llamoco_tune"),
        ("/lib/pytest/__main__.py", "llamoco-data", "llamoco-tune"),
        ("/lib/ipykernel_launcher.py", "llamoco-data", "llamoco-tune"),
        ("llamoco-data", "llamoco-data", "llamoco-tune"),
        ("-c", "llamoco-data", "llamoco-tune"),
    ],
)
def test_command_is_called_as_this_program_was(
    command: Command, monkeypatch: pytest.MonkeyPatch, called: str, data: str, tune: str
):
    monkeypatch.setattr(sys, "argv", [called, "status", "c"])
    monkeypatch.setattr(sys, "orig_argv", ["bin/python", "-m", "whatever"])
    assert command("status", "c", program="llamoco-data") == f"{data} status c"
    assert command("status", "c", program="llamoco-tune") == f"{tune} status c"


def test_command_on_the_path_is_called_by_its_name(command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    for name in ("llamoco-data", "llamoco-tune"):
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", [f"{tmp_path}/llamoco-data"])
    assert command("status", program="llamoco-data") == "llamoco-data status"
    assert command("status", program="llamoco-tune") == "llamoco-tune status"


def test_words_with_signs_of_the_shell_are_quoted(command: Command):
    words = ["status", "my first campaign", "it's", "$HOME", "s3://bucket/prefix"]
    line = command(*words)
    assert shlex.split(line)[-len(words) :] == words
    assert line.endswith("s3://bucket/prefix")
