"""Programs that hang, kill or poison their worker: each is recorded as such, and nobody else's run changes."""

from pathlib import Path
from typing import Any

import pytest

from llamoco_data.campaign import read_problems
from llamoco_data.campaign.driver import program_of, run_candidates
from llamoco_data.execution import ByPolicy, Draw, GivenRuns, Progress, Task, ray_actors
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.execution.ray_actors import RayExecutor
from llamoco_data.identity import LlamocoError
from llamoco_data.portfolio.stored_candidates import stored_candidates
from llamoco_data.racing import Exhaustive, Run
from tests.campaigns import candidate, grown, results

pytestmark = pytest.mark.chaos

SPEC = grown(
    num_problems=1, time_limit_s=1.5, policy=Exhaustive(repeats=1), optimizers=("nelder_mead", "random_search")
)
GOOD = stored_candidates(SPEC.optimizers)

RUNNER = "the run did not end within its time limit"
OUTSIDE = "it did not end within its time limit, and was stopped from outside"
DEAD = "its worker process died"
HOSTILE = {
    "import collections, itertools\ncollections.deque(itertools.repeat(0), 0)": ("timed_out", OUTSIDE),
    "while True:\n    try:\n        n = 0\n        while True: n += 1\n    except BaseException: pass": (
        "timed_out",
        OUTSIDE,
    ),
    "import time\ntime.sleep(1000)": ("timed_out", RUNNER),
    "import ctypes\nctypes.string_at(0)": ("crashed", DEAD),
    "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)": ("crashed", DEAD),
}


@pytest.mark.slow
def test_hostile_programs_are_recorded_and_disturb_nobody(local_ray: None, tmp_path: Path, capsys):
    hostile = {candidate(body).candidate_id: expected for body, expected in HOSTILE.items()}
    candidates = (GOOD[0], *(candidate(body) for body in HOSTILE), *GOOD[1:])
    outcome = run_candidates(tmp_path / "c", SPEC, candidates, RayExecutor("local", 2, margin_s=0.5))
    run_candidates(tmp_path / "good", SPEC, GOOD, InlineExecutor())

    records = results(tmp_path / "c")
    assert [record for record in records if record.candidate_id not in hostile] == results(tmp_path / "good")
    assert {r.candidate_id: (r.status, r.detail) for r in records if r.candidate_id in hostile} == hostile
    assert all(problem.complete for problem in read_problems(tmp_path / "c"))
    assert outcome.progress.new_runs == len(records)
    assert capsys.readouterr() == ("", "")


@pytest.mark.slow
def test_worker_that_a_program_has_spoilt_is_replaced(local_ray: None, tmp_path: Path):
    """The program breaks the library that everything in the worker uses, and returns as if nothing had happened."""
    spec = SPEC.model_copy(update={"num_problems": 3})
    spoiler = candidate("import numpy\nnumpy.zeros = numpy.concatenate = None\nreturn lower")
    run_candidates(tmp_path / "c", spec, (*GOOD, spoiler), RayExecutor("local", 1))
    run_candidates(tmp_path / "good", spec, GOOD, InlineExecutor())
    records = [record for record in results(tmp_path / "c") if record.candidate_id != spoiler.candidate_id]
    assert records == results(tmp_path / "good")
    assert all(problem.complete for problem in read_problems(tmp_path / "c"))


@pytest.mark.slow
def test_program_that_waits_gets_its_second_time_on_a_worker_too(local_ray: None, monkeypatch: pytest.MonkeyPatch):
    """A stranger's program that slept through its limit ends in the second, and the worker is left alone until then."""
    monkeypatch.setattr(ray_actors, "APART_S", 6.0)  # once more, and the deadline could not be missed
    waiting = candidate("import time\ntime.sleep(11.0)\nreturn lower")
    task = Task(
        index=0,
        problem=Draw(mixture=SPEC.mixture, seed=SPEC.seed, index=0),
        wants=GivenRuns(runs=(Run(candidate_id=waiting.candidate_id, seed=3),)),
        time_limit_s=6.0,
        confined="trusted",
        single=True,
    )
    pending = iter([task])
    ends = [*RayExecutor("local", 1, margin_s=0.0).run([program_of(waiting)], lambda: next(pending, None), 1)]
    (progress,) = (end.result for end in ends if end)
    assert isinstance(progress, Progress)
    (record,) = progress.records
    assert record.status == "completed"


class Unreadable:
    """Programs that a worker cannot load, as if its program were another version."""

    def __reduce__(self):  # pyright: ignore[reportImplicitOverride]
        return (int, ("no number",))


def test_workers_that_cannot_start_end_the_work_with_one_line(local_ray: None):
    unreadable: Any = [Unreadable()]
    with pytest.raises(LlamocoError, match=r"workers do not start: .*no number.*; every node needs"):
        list(RayExecutor("local", 1).run(unreadable, lambda: None, 1))


COMPANY = """
import os, pathlib, time
folder = pathlib.Path({folder!r})
mark = folder / f"run-{{os.getpid()}}"
mark.touch()
while (folder / "gather").exists() and len(list(folder.glob("run-*"))) < 3:
    time.sleep(0.01)
(folder / "gather").unlink(missing_ok=True)
time.sleep(0.1)
company = len(list(folder.glob("run-*"))) > 1
mark.unlink()
if company:
    raise RuntimeError("there is another run on the node")
return lower
"""


def test_tasks_that_are_to_be_alone_meet_no_other_on_their_node(local_ray: None, tmp_path: Path):
    """Three workers on one node, which first gather; then every second task is to be alone."""
    (tmp_path / "gather").touch()
    company = candidate(COMPANY.format(folder=str(tmp_path)))
    tasks = [
        Task(
            index=index,
            problem=Draw(mixture=SPEC.mixture, seed=SPEC.seed, index=index),
            wants=ByPolicy(policy=Exhaustive(repeats=1), optimizers={company.candidate_id: company.optimizer}),
            time_limit_s=60.0,
            alone=index > 2 and index % 2 == 0,
        )
        for index in range(12)
    ]
    waiting = iter(tasks)
    programs = [program_of(company)]
    ends = [end for end in RayExecutor("local", 3).run(programs, lambda: next(waiting, None), len(tasks)) if end]
    met: dict[bool, list[str]] = {True: [], False: []}
    for end in ends:
        assert isinstance(end.result, Progress)
        met[end.task.alone] += [record.status for record in end.result.records]
    assert met[True] == ["completed"] * 4
    assert len(met[False]) == 8
    assert "raised" in met[False]
