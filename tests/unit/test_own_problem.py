"""A user's own problem: what is refused, in which words, what its text decides, that it reads back. About 20 s."""

import re
import time

import numpy as np
import pytest
from pydantic import ValidationError

from llamoco_data import build, read_spec, statement
from llamoco_data.identity import LlamocoError
from llamoco_data.instruction_set import split_of
from llamoco_data.problems import checking
from llamoco_data.problems.checking import MOST_CHARACTERS, check, own_problem
from llamoco_data.problems.checking_apart import check_apart
from llamoco_data.problems.own_spec import OwnProblemSpec
from llamoco_data.problems.source import normalised, with_budget
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.recipes import sample_problem
from llamoco_data.runs import run_program
from llamoco_data.statements import forms_of, python_source
from tests.campaigns import HEAD
from tests.own_problems import BOWL, FREE, NOISE

pytestmark = pytest.mark.unit

LOWER = "lower = np.array([-1.0, -2.0])"
VALUE = "return (x[0] - 1.0) ** 2 + 10.0 * (x[1] - 0.5) ** 4"
PAIR = "return g, np.zeros(0)"
NEAR_THE_MIDDLE = f"if abs(x[0] - 1) + abs(x[1]) > 1e-3: raise ValueError\n    {VALUE}"


def replaced(old: str, new: str) -> str:
    assert old in BOWL
    return BOWL.replace(old, new)


def complaint(text: str) -> str:
    with pytest.raises(LlamocoError) as caught:
        own_problem(text)
    line = str(caught.value)
    assert "\n" not in line
    what, _, advice = line.partition("; ")
    assert what, line
    assert advice, line
    return line


def test_problem_holds_what_its_text_defines():
    spec = own_problem(BOWL + "feasible_point = np.array([0.0, 0.5])\n", "bowl")
    assert (spec.dimension, spec.lower, spec.upper, spec.max_evaluations) == (2, (-1.0, -2.0), (3.0, 2.0), 120)
    assert (spec.num_inequality, spec.num_equality, spec.num_constraints, spec.functions) == (1, 0, 1, ())
    assert spec.feasible_point == (0.0, 0.5)
    # x0 + x1 <= 1 is exactly half of this box.
    assert spec.feasible_share == pytest.approx(0.5, abs=0.05)
    problem = build(spec)
    assert (problem.objective(np.array([0.0, 1.5])), problem.optimum) == (11.0, None)
    assert [part.tolist() for part in problem.constraints(np.array([0.0, 1.5]))] == [[0.5], []]
    assert problem.violation(np.array([0.0, 1.5])) == 0.5


def test_problem_is_named_by_its_text_alone():
    spec = own_problem(BOWL, "bowl")
    assert own_problem(BOWL, "other").problem_id == spec.problem_id
    assert own_problem(BOWL + "# a remark\n").problem_id != spec.problem_id
    windows = "\ufeff" + BOWL.replace("\n", "\r\n") + "\r\n\r\n"
    assert own_problem(windows).source == BOWL
    assert spec.problem_id == OwnProblemSpec.id_of(normalised(windows)) == "ac4736d7b9c3945b59be"


@pytest.mark.parametrize("spec", [own_problem(BOWL, "bowl"), own_problem(FREE), sample_problem("demo", 7, 3)])
def test_spec_of_either_kind_reads_back(spec):
    again = read_spec(spec.to_json())
    assert (again, type(again), again.problem_id) == (spec, type(spec), spec.problem_id)


def test_texts_that_differ_in_their_budget_alone_are_of_one_function_and_in_one_split():
    files = [FREE.replace("120", str(budget)) for budget in range(100, 120)]
    assert len({own_problem(file).problem_id for file in files}) == 20
    assert len({own_problem(file).function_id for file in files}) == 1
    assert len({split_of(own_problem(file), ()) for file in files}) == 1
    others = [own_problem(FREE.replace("0.5", f"0.{digit}")) for digit in range(10)]
    assert len({other.function_id for other in others}) == 10
    used = others[0].model_copy(update={"source": FREE.replace("return ", "return max_evaluations + ")})
    assert used.function_id == used.problem_id


