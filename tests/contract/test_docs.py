"""The pages against the code: every block runs, every link leads somewhere, every table is as the code has it."""

import contextlib
import io
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
import yaml

from llamoco_data.campaign import run_campaign
from llamoco_data.execution import executor
from llamoco_data.export import export
from llamoco_data.recipes import recipe
from llamoco_data.runs import RunStatus
from llamoco_tune.cli import main as tuning_command
from tests.forking import DATA, finished
from tests.pages import PAGES, ROOT, Block, blocks

pytestmark = pytest.mark.contract

WRITTEN = [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
LINK = re.compile(r"\]\(([^)\s]+)\)")
RUNNABLE = {"python", "console"}


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def prose(page: Path) -> str:
    """A page without its blocks and code spans."""
    text = re.sub(r"^ *(`{3,}).*?^ *\1$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"`[^`\n]*`", "", text)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as the site makes them."""
    text = re.sub(r"^ *(`{3,}).*?^ *\1$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[\s]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower()) for heading in headings}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `demo-campaign` and `demo-export`, as `make demo` leaves them, but cut down to seconds."""
    folder = tmp_path_factory.mktemp("demo")
    optimizers = ("slsqp", "nelder_mead", "pso", "random_search")
    whole = recipe("demo")
    mixture = whole.mixture.model_copy(update={"max_evaluations": 200})
    spec = whole.model_copy(update={"num_problems": 17, "optimizers": optimizers, "mixture": mixture})
    run_campaign(folder / "demo-campaign", spec, executor("inline"))
    export(folder / "demo-campaign", folder / "demo-export")
    return folder


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page.read_text())], ids=name_of)
def test_page_runs_as_written(page: Path, demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    place = tmp_path / "place"
    shutil.copytree(demo, place)
    (place / "docs").symlink_to(ROOT / "docs")
    monkeypatch.chdir(place)
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    namespace: dict[str, object] = {"__name__": "page"}
    printed = ""
    for block in blocks(page.read_text()):
        if block.mark == "not run":
            continue
        if block.mark == "file":
            Path(block.argument).write_text(f"{block.text}\n")
        elif block.mark == "prints":
            assert printed.strip() == block.text.strip(), f"line {block.line}"
        elif block.language == "python":
            printed = run_python(block, page, namespace)
        elif block.language == "console":
            run_commands(block)


def run_python(block: Block, page: Path, namespace: dict[str, object]) -> str:
    """What it prints; tracebacks count lines from the top of the page."""
    text = "\n" * (block.line - 1) + block.text
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(text, str(page), "exec"), namespace)
    return out.getvalue()


def run_commands(block: Block) -> None:
    assert block.commands, f"line {block.line}: a command begins with `$ `"
    for command in block.commands:
        done = executed(command)
        expected = int(block.argument) if block.mark == "exits with" else 0
        assert done.returncode == expected, f"line {block.line}: {command}\n{done.stdout}{done.stderr}"


def executed(command: str) -> subprocess.CompletedProcess[str]:
    """By a shell, or without one where it is one command of ours, be it with its output in a file."""
    bare, _, file = command.partition(" > ")
    program, *arguments = shlex.split(bare)
    if program in {"llamoco-data", "llamoco-tune"} and not set(bare + file) & set("&|;<>$*?~"):
        ours = program == "llamoco-data"
        done = finished(DATA, ["-m", "llamoco_data", *arguments]) if ours else called(arguments)
        if file:
            Path(file).write_text(done.stdout)
        return done
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", command], env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
    )


def called(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """A command of `llamoco-tune`, in this process: it has loaded PyTorch, which takes others seconds."""
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        try:
            tuning_command(arguments)
        except SystemExit as ended:
            code = ended.code
    assert isinstance(code, int)
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_page_says_why_a_block_is_not_run(page: Path):
    for block in blocks(page.read_text()):
        if block.mark == "not run":
            assert block.language in RUNNABLE, f"line {block.line}: {block.language} blocks are never run"
            assert block.argument, f"line {block.line}: the reason is missing"


@pytest.mark.parametrize("page", WRITTEN, ids=name_of)
def test_page_links_lead_somewhere(page: Path):
    for target in LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


def test_navigation_lists_every_page_once():
    listed = navigated(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"])
    pages = [str(page.relative_to(ROOT / "docs")) for page in PAGES if page.name != "README.md"]
    assert sorted(listed) == sorted(pages)


def navigated(entry: object) -> list[str]:
    """The files of a part of the navigation."""
    match entry:
        case str():
            return [entry]
        case dict():
            return [file for value in entry.values() for file in navigated(value)]
        case list():
            return [file for value in entry for file in navigated(value)]
        case _:
            return []


def test_tables_are_up_to_date():
    check("tables.py")


@pytest.mark.parametrize("script", ["results.py", "figures.py"])
def test_results_and_pictures_are_those_of_the_files_that_they_are_made_of(script: str):
    check(script)


def check(script: str) -> None:
    """Runs a script of the documentation as its command does, but in this process, which has loaded what it needs."""
    code = None
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()) as out:
        patch.setattr("sys.argv", [script, "--check"])
        try:
            runpy.run_path(str(ROOT / "docs" / script), run_name="__main__")
        except SystemExit as ended:
            code = ended.code
    assert not code, f"{code}\n{out.getvalue()}"


def test_portfolio_page_names_every_status_of_a_run():
    table = (ROOT / "docs" / "portfolio.md").read_text().partition("## How a run ends")[2]
    table = table.partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)`", table, flags=re.MULTILINE) == list(get_args(RunStatus))
