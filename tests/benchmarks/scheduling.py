# pyright: reportExplicitAny=false
"""Measures what scheduling costs on blocks of real work: the same campaign on two Ray actors and in one process.

    python tests/benchmarks/scheduling.py                 # 20 problems of recipe standard: two to three minutes
    python tests/benchmarks/scheduling.py --problems 40

Work is the processor time of the runs themselves, as their records have it. What else the processes of a campaign take
between the first task and the last result has two parts. The one is there in one process too: drawing problems,
replaying the race, reading and writing. The other is scheduling: what there is more of it on Ray, for sending tasks and
results, waiting loops, and Ray's own processes. Its share is of the core time of all processes. Starting Ray and its
actors is left out, and stated beside it: the actors first get a task that does not count, until both are at work.
Processor times are used, so that other users of the machine disturb little; the wall times, of two actors against half
of one process, need an idle machine. Exits with 1 where scheduling takes more than 3 %.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from llamoco_data.campaign import CampaignSpec, read_problems, run_campaign
from llamoco_data.execution import ByPolicy, Draw, Executor, Program, Slice, Task, executor
from llamoco_data.execution.work import warm_up
from llamoco_data.portfolio.stored_candidates import stored_candidates
from llamoco_data.recipes import standard

MAX_SHARE = 0.03
WARMING = -1
"""Index of a problem that does not count."""
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def cpu_s_of_tree() -> dict[int, float]:
    """Process -> its processor time so far, of this one and all below it; children that have ended count with it."""
    parents: dict[int, int] = {}
    times: dict[int, float] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(folder.name)] = int(fields[1])
            times[int(folder.name)] = sum(int(ticks) for ticks in fields[11:15]) * TICK_S
    return {process: spent for process, spent in times.items() if _is_ours(process, parents)}


def _is_ours(process: int, parents: dict[int, int]) -> bool:
    while process > 1:
        if process == os.getpid():
            return True
        process = parents.get(process, 0)
    return False


@dataclass(slots=True)
class Watched:
    """Another executor, with the processor time of all its processes read when the work begins and ends."""

    executor: Executor
    warming: Task
    """What workers get until all of them are at work."""
    workers: int
    began: dict[int, float] = field(default_factory=dict)
    ended: dict[int, float] = field(default_factory=dict)
    began_at: float = 0.0
    ended_at: float = 0.0
    slices: int = 0
    out: int = 0

    def connected(self) -> AbstractContextManager[None]:
        """See `Executor.connected`."""
        return self.executor.connected()

    def run(
        self, programs: Sequence[Program], pending: Callable[[], Task | None], width: int
    ) -> Generator[Slice | None]:
        """See `Executor.run`."""

        warm, warming = False, 0

        def counted() -> Task | None:
            nonlocal warm, warming
            if not warm:
                warming += 1
                warm = warming == self.workers
                return self.warming
            if warming:
                return None
            if not self.began:
                self.began, self.began_at = cpu_s_of_tree(), time.monotonic()
            task = pending()
            self.out += task is not None
            return task

        for end in self.executor.run(programs, counted, width):
            if end is not None and end.task.index == WARMING:
                warming -= 1
                continue
            if end is not None:
                self.slices, self.out = self.slices + 1, self.out - 1
            if end is not None and not self.out:
                self.ended, self.ended_at = cpu_s_of_tree(), time.monotonic()
            yield end

    @property
    def cpu_s(self) -> float:
        return sum(spent - self.began.get(process, 0.0) for process, spent in self.ended.items())

    @property
    def driver_s(self) -> float:
        return self.ended[os.getpid()] - self.began[os.getpid()]

    @property
    def wall_s(self) -> float:
        return self.ended_at - self.began_at


@dataclass(frozen=True, slots=True)
class Measured:
    """One way of running the campaign."""

    work_s: float
    cpu_s: float
    driver_s: float
    wall_s: float
    start_and_end_s: float
    slices: int

    @property
    def share(self) -> float:
        return 1 - self.work_s / self.cpu_s


def measure(spec: CampaignSpec, watched: Watched) -> Measured:
    """Runs the campaign in a folder that is thrown away."""
    with tempfile.TemporaryDirectory() as scratch:
        began = time.monotonic()
        run_campaign(Path(scratch) / "c", spec, watched)
        whole_s = time.monotonic() - began
        work_s = sum(record.cpu_s for problem in read_problems(Path(scratch) / "c") for record in problem.records)
    wall_s = watched.wall_s
    return Measured(work_s, watched.cpu_s, watched.driver_s, wall_s, whole_s - wall_s, watched.slices)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1] if __doc__ else None)
    parser.add_argument("--problems", type=int, default=20)
    arguments = parser.parse_args()
    spec = standard().model_copy(update={"num_problems": arguments.problems})
    warm_up()
    draw = Draw(mixture=spec.mixture, seed=spec.seed + 1, index=0)
    optimizers = {one.candidate_id: one.optimizer for one in stored_candidates(spec.optimizers)}
    wants = ByPolicy(policy=spec.policy, optimizers=optimizers)
    warming = Task(index=WARMING, problem=draw, wants=wants, time_limit_s=spec.time_limit_s, slice_s=8.0)
    inline = measure(spec, Watched(executor("inline"), warming.model_copy(update={"slice_s": 0.0}), 1))
    on_ray = measure(spec, Watched(executor("local", 2), warming, 2))
    table = Table(title=f"{arguments.problems} problems of recipe standard; load {os.getloadavg()[0]:.1f}")
    rows: list[tuple[str, Callable[[Measured], Any]]] = [
        ("work: processor time of the runs, s", lambda one: f"{one.work_s:.1f}"),
        ("processor time of all processes, s", lambda one: f"{one.cpu_s:.1f}"),
        ("share of it that is not work", lambda one: f"{one.share:.2%}"),
        ("slices", lambda one: f"{one.slices:,}"),
        (
            "driver's process, ms a slice",
            lambda one: f"{1e3 * one.driver_s / one.slices:.1f}" if one != inline else "-",
        ),
        ("wall time between first task and last result, s", lambda one: f"{one.wall_s:.1f}"),
        ("wall time before and after, s", lambda one: f"{one.start_and_end_s:.1f}"),
    ]
    table.add_column("")
    table.add_column("inline", justify="right")
    table.add_column("2 Ray actors", justify="right")
    for name, value in rows:
        table.add_row(name, str(value(inline)), str(value(on_ray)))
    Console().print(table)
    scheduling_s = (on_ray.cpu_s - on_ray.work_s) - (inline.cpu_s - inline.work_s)
    print(f"scheduling on Ray, of the core time: {scheduling_s / on_ray.cpu_s:.2%}")
    print(f"wall time of two actors against half of one process: {2 * on_ray.wall_s / inline.wall_s:.3f}")
    sys.exit(scheduling_s / on_ray.cpu_s > MAX_SHARE)


if __name__ == "__main__":
    main()
