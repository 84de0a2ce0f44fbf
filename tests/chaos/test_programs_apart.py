"""Programs in processes of their own: each record is that of a run in this process, or says how that was lost."""

import os
import signal
import time
from pathlib import Path

import pytest

from llamoco_data import own_problem, sample_problem
from llamoco_data.apart import run_text
from llamoco_data.apart.connection import drop_server, server
from llamoco_data.portfolio.stored_candidates import stored_candidates
from llamoco_data.problems.own_spec import AnySpec
from llamoco_data.runs import RunRecord, run_program
from tests.campaigns import HEAD
from tests.forking import DATA, forked
from tests.own_problems import BOWL, WIDE

pytestmark = pytest.mark.chaos

FREE = sample_problem("demo", seed=7, index=1).with_budget(200)
BOUND = next(
    spec.with_budget(200)
    for spec in (sample_problem("demo", seed=7, index=index) for index in range(50))
    if spec.num_inequality and spec.num_equality
)
OWN = own_problem(BOWL, "bowl")


def apart(body: str, *, spec: AnySpec = FREE, time_limit_s: float = 20.0) -> RunRecord:
    program = HEAD + "".join(f"    {line}\n" for line in body.splitlines())
    return run_text(program, spec, 5, time_limit_s=time_limit_s)


def without_time(record: RunRecord) -> RunRecord:
    return record.model_copy(update={"cpu_s": 0.0, "tier": None})


@pytest.mark.parametrize("spec", [FREE, BOUND, OWN], ids=["free", "constrained", "own"])
def test_run_apart_gives_the_record_of_a_run_in_process(spec: AnySpec):
    for candidate in stored_candidates(("slsqp", "cma_es", "lshade", "lshade_bobyqa", "pso", "random_search")):
        if not candidate.declines(spec):
            here = run_program(candidate.program, spec, 5)
            assert without_time(run_text(candidate.program, spec, 5)) == without_time(here)


@pytest.mark.parametrize(
    "program",
    [
        "def minimize(:",
        "import no_such_library\n" + HEAD + "    return lower\n",
        HEAD.replace("minimize", "maximize") + "    return lower\n",
        HEAD + "    objective(lower)\n    raise ValueError('no')\n",
        HEAD + "    import sys\n    sys.exit(0)\n",
        HEAD + "    return objective(lower)\n",
        HEAD + "    return 2 * upper - lower\n",
        HEAD + "    objective(lower[:-1])\n",
        HEAD + "    while True: objective(lower)\n",
        HEAD + "    while True:\n        try: objective(lower)\n        except BaseException: return lower\n",
    ],
)
def test_failure_apart_is_told_in_the_words_of_the_runner_in_process(program: str):
    here = run_program(program, FREE, 5)
    assert here.status != "completed"
    assert without_time(run_text(program, FREE, 5)) == without_time(here)


HANGS = {
    "in Python": "while True: pass",
    "deaf to signals": "import signal, time\nfor n in range(1, 32):\n    try: signal.signal(n, signal.SIG_IGN)\n"
    "    except OSError: pass\nwhile True: time.sleep(1)",
    "in C, with the lock": "import ctypes\nctypes.PyDLL(None).sleep(100)",
    "at its budget": "while True:\n    try: objective(lower)\n    except BaseException: pass",
    "without its connection": "import os, time\nos.closerange(3, 30)\ntime.sleep(100)",
}


@pytest.mark.parametrize("body", HANGS.values(), ids=HANGS)
def test_hang_ends_at_the_time_limit(body: str):
    began = time.monotonic()
    record = apart(body, time_limit_s=0.5)
    assert (record.status, record.evaluations) == ("timed_out", 0)
    assert time.monotonic() - began < 10.0


LOSSES = {
    "import os\nos._exit(0)": ("crashed", "its process ended itself with exit code 0"),
    "import ctypes\nctypes.string_at(0)": ("crashed", "its process was ended by SIGSEGV"),
    "x = bytearray(1 << 40)": ("raised", "MemoryError:"),
    "raise KeyboardInterrupt": ("raised", "KeyboardInterrupt:"),
    "import os\nos.kill(os.getppid(), 9)\nimport time\ntime.sleep(9)": (
        "crashed",
        "it took down the process that started it",
    ),
}


@pytest.mark.slow
def test_lost_process_is_recorded_and_the_next_run_is_as_ever():
    expected = apart("objective(upper)\nreturn lower")
    assert expected.status == "completed"
    for body, (status, detail) in LOSSES.items():
        record = apart(body)
        assert (record.status, record.detail) == (status, detail), body
        assert without_time(apart("objective(upper)\nreturn lower")) == without_time(expected), body


def test_problem_with_more_variables_and_constraints_than_a_packet_of_the_usual_length_is_run():
    body = "objective(upper)\nassert constraints(lower)[0].sum() == -60_000\nreturn lower"
    record = apart(body, spec=WIDE)
    assert (record.status, record.evaluations, record.best_f) == ("completed", 2, 0.0), record.detail


def test_end_by_a_signal_without_a_name_is_told():
    made = apart("import os, signal\nos.kill(os.getpid(), signal.SIGRTMIN + 6)")
    assert (made.status, made.detail) == ("crashed", f"its process was ended by signal {signal.SIGRTMIN + 6}")