def test_spec_that_contradicts_itself_or_is_of_no_kind_is_refused():
    spec = own_problem(BOWL)
    for change in ({"dimension": 3}, {"lower": (5.0, 0.0)}, {"feasible_point": (0.0,)}, {"name": "a b"}, {"kind": "x"}):
        with pytest.raises(ValidationError):
            read_spec(spec.model_copy(update=change).to_json())
    with pytest.raises(ValidationError):
        ProblemSpec.from_json(spec.to_json())


@pytest.mark.parametrize("wording", range(16))
def test_prompt_holds_the_text_to_the_byte_and_its_budget_in_words(wording: int):
    spec = own_problem(BOWL)
    prompt = statement(spec, wording=wording)
    assert prompt.endswith(f"\n\n```python\n{BOWL}```\n")
    assert "120" in prompt.partition("```")[0]
    assert python_source(spec) == BOWL
    assert forms_of(spec) == ("python",)


def test_problem_with_an_odd_name_is_refused():
    with pytest.raises(LlamocoError, match="it cannot be called 'a b'; use letters, digits, _ and -"):
        own_problem(BOWL, "a b")


def test_problem_has_no_latex_form():
    with pytest.raises(LlamocoError, match="has the form 'python' only"):
        statement(own_problem(BOWL), form="latex")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("max_evaluations = 120", "max_evaluations = 7"),
        ("max_evaluations = 1_20  # cheap", "max_evaluations = 7  # cheap"),
        ("max_evaluations: int = (\n    60 *\n    2)", "max_evaluations: int = (\n    7)"),
        ("µ = 'größer'; max_evaluations = 60 * len('ab')", "µ = 'größer'; max_evaluations = 7"),
    ],
)
def test_smaller_budget_is_another_number_in_the_text_and_nothing_else(line: str, expected: str):
    spec = own_problem(replaced("max_evaluations = 120", line))
    smaller = spec.with_budget(7)
    assert (spec.max_evaluations, smaller.max_evaluations) == (120, 7)
    assert smaller.source == replaced("max_evaluations = 120", expected)
    assert smaller.problem_id == own_problem(smaller.source).problem_id != spec.problem_id


