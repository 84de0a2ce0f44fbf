"""Simulates the end of a campaign with measured run times: how long the last twentieth of the work takes.

    python tests/benchmarks/stragglers.py standard-campaign                           # its own problems and times
    python tests/benchmarks/stragglers.py standard-campaign --recipe paper --workers 64 1024

The real driver hands out the work; workers and their clock are simulated, and a run takes the processor time that the
folder has for it. For another recipe than the folder's own, each problem borrows the runs of one of the fifteen
problems of the folder with the nearest budget, and their times are stretched by the ratio of the budgets. Workers start
at once and the driver takes no time.

The tail is the time after 95 % of the processor time has been spent, as a share of the whole wall time. With everybody
busy to the last it is 5 %. Exits with 1 where it is above 10 % in the order of today's driver. `critical` is what no
order can beat: the longest run of each stage of the race, one after the other, of the problem where that takes longest.
"""

import argparse
import heapq
import sys
import tempfile
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from math import log
from pathlib import Path

from rich.console import Console
from rich.table import Table

from llamoco_data.campaign import CampaignSpec, driver, load_campaign, read_candidates, read_problems
from llamoco_data.campaign.agenda import Agenda
from llamoco_data.execution import GivenRuns, Program, Progress, Slice, Task
from llamoco_data.identity import stream
from llamoco_data.portfolio.stored_candidates import StoredCandidate, optimizers_of
from llamoco_data.problems.sampling import sample_size
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.racing import Policy, next_runs
from llamoco_data.recipes import recipe
from llamoco_data.runs import RunRecord, run_seed

MAX_TAIL = 0.1
NEAREST = 15
MAX_REPEATS = 10
DRAW_S = 0.02
"""Drawing a problem of recipe `paper`."""
SLICE_OVERHEAD_S = 0.01
"""A slice beside its runs: sending it there and back, and replaying the race."""


class Measured:
    """A problem of the folder, with its runs by stage of the race."""

    def __init__(
        self, spec: ProblemSpec, made: Sequence[RunRecord], policy: Policy, candidates: Sequence[StoredCandidate]
    ) -> None:
        self.spec = spec
        by_run = {(record.candidate_id, record.seed): record for record in made}
        optimizers = optimizers_of(candidates, spec)
        met: list[RunRecord] = []
        self.stages: list[list[RunRecord]] = []
        while wanted := next_runs(policy, spec.problem_id, optimizers, met):
            self.stages.append([by_run[run.candidate_id, run.seed] for run in wanted])
            met += self.stages[-1]

    @cached_property
    def cpu_s(self) -> float:
        return sum(record.cpu_s for stage in self.stages for record in stage)

    @cached_property
    def critical_s(self) -> float:
        return sum(max(record.cpu_s for record in stage) for stage in self.stages)


@dataclass(frozen=True, slots=True)
class Borrowed:
    """A problem of the simulated campaign."""

    like: Measured
    stretch: float
    spec: ProblemSpec

    def records(self) -> list[RunRecord]:
        """Its runs, in the order in which they are made."""
        old, new = self.like.spec.problem_id, self.spec.problem_id
        seeds = {run_seed(old, repeat): run_seed(new, repeat) for repeat in range(MAX_REPEATS)}
        return [
            like.model_copy(update={"problem_id": new, "seed": seeds[like.seed], "cpu_s": like.cpu_s * self.stretch})
            for stage in self.like.stages
            for like in stage
        ]


@dataclass(slots=True)
class Simulated:
    """An executor whose workers live on a clock of their own."""

    workers: int
    problem: Callable[[int], Borrowed]
    spans: list[tuple[float, float]] = field(default_factory=list)
    """Beginning and end of every slice."""
    under_way: dict[int, list[RunRecord]] = field(default_factory=dict)

    def connected(self) -> AbstractContextManager[None]:
        """See `Executor.connected`."""
        return nullcontext()

    def run(
        self, programs: Sequence[Program], pending: Callable[[], Task | None], width: int
    ) -> Generator[Slice | None]:
        """See `Executor.run`."""
        del programs, width
        now, idle = 0.0, self.workers
        ends: list[tuple[float, int, Slice]] = []
        while True:
            while idle and (task := pending()) is not None:
                progress, took_s = self._advance(task)
                self.spans.append((now, now + took_s))
                heapq.heappush(ends, (now + took_s, len(self.spans), Slice(task, progress)))
                idle -= 1
            if not ends:
                return
            now, _, end = heapq.heappop(ends)
            idle += 1
            yield end

    def _records(self, index: int) -> list[RunRecord]:
        if index not in self.under_way:
            self.under_way[index] = self.problem(index).records()
        return self.under_way[index]

    def _advance(self, task: Task) -> tuple[Progress, float]:
        problem = self.problem(task.index)
        made = {(record.candidate_id, record.seed) for record in task.records}
        given = task.wants.runs if isinstance(task.wants, GivenRuns) else ()
        wanted = {(run.candidate_id, run.seed) for run in given}
        took_s = SLICE_OVERHEAD_S + (0.0 if isinstance(task.problem, ProblemSpec) else DRAW_S)
        records: list[RunRecord] = []
        left = False
        for record in self._records(task.index):
            key = (record.candidate_id, record.seed)
            if key in made or (wanted and key not in wanted):
                continue
            if took_s >= task.slice_s:
                left = True
                break
            records.append(record)
            took_s += record.cpu_s
        return Progress(
            problem=problem.spec,
            records=tuple(records),
            finished=not left,
        ), took_s


