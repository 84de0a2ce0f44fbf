"""A text is ordinary Python: what a file may do, a program and a problem may, and no execution knows of another."""

import inspect
import linecache
import logging
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from llamoco_data import build, own_problem, sample_problem
from llamoco_data.apart import run_text
from llamoco_data.runs import RunRecord, run_program
from llamoco_data.silence import silence
from llamoco_data.texts import MOST_KEPT, Kind, execute, folder
from tests.campaigns import HEAD
from tests.own_problems import FREE, NOISE

pytestmark = pytest.mark.unit

# Of 2 and 4 variables.
FLAT, DEEP = (sample_problem("demo", seed=7, index=index).with_budget(20) for index in (1, 2))
CALL = "    objective(lower)\n"
END = "    return lower\n"

ORDINARY = {
    "a dataclass of the future": (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n\n\n"
        f"@dataclass\nclass Point:\n    x: float\n\n\n{HEAD}{CALL}    assert Point(1.0).x == 1.0\n{END}"
    ),
    "pickle": (
        "import copy, pickle\n\n\nclass Point: pass\n\n\n"
        f"{HEAD}{CALL}    assert isinstance(pickle.loads(pickle.dumps(Point())), Point)\n"
        f"    assert pickle.loads(pickle.dumps(minimize)) is copy.deepcopy(minimize)\n{END}"
    ),
    "another process": (
        "from concurrent.futures import ProcessPoolExecutor\n\n\ndef double(x):\n    return 2 * x\n\n\n"
        f"{HEAD}{CALL}    with ProcessPoolExecutor(1) as others:\n"
        f"        assert list(others.map(double, [1, 2])) == [2, 4]\n{END}"
    ),
    "its own source": (
        f"import inspect\n\n\nclass Point:\n    x = 1\n\n\n{HEAD}{CALL}"
        "    assert inspect.getsource(minimize).startswith('def minimize(')\n"
        f"    assert inspect.getsource(Point) == 'class Point:\\n    x = 1\\n'\n{END}"
    ),
    "its own file": f"import pathlib\n{HEAD}{CALL}    assert 'pathlib' in pathlib.Path(__file__).read_text()\n{END}",
    "its own module": f"import sys\n{HEAD}{CALL}    assert sys.modules[__name__].minimize is minimize\n{END}",
    "a compiled function that is cached": (
        f"from numba import njit\n\n\n@njit(cache=True)\ndef total(x):\n    return x.sum()\n\n\n"
        f"{HEAD}{CALL}    assert total(lower) == lower.sum()\n{END}"
    ),
    "a byte order mark": f"\ufeff{HEAD}{CALL}{END}",
    "line ends of Windows": f"{HEAD}{CALL}{END}".replace("\n", "\r\n"),
    "a cookie": f"# -*- coding: latin-1 -*-\n{HEAD}{CALL}    assert len('ä') == 1\n{END}",
}


def measured(record: RunRecord) -> RunRecord:
    return record.model_copy(update={"cpu_s": 0.0, "tier": None})


@pytest.mark.parametrize("program", ORDINARY.values(), ids=ORDINARY)
def test_program_may_do_what_any_file_may(program: str):
    record = run_program(program, FLAT, 3)
    assert (record.status, record.detail, record.evaluations) == ("completed", "", 1)
    assert measured(run_text(program, FLAT, 3)) == measured(record)


def test_problem_may_do_what_any_file_may_and_two_of_it_at_once():
    text = FREE.replace("import numpy", "from __future__ import annotations\nimport pickle\nimport numpy").replace(
        "    return (", "    return pickle.loads(pickle.dumps(Point(1.0))).x * ("
    )
    text += "\n\nfrom dataclasses import dataclass\n\n\n@dataclass\nclass Point:\n    x: float\n"
    spec = own_problem(text)
    first, second = build(spec), build(spec)
    assert [problem.objective(np.array([0.0, 0.5])) for problem in (first, second, first)] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    "state",
    [
        "seen = []\n\n\n",
        "from numba import njit\n\nD = 0\n\n\n@njit(cache=True)\ndef total():\n    return D\n\n\n",
        "import sys\n\nassert not hasattr(sys.modules[__name__], 'minimize')\n\n\n",
    ],
    ids=["a list", "a compiled function that is cached", "its module"],
)
def test_run_knows_nothing_of_the_run_before(state: str):
    body = "    global D\n    D = len(lower)\n" + ("    assert total() == D\n" if "total" in state else "")
    body += "    assert not seen\n    seen.append(1)\n" if "seen" in state else ""
    for spec in (FLAT, DEEP, FLAT):
        record = run_program(f"{state}{HEAD}{CALL}{body}{END}", spec, 3)
        assert (record.status, record.detail) == ("completed", "")