def test_server_that_died_between_two_runs_is_replaced():
    expected = apart("objective(upper)\nreturn lower")
    dead = server()
    dead.process.kill()
    dead.process.wait()
    assert without_time(apart("objective(upper)\nreturn lower")) == without_time(expected)
    assert server() is not dead


def test_crash_is_confirmed_by_a_second_attempt(tmp_path: Path):
    mark = f"{str(tmp_path / 'mark')!r}"
    once = apart(
        f"import os\nobjective(lower)\nif not os.path.exists({mark}): os.mkdir({mark}), os._exit(1)\nreturn lower"
    )
    assert (once.status, once.evaluations) == ("completed", 1)


@pytest.mark.parametrize(
    ("fails", "status"), [("os._exit(1)", "crashed"), ("time.sleep(60)", "timed_out")], ids=["crashes", "waits"]
)
def test_second_attempt_that_asks_for_other_points_does_not_count(fails: str, status: str, tmp_path: Path):
    """A program that fails where its draws are bad would have its budget twice."""
    mark = f"{str(tmp_path / 'mark')!r}"
    body = f"import os, time\nis_first = not os.path.exists({mark})\nobjective(lower)\n"
    body += f"if is_first:\n    os.mkdir({mark})\n    objective(lower)\n    {fails}\n"
    same, other = (f"objective({point})\nobjective(upper)\nreturn upper" for point in ("lower", "upper"))
    program = HEAD + "".join(f"    {line}\n" for line in (body + other).splitlines())
    record = run_text(program, FREE, 5, time_limit_s=1.0, waits=True)
    assert record.status == status
    (tmp_path / "mark").rmdir()
    program = HEAD + "".join(f"    {line}\n" for line in (body + same).splitlines())
    record = run_text(program, FREE, 5, time_limit_s=1.0, waits=True)
    assert (record.status, record.evaluations) == ("completed", 3)


def test_meter_is_out_of_the_program_s_reach():
    """What a program says of its evaluations, or patches into its own process, changes no record."""
    honest = apart("objective(upper)\nobjective(lower)\nreturn lower")
    cheat = (
        "import gc, types\nobjective(upper)\nobjective(lower)\n"
        "me = objective.__self__\nme._values[:] = -1e9\nme.refused = False\nme.evaluations = 0\n"
        "import llamoco_data.problems.evaluation as e\ne.Meter.evaluations = 0\nreturn lower"
    )
    assert apart(cheat).model_dump(exclude={"cpu_s", "candidate_id"}) == honest.model_dump(
        exclude={"cpu_s", "candidate_id"}
    )
    forged = "objective.__self__._meter.send(b'x' * 40)\nreturn lower"
    assert (apart(forged).status, apart(forged).detail) == ("crashed", "it broke its connection to the meter")


def test_output_goes_nowhere(capfd: pytest.CaptureFixture[str]):
    body = "import os, sys\nfor _ in range(200):\n    os.write(1, b'x' * 1000000)\n    sys.stderr.write('y' * 1000)\n"
    assert apart(body + "return lower").status == "completed"
    assert capfd.readouterr() == ("", "")


def test_program_begins_in_an_empty_folder_without_this_process_s_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("A_SECRET", "s3cr3t")
    told = tmp_path / "told"
    apart(f"import os\nopen({str(told)!r}, 'w').write(f'{{os.getcwd()}} {{os.listdir()}} {{dict(os.environ)}}')\n")
    folder, _, rest = told.read_text().partition(" ")
    assert rest.startswith("[] ")
    assert "s3cr3t" not in rest
    assert not Path(folder).exists()


def test_folder_of_machine_code_is_the_one_that_the_user_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Where the installation is read-only and there is no home, nothing loads without it."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    drop_server()
    record = apart("import os\nraise ValueError(os.environ['NUMBA_CACHE_DIR'])")
    drop_server()
    assert (record.status, record.detail) == ("raised", f"ValueError: {tmp_path}")


def test_what_a_program_starts_ends_with_it(tmp_path: Path):
    told = tmp_path / "pid"
    body = (
        f"import subprocess\nopen({str(told)!r}, 'w').write(str(subprocess.Popen(['sleep', '100']).pid))\nreturn lower"
    )
    assert apart(body).status == "completed"
    assert is_gone(int(told.read_text()))


def test_program_ends_with_the_process_that_measures_it(tmp_path: Path):
    told = tmp_path / "pid"
    body = f"    import os, time\n    open({str(told)!r}, 'w').write(str(os.getpid()))\n    time.sleep(100)\n"
    script = (
        "from llamoco_data import read_spec\nfrom llamoco_data.apart import run_text\n"
        f"run_text({HEAD + body!r}, read_spec({FREE.to_json()!r}), 5)\n"
    )
    with forked(DATA, ["-c", script], env={**os.environ, "TMPDIR": str(tmp_path)}) as measuring:
        deadline = time.monotonic() + 60.0
        while not (told.exists() and told.read_text()) and time.monotonic() < deadline:
            time.sleep(0.02)
        measuring.kill()
    assert is_gone(int(told.read_text()))


def is_gone(pid: int) -> bool:
    """Whether a process ends within five seconds, be it to be waited for."""
    deadline = time.monotonic() + 5.0
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False
