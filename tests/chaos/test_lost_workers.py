"""Programs that hang, kill or poison their worker: each is recorded as such, and nobody else's run changes."""

from pathlib import Path
from typing import Any

import pytest

from llamoco_data.campaign import read_problems
from llamoco_data.campaign.driver import run_entrants
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.execution.ray_actors import RayExecutor
from llamoco_data.identity import LlamocoError
from llamoco_data.portfolio.entrants import entrants
from llamoco_data.racing import Exhaustive
from tests.campaigns import entrant, grown, results

pytestmark = pytest.mark.chaos

SPEC = grown(
    num_problems=2, time_limit_s=1.5, policy=Exhaustive(repeats=1), optimizers=("nelder_mead", "random_search")
)
GOOD = entrants(SPEC.optimizers)
HOSTILE = {
    "hangs in compiled code": ("timed_out", "import collections, itertools\ncollections.deque(itertools.repeat(0), 0)"),
    "swallows every signal": (
        "timed_out",
        "while True:\n    try:\n        while True: objective(lower)\n    except BaseException: pass",
    ),
    "sleeps": ("timed_out", "import time\ntime.sleep(1000)"),
    "exits": ("crashed", "import os\nos._exit(1)"),
    "dereferences null": ("crashed", "import ctypes\nctypes.string_at(0)"),
    "runs out of stack": ("raised", "def f(): return f()\nf()"),
}


def test_hostile_programs_are_recorded_and_disturb_nobody(local_ray: None, tmp_path: Path):
    hostile = {name: entrant(body) for name, (_, body) in HOSTILE.items()}
    candidates = (GOOD[0], *hostile.values(), *GOOD[1:])
    outcome = run_entrants(tmp_path / "c", SPEC, candidates, RayExecutor("local", 3, margin_s=0.5))
    run_entrants(tmp_path / "good", SPEC, GOOD, InlineExecutor())

    records = results(tmp_path / "c")
    hostile_ids = {one.candidate_id for one in hostile.values()}
    assert [record for record in records if record.candidate_id not in hostile_ids] == results(tmp_path / "good")
    for name, (expected, _) in HOSTILE.items():
        assert [(r.status, r.best_f) for r in records if r.candidate_id == hostile[name].candidate_id] == [
            (expected, None)
        ] * SPEC.num_problems, name
    assert all(problem.complete for problem in read_problems(tmp_path / "c"))
    assert outcome.snapshot.new_runs == len(records)


def test_program_that_spoils_its_process_costs_only_itself(local_ray: None, tmp_path: Path):
    """It breaks the library that everything in the worker uses, and returns as if nothing had happened."""
    spoiler = entrant("import numpy\nnumpy.zeros = numpy.concatenate = None\nreturn lower")
    run_entrants(tmp_path / "c", SPEC, (*GOOD, spoiler), RayExecutor("local", 1))
    run_entrants(tmp_path / "good", SPEC, GOOD, InlineExecutor())
    records = [record for record in results(tmp_path / "c") if record.candidate_id != spoiler.candidate_id]
    assert records == results(tmp_path / "good")
    assert all(problem.complete for problem in read_problems(tmp_path / "c"))


class Unreadable:
    """Programs that a worker cannot load, as if its program were another version."""

    def __reduce__(self):  # pyright: ignore[reportImplicitOverride]
        return (int, ("no number",))


def test_workers_that_cannot_start_end_the_work_with_one_line(local_ray: None):
    unreadable: Any = [Unreadable()]
    with pytest.raises(LlamocoError, match=r"workers do not start: .*no number.*; every node needs"):
        list(RayExecutor("local", 1).run(unreadable, lambda: None, 1))
