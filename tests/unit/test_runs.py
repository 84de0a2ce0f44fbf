"""One run: whatever the program does, a record says what came of it, and equal runs give equal records."""

import json
import os
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from llamoco_data.portfolio import portfolio, program_text
from llamoco_data.problems.evaluation import build
from llamoco_data.problems.sampling import ProblemMixture, sample
from llamoco_data.problems.spec import Component, ProblemSpec
from llamoco_data.runs import RunRecord, program_id, run_program

pytestmark = pytest.mark.unit

SPHERE = ProblemSpec(
    kind="single",
    dimension=3,
    box=(-2.0, 2.0),
    shifts=((0.5, -0.5, 1.0),),
    components=(Component(function="sphere", weight=1.0, scale=1.0, shift=0),),
    max_evaluations=200,
)
HEAD = "def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):\n"


def run(body: str, *, head: str = HEAD, time_limit_s: float = 60.0, spec: ProblemSpec = SPHERE) -> RunRecord:
    program = head + "".join(f"    {line}\n" for line in body.splitlines())
    return run_program(program, spec, seed=5, time_limit_s=time_limit_s)


def test_run_that_returns_a_point_is_completed_and_has_its_best():
    record = run("objective(lower)\nobjective((lower + upper) / 2)\nreturn lower")
    assert (record.status, record.detail) == ("completed", "")
    assert (record.best_f, record.optimum) == (build(SPHERE).objective(np.zeros(3)), 0.0)
    assert (record.evaluations, record.violation, record.evaluations_to_target) == (2, 0.0, None)
    assert record.candidate_id == program_id(
        HEAD + "    objective(lower)\n    objective((lower + upper) / 2)\n    return lower\n"
    )


def test_run_that_reaches_the_optimum_knows_when():
    record = run("import numpy as np\nfor x in (lower, np.array([0.5, -0.5, 1.0]), upper): objective(x)\nreturn x")
    assert (record.best_f, record.evaluations_to_target) == (0.0, 2)


def test_run_trace_ends_at_the_end_and_never_rises():
    body = "import numpy as np\nrng = np.random.default_rng(seed)\n"
    record = run(body + "for _ in range(150): objective(rng.uniform(lower, upper))\nreturn lower")
    evaluations, values, _ = zip(*record.trace, strict=True)
    assert evaluations[0] == 1
    assert evaluations[-1] == record.evaluations == 150
    assert all(later <= earlier for earlier, later in pairwise(values))
    assert values[-1] == record.best_f


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ("while True: objective(lower)", "it asked for more than 200 evaluations"),
        (
            "for _ in range(500):\n    try: objective(lower)\n    except BaseException: pass\nreturn lower",
            "it asked for more than 200 evaluations, and hid the stop signal",
        ),
        (
            "try:\n    while True: objective(lower)\nexcept BaseException: raise RuntimeError('other')",
            "it asked for more than 200 evaluations",
        ),
    ],
)
def test_run_beyond_its_budget_is_over_budget_however_it_takes_the_signal(body, detail):
    record = run(body)
    assert (record.status, record.detail, record.evaluations) == ("over_budget", detail, 200)
    assert record.best_f == build(SPHERE).objective(np.full(3, -2.0))


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        ("objective(lower)\nraise ValueError('no  such\\nluck')", "raised", "ValueError: no such luck"),
        ("raise ValueError(chr(0xd800))", "raised", r"ValueError: \ud800"),
        ("import sys; sys.exit(3)", "raised", "SystemExit: 3"),
        ("def f(): return f()\nf()", "raised", "RecursionError: maximum recursion depth exceeded"),
        ("raise type('Mute', (Exception,), {'__str__': lambda self: 1 / 0})", "raised", "Mute: it has no message"),
        ("return objective(lower[:2])", "raised", "ValueError: x must have shape (3,), got (2,)"),
        ("return None", "bad_return", "it returned shape (), not (3,)"),
        ("return 'here'", "bad_return", "it returned a str, not a point"),
        ("return lower[:2]", "bad_return", "it returned shape (2,), not (3,)"),
        ("return lower * float('nan')", "bad_return", "it returned a point that is not finite"),
        ("return upper + 1", "bad_return", "it returned a point outside the box"),
        (
            "return type('Odd', (), {'__array__': lambda *_, **__: 1 / 0})()",
            "bad_return",
            "it returned a Odd, not a point",
        ),
    ],
)
def test_run_that_fails_says_how(body, status, detail):
    record = run(body)
    assert (record.status, record.detail) == (status, detail)


