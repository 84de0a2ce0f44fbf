"""The front door of what is released: a wheel that is small, holds the ready model, and answers from itself alone."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import llamoco_tune

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
PROBLEM = ROOT / "docs" / "examples" / "ripples.py"
MOST_BYTES = 40_000_000
CLOSED = """\
import socket, sys

sys.path[:] = [place for place in sys.path if place not in ("", {root!r})]


class Refused:
    def find_spec(self, name, path=None, target=None):
        if name in ("torch", "transformers"):
            raise ImportError(name + " is not there")


def refused(*_, **__):
    raise OSError("there is no network")


sys.meta_path.insert(0, Refused())
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refused
"""
"""Taken in by Python when it starts: no checkout, no network, no torch."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(out)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (made,) = out.glob("*.whl")
    return made


def test_wheel_is_small_and_holds_the_ready_model_and_nothing_that_is_not_of_the_packages(wheel: Path):
    assert wheel.stat().st_size < MOST_BYTES
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
        ready = Path(llamoco_tune.__file__).parent / "ready"
        for file in ready.iterdir():
            assert packed.read(f"llamoco_tune/ready/{file.name}") == file.read_bytes()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"llamoco_data", "llamoco_tune", "llamoco"}
    assert {"llamoco_data/py.typed", "llamoco_tune/py.typed"} <= set(names)
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


def asked(python: str | Path, place: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """`ask`, without the checkout, a network, torch, or a home."""
    (place / "closed").mkdir()
    (place / "closed" / "sitecustomize.py").write_text(CLOSED.format(root=str(ROOT)))
    paths = [str(place / "closed"), *filter(None, [environment.pop("PYTHONPATH", "")])]
    kept = {"PATH": os.environ["PATH"], "HOME": str(place), "PYTHONPATH": os.pathsep.join(paths)}
    code = "import llamoco_tune; print(llamoco_tune.__file__); from llamoco_tune.cli import main; main()"
    call = [str(python), "-c", code, "ask", str(PROBLEM), "--out", "program.py"]
    return subprocess.run(call, cwd=place, env=kept | environment, capture_output=True, text=True, check=False)


def check_answer(done: subprocess.CompletedProcess[str], place: Path, home: Path) -> None:
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.splitlines()[0]).is_relative_to(home)
    program = (place / "program.py").read_text()
    compile(program, "program.py", "exec")
    assert "def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):" in program


def test_unpacked_wheel_answers_alone_without_a_network_or_torch(wheel: Path, tmp_path: Path):
    unpacked = tmp_path / "unpacked"
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(unpacked)
    check_answer(asked(sys.executable, tmp_path, PYTHONPATH=str(unpacked)), tmp_path, unpacked)


@pytest.mark.slow
def test_package_installed_into_an_empty_environment_answers_without_a_network(tmp_path: Path):
    """With the versions of CI, from the index that pip is set to; minutes, most of them pip's."""
    environment = tmp_path / "environment"
    python = environment / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--no-compile", "--disable-pip-version-check"]
    subprocess.run([*install, "--constraint", str(ROOT / "constraints.txt"), str(ROOT)], check=True, cwd=tmp_path)
    place = tmp_path / "place"
    place.mkdir()
    check_answer(asked(python, place), place, environment)
