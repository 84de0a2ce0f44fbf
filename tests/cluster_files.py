# pyright: reportExplicitAny=false
"""The files in `cluster/`, read for tests, and the command line of Ray that they are checked against."""

import importlib
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import yaml
from click.core import Command, Group

from llamoco_data.cli.commands import llamoco_data
from llamoco_tune.cli.commands import llamoco_tune
from tests.pages import ROOT

CLUSTER = ROOT / "cluster"
README = (CLUSTER / "README.md").read_text()
Config = dict[str, Any]


def read(name: str) -> Config:
    return yaml.safe_load((CLUSTER / name).read_text())


def ray_module(name: str) -> Any:
    """A module of Ray, imported after the package has set what Ray reads when it is imported."""
    importlib.import_module("llamoco_data.execution.ray_actors")
    return importlib.import_module(name)


def ray_command_line() -> Group:
    return ray_module("ray.scripts.scripts").cli


def options_of(command: Command) -> set[str]:
    return {option for parameter in command.params if isinstance(parameter, click.Option) for option in parameter.opts}


def command_lines(text: str) -> Iterator[list[str]]:
    """The simple commands of a shell text, as words; a quoted argument of several words may hold more of them."""
    words = shlex.split(text, comments=True)
    line: list[str] = []
    for word in words:
        if " " in word:
            yield from command_lines(word)
        if word in {"--", "&&", "||"} or word.endswith(";"):
            yield [*line, word.rstrip(";")]
            line = []
        else:
            line.append(word)
    yield line


def check_commands(text: str) -> int:
    """Checks the names and options of our programs and of `ray` in a shell text; gives how many there are."""
    checked = 0
    for line in command_lines(text):
        for i, word in enumerate(line):
            group = program_of(word, line[i - 1] if i else "")
            if group is not None:
                check_command(group, line[i + 1 :])
                checked += 1
                break
    return checked


def program_of(word: str, before: str) -> Group | None:
    """The command line that a word of a shell text starts, if any; `-m` is what `torchrun` takes."""
    if before.startswith("-"):
        return llamoco_tune if (before, word) == ("-m", "llamoco_tune") else None
    ours = {"llamoco-data": llamoco_data, "llamoco-tune": llamoco_tune}
    name = Path(word).name
    return ray_command_line() if name == "ray" else ours.get(name)


def check_command(group: Group, words: list[str]) -> None:
    command: Command = group
    while isinstance(command, Group):
        name, *words = words
        assert name in command.commands, f"{command.name} has no command {name}"
        command = command.commands[name]
    given = {word.split("=")[0] for word in words if word.startswith("--") and word != "--"}
    assert given <= options_of(command), f"{command.name} has no {given - options_of(command)}"
