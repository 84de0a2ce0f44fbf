"""The example of a plug-in, installed by pip into a folder of its own: checked, raced, and missed when it is gone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.forking import DATA, finished

pytestmark = pytest.mark.integration


def command(*arguments: object, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A command, in a Python that is started anew where it is to find packages in another folder."""
    given = ["-m", "llamoco_data", *map(str, arguments)]
    if path is None:
        return finished(DATA, given)
    environment = {**os.environ, "PYTHONPATH": str(path)}
    return subprocess.run([sys.executable, *given], capture_output=True, text=True, check=False, env=environment)


def test_the_example_is_found_and_keeps_every_rule(example_plugin: Path):
    done = command("check-plugin", "hill_climbing", path=example_plugin)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("hill_climbing keeps every rule\n")


def test_the_example_takes_part_where_it_is_named_and_is_missed_when_it_is_gone(example_plugin: Path, tmp_path: Path):
    begun = ("run", tmp_path / "c", "--recipe", "demo", "--problems", 1, "--address", "inline", "--quiet")
    done = command(*begun, "--optimizers", "hill_climbing,de", path=example_plugin)
    assert done.returncode == 0, done.stderr
    assert "3 optimizers" in command("status", tmp_path / "c", path=example_plugin).stdout
    gone = command("run", tmp_path / "c", "--address", "inline", "--problems", 2)
    assert gone.returncode == 2
    assert "with hill_climbing, which no portfolio known to this program has; install the plug-in" in gone.stderr


def test_recipes_by_name_leave_plug_ins_out(example_plugin: Path, tmp_path: Path):
    done = command("plan", tmp_path / "c", "--recipe", "demo", "--problems", 1, path=example_plugin)
    without = command("plan", tmp_path / "c", "--recipe", "demo", "--problems", 1)
    assert done.stdout == without.stdout