@pytest.mark.parametrize(
    "text",
    [
        replaced("max_evaluations = 120", "if True:\n    max_evaluations = 120"),
        replaced("max_evaluations = 120", "max_evaluations, other = 120, 3"),
        BOWL + "max_evaluations = 130\n",
        BOWL + "half = max_evaluations // 2\n",
    ],
)
def test_budget_that_is_not_one_number_on_one_line_is_refused(text: str):
    assert "max_evaluations needs one line of its own" in complaint(text)
    with pytest.raises(ValueError, match="one line of its own"):
        with_budget(text, 7)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (BOWL + "def oops(:\n", "it is no Python: SyntaxError at line 15: invalid syntax"),
        (BOWL + "\0", "it is no Python: "),
        ("", "it defines no function objective(x)"),
        (replaced("def objective", "def objektive"), "it defines no function objective(x)"),
        (replaced("def objective(x):\n", "objective = 3\ndef other(x):\n"), "it defines no function objective(x)"),
        (replaced("def constraints(x):\n", "constraints = 3\ndef other(x):\n"), "its constraints are no function"),
        (replaced(LOWER, ""), "it defines no lower"),
        (replaced("max_evaluations = 120", ""), "it defines no max_evaluations"),
        (BOWL + "1 / 0\n", "it does not load: ZeroDivisionError: division by zero"),
        (BOWL + "raise SystemExit(3)\n", "it does not load: SystemExit: 3"),
        (BOWL + "open(__file__[:-3] + '.csv')\n", "it does not load: FileNotFoundError"),
        (BOWL + "# ```\n", "it holds ```, which ends the code block of a prompt"),
        (BOWL + "#" * MOST_CHARACTERS, "and a problem stands in a prompt whole; shorten it to 20,000"),
        ("import pandas\n" + BOWL, "it imports pandas; use numpy and scipy and the standard library"),
        (replaced("    g =", "    from sklearn.svm import SVR\n    g ="), "it imports sklearn"),
        ("from . import data\n" + BOWL, "it imports .; use numpy"),
        (replaced(LOWER, "lower = [-1.0, -2.0]"), "lower is a list; make it an array: lower = np.array([...])"),
        (replaced(LOWER, "lower = np.array([-1, -2])"), "lower is an array of int64; make it one of floats"),
        (replaced(LOWER, "lower = np.zeros((2, 1))"), "lower has shape (2, 1)"),
        (replaced(LOWER, "lower = np.zeros(3)"), "lower has shape (3,), and upper (2,)"),
        (BOWL + "lower, upper = lower[:1], upper[:1]\n", "lower has shape (1,); give one number a variable, for two"),
        (replaced(LOWER, "lower = np.array([-np.inf, 0.0])"), "lower has a number that is not finite"),
        (replaced(LOWER, "lower = np.array([3.0, 0.0])"), "lower[0] is 3, and upper[0] 3; a lower bound is below"),
        (
            BOWL + "lower, upper = -1e308 * np.ones(2), 1e308 * np.ones(2)\n",
            "lower has a number that is not finite, or beyond 1e+300",
        ),
        (replaced("= 120", "= 0"), "max_evaluations is 0; make it a whole number above 0"),
        (replaced("= 120", "= 1e3"), "max_evaluations is 1000.0"),
        (replaced("= 120", "= True"), "max_evaluations is True"),
        (replaced("= 120", "= 10**9 + 1"), "max_evaluations is above 1,000,000,000; make it what a run may spend"),
        (replaced("= 120", "= 10**5000"), "max_evaluations is above 1,000,000,000"),
        (
            FREE.replace(VALUE, "return 1e-19 * x[0]"),
            "within 4e-19, and differences up to 1e-08 count for nothing; mult",
        ),
        (FREE.replace(VALUE, "return 1e9 + x[0]"), "within 4, and differences up to 10 count for nothing; subtract"),
        (FREE.replace(VALUE, "return 3.0"), "objective(x) is 3 at all 1,000 random points; look for why"),
        (replaced("x[0] + x[1] - 1.0", "2.5"), "g[0] is 2.5 at all 1,000 random points, so that none can be feasible"),
        (replaced(PAIR, "return g, 0 * g - 3"), "h[0] is 3 at all 1,000 random points, so that none can be feasible"),
        (replaced(VALUE, NEAR_THE_MIDDLE), "though they are at (lower + upper) / 2; tighten lower and upper"),
        (replaced(VALUE, "return None"), "objective(x) returned None at x = ["),
        (replaced(VALUE, "return x[:1]"), "objective(x) returned an array of shape (1,) and type float64 at x = ["),
        (replaced(VALUE, "return x[0] > 0"), "objective(x) returned a bool at x = ["),
        (replaced(VALUE, "return np.nan"), "its values are finite at none of 1,000 random points of its box"),
        (replaced(VALUE, "return 1 / 0"), "random points of its box (ZeroDivisionError: division by zero)"),
        (replaced(PAIR, "return 1 / 0"), "random points of its box (ZeroDivisionError: division by zero)"),
        (replaced(VALUE, "return np.random.rand()"), "asked twice at x = ["),
        (replaced(VALUE, "seen.append(0); return x[0] + len(seen)") + "seen = []\n", "asked twice at x = ["),
        (BOWL.replace(VALUE, "return noise * x[0]") + "noise = np.random.rand()\n", "asked twice at x = ["),
        (replaced(PAIR, "return g * np.random.rand(), np.zeros(0)"), "gives two answers: those of constraints(x)"),
        (replaced(VALUE, "x *= 2\n    " + VALUE), "it changes the x that it is given; compute with a copy"),
        (replaced("    g =", "    x[0] = 0\n    g ="), "it changes the x that it is given"),
        (replaced(PAIR, "return g"), "constraints(x) returned an array of shape (1,) and type float64 at x = ["),
        (replaced(PAIR, "return list(g), np.zeros(0)"), "constraints(x) returned a list as g at x = ["),
        (replaced(PAIR, "return g[:, None], np.zeros(0)"), "constraints(x) returned an array of shape (1, 1)"),
        (replaced(PAIR, "return g > 0, np.zeros(0)"), "and type bool as g"),
        (replaced(PAIR, "return np.zeros(1 + (x[0] > 0)), np.zeros(0)"), "return as many at every point"),
        (replaced(PAIR, "return np.zeros(0), np.zeros(0)"), "constraints(x) returns no value; leave it out"),
        (BOWL + "feasible_point = np.array([3.0, 2.0])\n", "feasible_point is not feasible: a constraint misses by 4"),
        (BOWL + "feasible_point = [-2.0, 0.0]\n", "feasible_point is no point of the box"),
        (BOWL + "feasible_point = [0.0]\n", "feasible_point is no point of the box"),
        (BOWL + "feasible_point = 'origin'\n", "feasible_point is no point; mend it"),
        (BOWL + "import time\ntime.sleep(1.1)\n", "s to load, and is loaded again for every few seconds of work"),
    ],
)
def test_problem_that_nobody_could_rely_on_is_refused_in_one_line(text: str, says: str):
    assert says in complaint(text)