def test_run_of_a_program_that_fails_reads_equal_in_every_process():
    function = "@njit(cache=True)\ndef total(x):\n    return x.no_such\n\n\n"
    program = f"from numba import njit\n\n\n{function}{HEAD}    total(lower)\n"
    here = run_program(program, FLAT, 3)
    assert "no_such" in here.detail
    assert measured(run_text(program, FLAT, 3)) == measured(here)


def modules() -> set[str]:
    return {name for name in sys.modules if name.startswith(("program_", "problem_", "statement_"))}


def test_module_is_named_by_its_kind_and_text_and_is_gone_when_it_is_forgotten():
    before, text = modules(), "class Point: pass\n"
    first, second, other = execute(text, "program"), execute(text, "program"), execute(text, "problem")
    named = [str(executed.names["__name__"]) for executed in (first, second, other)]
    assert len({*named, *before}) == 3 + len(before)
    assert named[1].startswith(named[0])
    for executed in (first, second, other):
        point = executed.names["Point"]
        assert pickle.loads(pickle.dumps(point)) is point
        executed.forget()
    assert modules() == before
    again = execute(text, "program")
    again.forget()
    assert again.names["__name__"] == named[0]


@pytest.mark.parametrize("text", ["1 / 0\n", "import sys\nsys.exit(3)\n", "def (:\n"])
def test_text_that_fails_leaves_no_module(text: str):
    before = modules()
    with pytest.raises((ArithmeticError, SystemExit, SyntaxError)):
        execute(text, "program")
    assert modules() == before


@pytest.mark.parametrize("kind", ["program", "problem"])
def test_texts_without_number_leave_a_bounded_trace_and_none_in_use_is_dropped(kind: Kind):
    kept = execute("def kept(): pass\n", kind)
    for number in range(2 * MOST_KEPT):
        execute(f"a = {number}\n", kind).forget()
    ours = [file for file in linecache.cache if file.startswith(str(folder()))]
    assert max(len(ours), len(list(folder().glob("*/*.py")))) <= MOST_KEPT + 1
    assert inspect.getsource(kept.names["kept"]) == "def kept(): pass\n"  # pyright: ignore[reportArgumentType]
    assert Path(str(kept.names["__file__"])).exists()
    kept.forget()


CHILD = """
import os, sys
from llamoco_data.texts import execute, folder
execute("a = 1", "program")
before = folder()
pid = os.fork()
if pid == 0:
    execute("a = 1", "program")
    assert folder() != before
    sys.exit(0)
assert os.waitpid(pid, 0)[1] == 0
assert list(before.glob("*/*.py"))
if "killed" in sys.argv:
    os.kill(os.getpid(), 9)
"""


def test_folder_of_texts_is_removed_at_the_end_and_that_of_a_killed_process_by_the_next(tmp_path: Path):
    def run(*arguments: str) -> int:
        environment = {**os.environ, "TMPDIR": str(tmp_path)}
        return subprocess.run([sys.executable, "-c", CHILD, *arguments], env=environment, check=False).returncode

    assert run("killed") == -9
    (left,) = tmp_path.iterdir()
    assert run() == 0
    assert list(tmp_path.iterdir()) == [left], "it may be of a process that is about to begin"
    os.utime(left, (0, 0))
    assert run() == 0
    assert not list(tmp_path.iterdir())


def test_silence_keeps_everything_from_the_terminal_and_leaves_logging_as_it_was(capfd: pytest.CaptureFixture[str]):
    print("before")  # noqa: T201
    handlers = logging.getLogger().handlers[:]
    with silence():
        execute(f"{NOISE}\nlogging.basicConfig(force=True)\n{NOISE}\nsys.stdout.close()\n", "problem").forget()
    assert logging.getLogger().handlers == handlers
    with silence():
        execute(NOISE, "problem").forget()
    os.write(1, b"after")
    assert capfd.readouterr() == ("before\nafter", "")