@dataclass(frozen=True, slots=True)
class Outcome:
    """A simulated campaign."""

    core_s: float
    wall_s: float
    tail: float


def simulate(spec: CampaignSpec, candidates: Sequence[StoredCandidate], executor: Simulated) -> Outcome:
    """The whole campaign, in a folder that is thrown away."""
    with tempfile.TemporaryDirectory() as scratch:
        driver.run_candidates(Path(scratch) / "c", spec, candidates, executor)
    core_s, wall_s = sum(end - begin for begin, end in executor.spans), max(end for _, end in executor.spans)
    return Outcome(core_s, wall_s, 1 - _spent(executor.spans, 0.95 * core_s) / wall_s)


def _spent(spans: Sequence[tuple[float, float]], core_s: float) -> float:
    """When so much processor time had been spent."""
    changes = sorted([(begin, 1) for begin, _ in spans] + [(end, -1) for _, end in spans])
    spent, busy, now = 0.0, 0, 0.0
    for at, change in changes:
        if spent + busy * (at - now) >= core_s:
            return now + (core_s - spent) / busy
        spent, busy, now = spent + busy * (at - now), busy + change, at
    return now


def borrowed(spec: CampaignSpec, measured: Mapping[int, Measured], own: bool) -> Callable[[int], Borrowed]:
    """The problem of an index: the folder's own, or one made of the folder's."""
    by_budget = sorted(measured.values(), key=lambda one: one.spec.max_evaluations)
    budgets = [log(one.spec.max_evaluations) for one in by_budget]
    made: dict[int, Borrowed] = {}

    def problem(index: int) -> Borrowed:
        if index not in made:
            if own:
                made[index] = Borrowed(measured[index], 1.0, measured[index].spec)
            else:
                _, budget = sample_size(spec.mixture, spec.seed, index)
                nearest = sorted(range(len(budgets)), key=lambda n: abs(budgets[n] - log(budget)))[:NEAREST]
                like = by_budget[int(stream("borrowed", index).choice(nearest))]
                other = like.spec.model_copy(update={"offset": like.spec.offset + index + 1})
                made[index] = Borrowed(like, budget / like.spec.max_evaluations, other)
        return made[index]

    return problem


def index_order(self: Agenda, index: int, early: float = 1.0) -> bool:
    """No problem is ever long."""
    del self, index, early
    return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder")
    parser.add_argument("--recipe", help="another than the folder's own")
    parser.add_argument("--problems", type=int)
    parser.add_argument("--workers", type=int, nargs="+", default=[2, 64, 1024])
    arguments = parser.parse_args()
    stored, candidates = load_campaign(arguments.folder), read_candidates(arguments.folder)
    complete = [runs for runs in read_problems(arguments.folder) if runs.complete and runs.records]
    measured = {
        runs.index: Measured(runs.spec, runs.records, stored.policy, candidates)
        for runs in complete
        if isinstance(runs.spec, ProblemSpec)  # users' own problems cannot be made over into others
    }
    own = arguments.recipe is None
    first = next(index for index in range(len(measured) + 1) if index not in measured)
    spec = stored if own else recipe(arguments.recipe)
    spec = spec.model_copy(update={"num_problems": arguments.problems or (first if own else spec.num_problems)})
    problem = borrowed(spec, measured, own)
    every = [problem(index) for index in range(spec.num_problems)]
    critical_s = max(one.like.critical_s * one.stretch for one in every)
    table = Table(
        "workers",
        "order",
        "core time, s",
        "wall, s",
        "of it busy",
        "tail",
        "slices",
        title=(
            f"{spec.num_problems} problems of {spec.recipe}; longest problem "
            f"{max(one.like.cpu_s * one.stretch for one in every):.0f} s, critical {critical_s:.0f} s"
        ),
    )
    by_length, missed = Agenda.is_long, False
    for workers in arguments.workers:
        for name, is_long in (("index", index_order), ("today's", by_length)):
            Agenda.is_long = is_long
            executor = Simulated(workers, problem)
            outcome = simulate(spec, candidates, executor)
            missed |= name != "index" and outcome.tail > MAX_TAIL
            busy = outcome.core_s / workers / outcome.wall_s
            table.add_row(
                f"{workers:,}",
                name,
                f"{outcome.core_s:,.0f}",
                f"{outcome.wall_s:,.0f}",
                f"{busy:.0%}",
                f"{outcome.tail:.1%}",
                f"{len(executor.spans):,}",
            )
    Console().print(table)
    sys.exit(missed)


if __name__ == "__main__":
    main()