@pytest.mark.parametrize("where", [LOWER, VALUE])
@pytest.mark.parametrize(
    ("error", "says"),
    [("Mute()", "Mute: it has no message"), ("ValueError('\\ud800 a\\n\\nb')", "ValueError: \\ud800 a b")],
)
def test_error_that_cannot_be_written_as_it_is_makes_one_line(where: str, error: str, says: str):
    mute = "class Mute(Exception):\n    def __str__(self): return 1 / 0\n\n\n"
    assert says in complaint(mute + replaced(where, f"raise {error}"))


def test_stored_problem_that_does_not_load_any_more_says_why_in_one_line():
    spec = own_problem(BOWL, "bowl").model_copy(update={"source": "raise ValueError('a\\n\\nb')\n"})
    with pytest.raises(LlamocoError, match="bowl does not load here, ValueError: a b; it did where it was checked"):
        build(spec)


def test_greatest_budget_makes_a_problem_that_can_be_run():
    spec = own_problem(replaced("= 120", "= 10**9"))
    record = run_program(f"{HEAD}    objective(lower)\n    return lower\n", spec, seed=1)
    assert (record.status, record.evaluations, record.max_evaluations) == ("completed", 1, 10**9)


def test_problem_that_fails_in_some_places_is_accepted_and_they_are_counted():
    text = replaced(VALUE, f"if x[0] > 2.0:\n        raise ValueError('too far')\n    {VALUE}")
    checked = check(text)
    assert checked.finite_share == pytest.approx(0.75, abs=0.05)
    assert checked.first_error == "ValueError: too far"
    assert checked.num_probes == 1000


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        (BOWL, ""),
        (FREE, ""),
        (replaced(PAIR, "return g, np.array([x[0] * x[1] - 1e-14]) * 1e-9"), "h[0] = 0 is satisfied at every point"),
        (replaced(VALUE, "return 1e-20 * x[0]"), "the values of objective(x) are all within the tolerance"),
        (
            replaced("x[0] + x[1] - 1.0", "x[0]**2 + 1.0"),
            "no random point is feasible: g[0] <= 0 misses everywhere, by 1",
        ),
        (replaced(PAIR, "return g, g"), "no random point is feasible, which is usual with equalities: name a"),
        (replaced("constraints(", "constraint("), "constraint is not used: constraints count only as constraints(x)"),
        (replaced("constraints(", "Constrains("), "Constrains is not used: constraints count only as constraints(x)"),
        (FREE + "constraint = lambda x: (x, x)\n", "constraint is not used"),
        (FREE + "def bounds(): pass\n", "bounds is not used: the bounds are lower and upper alone"),
        (FREE + "bounds = list(zip(lower, upper))\n", "bounds is not used"),
        (FREE + "constants = 1, 2\n", ""),
        (BOWL + "def constraint(x): return constraints(x)\n", ""),
        (replaced(LOWER, "bounds = -1.0, -2.0\nlower = np.array(bounds)"), ""),
        (replaced(PAIR, "return g, g") + "feasible_point = np.array([1.0, 0.0])\n", ""),
        (
            replaced(VALUE, NEAR_THE_MIDDLE) + "feasible_point = np.array([1.0, 0.0])\n",
            "tighten lower and upper around",
        ),
    ],
)
def test_problem_that_is_odd_is_accepted_with_a_remark(text: str, remark: str):
    remarks = check(text).remarks
    assert (len(remarks), remark in "".join(remarks)) == (bool(remark), True), remarks


