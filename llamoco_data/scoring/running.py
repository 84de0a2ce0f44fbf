"""Makes the runs that a scores folder lacks, anywhere an executor can, and keeps each within seconds of its end."""

import contextlib
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from llamoco_data.campaign import Snapshot
from llamoco_data.campaign.driver import BLOCK_S
from llamoco_data.execution import Executor, Lost, Slice, Task, after_loss, after_progress, runs_wanted
from llamoco_data.portfolio.entrants import Entrant
from llamoco_data.portfolio.limits import Limits
from llamoco_data.racing import Exhaustive, Run
from llamoco_data.runs import RunRecord, RunStatus
from llamoco_data.scoring.cases import Case
from llamoco_data.scoring.plan import RunPlan
from llamoco_data.store import Block, Store

TASK_RUNS = 6
"""Runs of a problem that go to a worker together."""
REPORT_S = 0.2


def missing_runs(plan: RunPlan, store: Store) -> dict[str, list[Run]]:
    """problem_id -> the runs of the plan that the folder does not hold."""
    missing: dict[str, list[Run]] = {}
    for problem_id, runs in plan.runs.items():
        table = store.run_table(problem_id)
        made = set(zip(table["candidate_id"].to_pylist(), table["seed"].to_pylist(), strict=True))
        left = [run for run in runs if (run.candidate_id, run.seed) not in made]
        if left:
            missing[problem_id] = left
    return missing


def run_missing(
    plan: RunPlan,
    cases: Mapping[str, Case],
    store: Store,
    executor: Executor,
    *,
    time_limit_s: float,
    report: Callable[[Snapshot], None],
    stop: Callable[[], bool],
) -> Snapshot:
    """Makes what is missing, until all is there or `stop` says so; what was made until then is in the folder.

    Raises:
        LlamocoError: the folder cannot be written, or no worker can be started.
    """
    missing = missing_runs(plan, store)
    drive = _Drive(
        entrants=tuple(_entrant(candidate_id, text) for candidate_id, text in plan.texts.items()),
        tasks=deque(_tasks(missing, cases, time_limit_s)),
        stop=stop,
        left=Counter({problem_id: len(runs) for problem_id, runs in missing.items()}),
        num_problems=len(plan.runs),
        num_runs=plan.num_runs,
    )
    report(drive.snapshot())
    if not drive.tasks:
        return drive.snapshot()
    committed = reported = time.monotonic()
    try:
        with contextlib.closing(executor.run(drive.entrants, drive.pending, len(drive.tasks))) as slices:
            for end in slices:
                if end is not None:
                    drive.take(end)
                now = time.monotonic()
                if now - committed >= BLOCK_S:
                    drive.commit(store)
                    committed = now
                if now - reported >= REPORT_S and drive.left.total():
                    report(drive.snapshot())
                    reported = now
    finally:
        drive.commit(store)
    report(drive.snapshot())
    return drive.snapshot()


def _entrant(candidate_id: str, program: str) -> Entrant:
    """A program as an executor knows it; it is nobody's optimizer, and applies to every problem."""
    return Entrant(
        candidate_id=candidate_id,
        optimizer="",
        family="baseline",
        settings={},
        program=program,
        limits=Limits(takes_constraints=True),
    )


def _tasks(missing: Mapping[str, list[Run]], cases: Mapping[str, Case], time_limit_s: float) -> list[Task]:
    return [
        Task(
            index=index,
            problem=cases[problem_id].spec,
            policy=Exhaustive(repeats=1),  # not asked: the runs are named
            time_limit_s=time_limit_s,
            runs=tuple(runs[first : first + TASK_RUNS]),
            apart=True,
        )
        for index, (problem_id, runs) in enumerate(missing.items())
        for first in range(0, len(runs), TASK_RUNS)
    ]


@dataclass(slots=True)
class _Drive:
    """What is still to do, and what was done."""

    entrants: tuple[Entrant, ...]
    tasks: deque[Task]
    stop: Callable[[], bool]
    left: Counter[str]
    """problem_id -> runs that it lacks."""
    num_problems: int
    num_runs: int
    new: list[RunRecord] = field(default_factory=list)
    """Not yet in the folder."""
    by_status: Counter[RunStatus] = field(default_factory=Counter)
    evaluations: int = 0
    began: float = field(default_factory=time.monotonic)
    began_work: float | None = None

    def pending(self) -> Task | None:
        self.began_work = self.began_work or time.monotonic()
        return None if self.stop() or not self.tasks else self.tasks.popleft()

    def take(self, end: Slice) -> None:
        """Keeps what a slice gave; the rest of its task comes next."""
        task, result = end.task, end.result
        if isinstance(result, Lost):
            task, record = after_loss(task, result, self.entrants)
            self._keep([record] if record else [])
            finished = not runs_wanted(task, self.entrants)
        else:
            self._keep(result.records)
            task, finished = after_progress(task, result), result.finished
        if not finished:
            self.tasks.appendleft(task)

    def commit(self, store: Store) -> None:
        if self.new:
            store.commit(Block(records=self.new))
            self.new = []

    def _keep(self, records: Sequence[RunRecord]) -> None:
        for record in records:
            self.new.append(record)
            self.by_status[record.status] += 1
            self.evaluations += record.evaluations
            self.left[record.problem_id] -= 1

    def snapshot(self) -> Snapshot:
        now, new = time.monotonic(), self.by_status.total()
        to_go = sum(self.left.values())
        rate = new / max(now - self.began_work, 1e-9) if new and self.began_work else 0.0
        unfinished = sum(count > 0 for count in self.left.values())
        return Snapshot(
            problems_done=self.num_problems - unfinished,
            problems_total=self.num_problems,
            runs_done=self.num_runs - to_go,
            runs_total=self.num_runs,
            new_runs=new,
            new_evaluations=self.evaluations,
            elapsed_s=now - self.began,
            runs_per_s=rate,
            left_s=to_go / rate if rate else None,
            problems_unbegun=unfinished,
            spent={},
        )
