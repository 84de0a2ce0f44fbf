"""Honest programs, which run confined as they run free, on every tier; and programs that ask from several threads."""

import tempfile
from pathlib import Path

import pytest

from llamoco_data import own_problem
from llamoco_data.box import frames
from llamoco_data.box.frames import TooLargeError
from llamoco_data.box.layers import Tier
from llamoco_data.confined import close_zygote, run_confined
from llamoco_data.portfolio.stored_candidates import stored_candidates
from llamoco_data.problems.evaluation import build
from llamoco_data.runs import run_program
from tests.campaigns import HEAD
from tests.hostile.test_attacks import FREE, HONEST, PROBLEM, TIERS, every_tier, run, without_time
from tests.own_problems import WIDE

pytestmark = pytest.mark.hostile

HABITS = {
    "threads in numpy": "import numpy as np\na = np.ones((300, 300))\nassert (a @ a)[0, 0] == 300",
    "temporary files": """
import os, tempfile
with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile(dir=folder) as file:
    file.write(b'x' * 10_000)
    file.flush()
    assert os.path.getsize(file.name) == 10_000
open('notes.txt', 'w').write('y')
assert os.listdir() == ['notes.txt']""",
    "copies and times": """
import os, pathlib, shutil, subprocess, tarfile
os.mkdir('old')
pathlib.Path('old/touched').touch()
pathlib.Path('old/touched').touch()
pathlib.Path('old/text').write_text('abc')
os.utime('old/text', (10**9, 10**9))
shutil.copy('old/text', 'copy')
shutil.copy2('old/text', 'copy 2')
shutil.copytree('old', 'new')
subprocess.run(['touch', 'by the shell'], check=True)
subprocess.run(['cp', 'old/text', 'copy 3'], check=True)
with tarfile.open('old.tar', 'w') as whole: whole.add('old')
with tarfile.open('old.tar') as whole: whole.extractall('from tar')
texts = ('copy', 'copy 2', 'copy 3', 'new/text', 'from tar/old/text')
assert [pathlib.Path(name).read_text() for name in texts] == ['abc'] * 5
assert os.path.exists('by the shell') and os.path.exists('new/touched')
with open('old/text', 'r+') as file: file.truncate(1)
assert open('old/text').read() == 'a'""",
    "pools of threads": """
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(8) as pool: assert list(pool.map(abs, range(-50, 0))) == list(range(50, 0, -1))""",
    "asyncio": "import asyncio\nasync def f(): await asyncio.sleep(0.001)\nasyncio.run(f())",
    "subprocess": "import subprocess\nassert subprocess.run(['echo', 'x'], capture_output=True).stdout == b'x\\n'",
    "another Python": """
import subprocess, sys
assert subprocess.check_output([sys.executable, '-S', '-c', 'print(6 * 7)']) == b'42\\n'""",
    "home": "import os, pathlib\n(pathlib.Path.home() / 'cache').mkdir()\nassert os.path.expanduser('~') == os.environ['HOME']",
    "dataclasses and pickle": """
import dataclasses, inspect, pickle
@dataclasses.dataclass
class Point: x: float = 1.0
assert inspect.getsource(Point)
assert pickle.loads(pickle.dumps(lower)).shape == lower.shape""",
    "signals and clocks": """
import signal, time
rang = []
signal.signal(signal.SIGALRM, lambda *a: rang.append(1))
signal.setitimer(signal.ITIMER_REAL, 0.01)
time.sleep(0.05)
assert rang""",
    "forks that share much memory": """
import mmap, os, time
with open('shared', 'w+b') as file:
    file.truncate(90 << 20)
    shared = mmap.mmap(file.fileno(), 0)
kept = bytearray(400 << 20)
for place in (shared, kept):
    for n in range(0, len(place), 4096): place[n] = 1
for _ in range(6):
    if os.fork() == 0:
        for place in (shared, kept): assert sum(place[n] for n in range(0, len(place), 4096)) == len(place) // 4096
        time.sleep(0.5)
        os._exit(0)
for _ in range(6): assert os.wait()[1] == 0""",
    "libraries": "import scipy.optimize, cma, nlopt, minionpy, pymoo.optimize, ssl, sqlite3, decimal, zoneinfo",
    "platform": "import os, platform\nassert os.cpu_count() and platform.machine() and len(os.sched_getaffinity(0))",
}
WITH_SHARED_MEMORY = {
    "a process": """
import multiprocessing as mp
queue, end = mp.SimpleQueue(), mp.get_context('fork')
child = end.Process(target=lambda: None)
child.start()
child.join()
assert child.exitcode == 0""",
    "a queue of processes": """
import multiprocessing as mp
queue = mp.Queue()
child = mp.get_context('fork').Process(target=queue.put, args=([1, 2],))
child.start()
assert queue.get(timeout=10) == [1, 2]
child.join()""",
}
"""Habits that need shared memory, which only a file system of the run's own can hold."""


@every_tier
def test_honest_habits_work(tier: Tier):
    habits = HABITS | (WITH_SHARED_MEMORY if tier != "filtered" else {})
    for name, body in habits.items():
        record = run(f"{body}\n{HONEST}", tier).record
        assert (record.status, record.evaluations) == ("completed", 2), (name, record.detail)


@every_tier
def test_libraries_beneath_the_usual_private_folder_stay_in_sight(tier: Tier, monkeypatch: pytest.MonkeyPatch):
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        libraries = Path(folder) / "site-packages"
        libraries.mkdir()
        (libraries / "library_beneath_tmp.py").write_text("VALUE = 42\n")
        Path(folder).chmod(0o755)  # programs may have a user of their own
        monkeypatch.syspath_prepend(str(libraries))
        close_zygote(TIERS[tier])
        try:
            body = f"import library_beneath_tmp as library\nassert library.VALUE == 42\n{HABITS['temporary files']}"
            record = run(f"{body}\n{HONEST}", tier).record
        finally:
            close_zygote(TIERS[tier])
    assert record.status == "completed", record.detail