def test_problem_that_is_finite_at_the_point_that_it_names_alone_has_the_constraints_of_that_point():
    text = replaced(VALUE, NEAR_THE_MIDDLE).replace("    g =", "    if abs(x[0] - 1) > 1e-3: 1 / 0\n    g =")
    checked = check(text + "feasible_point = np.array([1.0, 0.0])\n")
    assert (checked.finite_share, checked.spec.num_inequality) == (0.0, 1)


def test_problem_that_warns_prints_logs_and_uses_scipy_is_accepted_in_silence(capfd: pytest.CaptureFixture[str]):
    value = f"{NOISE}; return np.sqrt(x[0]) if x[0] < 0 else special.expit(x[0])"
    checked = check(f"import json, scipy.special as special\n{replaced(VALUE, value)}\n{NOISE}\n")
    assert checked.finite_share == pytest.approx(0.75, abs=0.05)
    assert checked.first_error == ""
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            replaced(VALUE, "return sum(w * x['abc'.index(n) % 2] for w, n in zip((1, 20, 300), {'a', 'b', 'c'}))"),
            "in two processes it gives ",
        ),
        (replaced(PAIR, "return g * WEIGHT, np.zeros(0)") + "WEIGHT = hash('a') % 97 + 1\n", "other values of constr"),
        (replaced("= 120", "= 120 + hash('a') % 97"), "max_evaluations are others in another process"),
    ],
)
def test_problem_that_depends_on_the_process_is_refused(text: str, says: str):
    with pytest.raises(LlamocoError, match=re.escape(says)) as caught:
        check_apart(text)
    assert str(caught.value).endswith("use a tuple or sorted(...)")


def test_measured_time_of_an_evaluation_is_about_right(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(checking, "PROBE_S", 0.5)
    monkeypatch.setattr(checking, "TIMED_S", 0.2)
    slow = check(replaced(VALUE, f"time.sleep(0.02)\n    {VALUE}").replace("import numpy", "import time\nimport numpy"))
    assert 20_000 <= slow.evaluation_us <= 60_000
    assert 4 <= slow.num_probes <= 60


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (BOWL + "while True: pass\n", "its check did not end within 1 s; it has an endless loop"),
        (BOWL + "import os; os._exit(0)\n", "its code ended the process that checked it (exit code 0)"),
        (BOWL + "import ctypes; ctypes.string_at(0)\n", "its code ended the process that checked it (signal 11)"),
        (BOWL + "data = open('data.csv').read()\n", "it does not load: PermissionError: it opens data.csv"),
        (BOWL + f"data = np.loadtxt({__file__!r}, str)\n", "it does not load: PermissionError: it opens /"),
        (BOWL + "n = int(input())\n", "it does not load: EOFError"),
        (BOWL.replace("np.zeros(0)", "[]"), "constraints(x) returned a list as h"),
        (BOWL + "# \ud800\n", "it is no text that UTF-8 can write"),
    ],
)
def test_check_in_another_process_says_what_is_wrong_and_comes_back(text: str, says: str):
    with pytest.raises(LlamocoError) as caught:
        check_apart(text, limit_s=1.0 if "while" in text else 60.0)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_check_in_another_process_gives_the_same_problem_whatever_it_prints(capfd: pytest.CaptureFixture[str]):
    noisy = BOWL + "import sys, os\nprint('noise')\nos.write(1, b'noise')\nsys.stderr.write('noise')\n"
    checked = check_apart(noisy, "bowl")
    assert capfd.readouterr() == ("", "")
    assert checked.spec == own_problem(noisy, "bowl")


def test_thread_that_a_problem_leaves_is_refused_at_once():
    text = BOWL + "import threading\nthreading.Thread(target=threading.Event().wait).start()\n"
    began = time.monotonic()
    with pytest.raises(LlamocoError, match="it starts a thread that does not end; a worker"):
        check_apart(text)
    assert time.monotonic() - began < 50


def test_process_that_a_problem_starts_ends_with_its_check():
    text = BOWL + "import subprocess\nsubprocess.Popen(['sleep', '1000'])\n"
    began = time.monotonic()
    assert check_apart(text).spec.dimension == 2
    assert time.monotonic() - began < 60