@pytest.mark.parametrize(
    ("program", "detail"),
    [
        ("x = 1\ndef minimize(:\n    pass\n", "SyntaxError at line 2: invalid syntax"),
        ("import nowhere_to_be_found\n", "ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
        ("minimise = 1\n", "NameError: the program defines no function minimize"),
        ("raise SystemExit\n", "SystemExit:"),
        ("\0", "SyntaxError"),
    ],
)
def test_run_of_a_text_that_is_no_program_is_invalid(program, detail):
    record = run_program(program, SPHERE, seed=1)
    assert record.status == "invalid_program"
    assert record.detail.startswith(detail)
    assert (record.best_f, record.evaluations, record.trace) == (None, 0, ())


def test_run_detail_of_an_error_with_an_address_reads_the_same_every_time():
    details = {run("raise ValueError(object())").detail for _ in range(3)}
    assert details == {"ValueError: <object object at 0x...>"}


def test_run_counts_points_outside_the_box_and_never_prefers_them():
    record = run("objective(upper + 5)\nobjective(lower)\nobjective(lower - 1)\nreturn lower")
    assert (record.status, record.evaluations, record.outside_box) == ("completed", 3, 2)
    assert record.best_f == build(SPHERE).objective(np.full(3, -2.0))


def test_run_counts_values_that_are_not_finite_and_shows_the_program_large_ones():
    body = "import numpy as np\nx = np.full(3, np.nan)\nassert objective(x) == 1e300\nobjective(lower)\nreturn lower"
    record = run(body)
    assert (record.status, record.non_finite, record.evaluations) == ("completed", 1, 2)


def test_run_without_an_evaluation_has_no_best():
    record = run("return lower")
    assert (record.status, record.best_f, record.violation, record.evaluations) == ("completed", None, None, 0)


@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "import time; time.sleep(1000)",
        "try:\n    while True: pass\nexcept BaseException: return lower",
        "for _ in range(2):\n    try:\n        while True: pass\n    except BaseException: pass\nraise ValueError",
    ],
)
def test_run_beyond_its_time_limit_is_timed_out_however_it_takes_the_signal(body):
    record = run("objective(lower)\n" + body, time_limit_s=0.3)
    assert (record.status, record.detail) == ("timed_out", "the run did not end within its time limit")
    assert (record.best_f, record.evaluations) == (None, 0)


def test_run_that_prints_and_warns_is_quiet(capfd):
    record = run("import warnings\nprint('noise')\nwarnings.warn('noise')\nreturn lower")
    assert record.status == "completed"
    assert capfd.readouterr() == ("", "")


def test_run_gives_a_constrained_problem_its_constraints():
    mixture = ProblemMixture(
        min_dimension=3, max_dimension=3, min_budget_factor=50, max_budget_factor=50, constrained_share=1.0
    )
    spec = sample(mixture, 1, 0)
    g, h = build(spec).constraints(np.asarray(spec.feasible_point))
    body = f"g, h = constraints(lower)\nassert (len(g), len(h)) == ({len(g)}, {len(h)})\nobjective(lower)\nreturn lower"
    record = run(body, spec=spec)
    assert (record.status, record.detail, record.evaluations) == ("completed", "", 1)
    assert record.violation == build(spec).violation(build(spec).lower)


IN_ANOTHER_PROCESS = """
import sys
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.portfolio import program_text
from llamoco_data.runs import run_program
for name in sys.argv[2:]:
    print(run_program(program_text(name, {}), ProblemSpec.from_json(sys.argv[1]), seed=11).to_json())
"""


def test_run_in_another_process_with_other_hashes_gives_the_same_record():
    names = sorted({candidate.optimizer for candidate in portfolio()} - {"bayesian_optimization"})
    printed = subprocess.run(
        [sys.executable, "-c", IN_ANOTHER_PROCESS, SPHERE.to_json(), *names],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "4321"},
    )
    elsewhere = [json.loads(line) for line in printed.stdout.splitlines()]
    here = [json.loads(run_program(program_text(name, {}), SPHERE, seed=11).to_json()) for name in names]
    for record in (*elsewhere, *here):
        record.pop("cpu_s")
    assert elsewhere == here