def test_compiled_program_runs_isolated():
    record = run(f"import numba\nassert numba.njit(lambda x: x + 1)(1) == 2\n{HONEST}", "isolated", 120.0).record
    assert record.status == "completed", record.detail


@every_tier
def test_every_program_of_the_portfolio_has_its_record(tier: Tier):
    names = ("slsqp", "cma_es", "lshade", "lshade_bobyqa", "pso", "random_search")
    for candidate in stored_candidates(names):
        if not candidate.declines(FREE):
            free = run_program(candidate.program, FREE, 5, problem=PROBLEM)
            least: Tier = "limited" if tier == "limited" else "filtered"
            made = run_confined(candidate.program, FREE, 5, problem=PROBLEM, least=least, without=TIERS[tier])
            assert without_time(made.record) == {**without_time(free), "tier": made.record.tier}, candidate.optimizer


ASKING = {
    "ThreadPoolExecutor.map": """
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(4) as pool: values = list(pool.map(objective, points))""",
    "threads": """
import threading
values = [None] * len(points)
def ask(n): values[n] = objective(points[n])
threads = [threading.Thread(target=ask, args=(n,)) for n in range(len(points))]
for t in threads: t.start()
for t in threads: t.join()""",
    "after an answer was left unread, as by a signal handler that raises": """
class Late(Exception): pass
class Interrupted:
    def __init__(self, real): self.real = real
    def send(self, content): return self.real.send(content)
    def recv_into(self, content): raise Late
me = objective.__self__
real, values = me._meter, []
for p in points:
    me._meter = Interrupted(real)
    try: objective(upper)
    except Late: pass
    me._meter = real
    values.append(objective(p))""",
}
REFUSED = {
    "os.fork": """
import os
out, into = os.pipe()
if os.fork() == 0:
    try: objective(lower)
    except RuntimeError as error: os.write(into, f'{type(error).__name__}: {error}'.encode())
    os._exit(0)
raise ValueError(os.read(out, 1000).decode())""",
    "pickling": "import pickle\npickle.dumps(objective)",
}
REFUSED_IN_POOLS = {
    "mp.Process": """
import multiprocessing as mp
queue = mp.get_context('fork').SimpleQueue()
def ask():
    try: queue.put(str(objective(lower)))
    except RuntimeError as error: queue.put(f'{type(error).__name__}: {error}')
child = mp.get_context('fork').Process(target=ask)
child.start()
raise ValueError(queue.get())""",
    "Pool.map": "import multiprocessing as mp\nwith mp.get_context('fork').Pool(2) as pool: pool.map(objective, [lower])",
    "SciPy's workers": """
from scipy.optimize import differential_evolution
differential_evolution(objective, list(zip(lower, upper)), workers=2, updating='deferred', maxiter=1, popsize=1)""",
}


@every_tier
def test_every_thread_gets_the_values_of_its_own_points(tier: Tier):
    for name, body in ASKING.items():
        points = "points = [lower + (upper - lower) * n / 30 for n in range(30)]"
        expected = [PROBLEM.objective(PROBLEM.lower + (PROBLEM.upper - PROBLEM.lower) * n / 30) for n in range(30)]
        made = run(f"{points}\n{body}\nfor v in values: print(repr(float(v)))\nreturn lower", tier)
        assert made.record.status in ("completed", "over_budget"), (name, made.record.detail)
        if made.record.status == "completed":
            assert list(map(float, made.said.split())) == expected, name


@every_tier
def test_other_process_that_asks_is_refused(tier: Tier):
    for name, body in {**REFUSED, **(REFUSED_IN_POOLS if tier == "isolated" else {})}.items():
        record = run(body, tier).record
        assert (record.status, record.evaluations) == ("raised", 0), (name, record)
        assert "AskedElsewhereError" in record.detail, (name, record.detail)
        assert "in which minimize was called" in record.detail, (name, record.detail)


@every_tier
def test_problem_with_more_variables_and_constraints_than_a_packet_of_the_usual_length_is_run(tier: Tier):
    least: Tier = "limited" if tier == "limited" else "filtered"
    program = f"{HEAD}    objective(upper)\n    assert constraints(lower)[0].sum() == -60_000\n    return lower\n"
    record = run_confined(program, WIDE, 5, least=least, without=TIERS[tier]).record
    assert (record.status, record.evaluations, record.best_f) == ("completed", 2, 0.0), record.detail


def test_problem_that_is_too_large_for_packets_is_refused_in_one_line():
    with pytest.raises(TooLargeError, match=r"at most 131,071 variables or constraints.* has 200,000") as refused:
        frames.pair(200_000)
    assert "\n" not in str(refused.value)


def test_problem_s_own_code_that_hangs_is_cut_at_the_time_limit():
    import time  # noqa: PLC0415

    from tests.own_problems import BOWL  # noqa: PLC0415

    spec = own_problem(BOWL, "bowl")
    problem = build(spec)

    def never(*_: object) -> float:
        while True:
            pass

    import dataclasses  # noqa: PLC0415

    hung = dataclasses.replace(problem, call=never)
    program = "def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):\n    objective(lower)\n"
    began = time.monotonic()
    made = run_confined(program, spec, 5, problem=hung, time_limit_s=0.5)
    assert made.record.status == "timed_out"
    assert "problem's own code" in made.record.detail
    assert time.monotonic() - began < 15.0
