"""The one loop that makes runs: hand out, collect, commit, report. `Work` decides what is handed out, and when.

Only this process writes to the folder. Wherever a run is made, it is in the folder within seconds of its slice's end.
"""

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from llamoco_data.drive.lease import Hold
from llamoco_data.drive.pace import DriveProgress, Pace
from llamoco_data.execution import Executor, Lost, Program, Slice, Task, after_lost, after_progress, runs_wanted
from llamoco_data.runs import RunRecord, RunStatus
from llamoco_data.store import Block, Store

BLOCK_S = 10.0
"""Time after which a block is committed: a killed driver loses no more."""
BLOCK_RECORDS = 20_000
"""Number of runs, about 60 MB, after which a block is committed early, so that memory stays bounded."""
REPORT_S = 0.2
"""Time between two reports."""


@dataclass(frozen=True, slots=True)
class Step:
    """What came of one slice."""

    asked: Task
    """The task as it was handed out."""
    rest: Task
    """The task to go on with: the same problem, with the new runs."""
    records: Sequence[RunRecord]
    """New runs."""
    finished: bool
    """Whether nothing is left of the task."""


class Work(Protocol):
    """What a drive is to do: the open problems of a campaign, or the runs that a score lacks."""

    @property
    def programs(self) -> Sequence[Program]:
        """All programs that a task may name."""
        ...

    @property
    def width(self) -> int:
        """Tasks that can be under way at once; 0 where nothing is to be done."""
        ...

    def next(self) -> Task | None:
        """The task for a worker that is free; None while there is none."""
        ...

    def took(self, step: Step) -> None:
        """Keeps what a slice gave, and lines up the rest of its task."""
        ...

    def block(self) -> Block:
        """What has come in since the last commit."""
        ...

    def committed(self) -> None:
        """Forgets the last block, which is in the folder now."""
        ...

    def progress(self, pace: Pace) -> DriveProgress:
        """How far the work is."""
        ...


@dataclass(frozen=True, slots=True)
class Driven:
    """How a drive ended."""

    progress: DriveProgress
    by_status: Mapping[RunStatus, int]
    """New runs, by how they ended."""


def drive(
    work: Work,
    store: Store,
    executor: Executor,
    *,
    hold: Hold,
    report: Callable[[DriveProgress], None],
    stop: Callable[[], bool],
) -> Driven:
    """Makes runs until the work has none left, or `stop` says so, or the folder is taken over.

    Args:
        hold: the lease of the folder.
        report: called at the beginning, about five times a second, and at the end.
        stop: asked whenever a worker is free; once it is true no new work is handed out, running slices end within
            about two seconds and a run, and everything that was evaluated is committed.

    Raises:
        LlamocoError: the folder cannot be written or was taken over, or no worker can be started. What was evaluated
            until then is in the folder wherever it can be written.
    """
    pace = Pace()
    report(work.progress(pace))
    if work.width:
        _make(work, store, executor, pace, report, lambda: bool(hold.taken_by) or stop())
        report(work.progress(pace))
    hold.check()
    return Driven(work.progress(pace), dict(pace.by_status))


def _make(
    work: Work,
    store: Store,
    executor: Executor,
    pace: Pace,
    report: Callable[[DriveProgress], None],
    stop: Callable[[], bool],
) -> None:
    def pending() -> Task | None:
        pace.ready()
        return None if stop() else work.next()

    def commit() -> None:
        nonlocal num_waiting, committed
        store.commit(work.block())
        work.committed()
        num_waiting, committed = 0, time.monotonic()

    num_waiting = 0
    committed = reported = time.monotonic()
    try:
        with contextlib.closing(executor.run(work.programs, pending, work.width)) as slices:
            for end in slices:
                if end is not None:
                    step = _step(end, work.programs)
                    pace.add(step.records)
                    work.took(step)
                    num_waiting += len(step.records)
                if time.monotonic() - committed >= BLOCK_S or num_waiting >= BLOCK_RECORDS:
                    commit()
                if time.monotonic() - reported >= REPORT_S:
                    progress = work.progress(pace)
                    if progress.problems_done < progress.problems_total:  # the end is told once
                        report(progress)
                    reported = time.monotonic()
    finally:
        commit()


def _step(end: Slice, programs: Sequence[Program]) -> Step:
    if isinstance(end.result, Lost):
        rest, record = after_lost(end.task, end.result, programs)
        if record is None:
            return Step(end.task, rest, (), finished=False)
        return Step(end.task, rest, (record,), finished=not runs_wanted(rest, programs))
    return Step(end.task, after_progress(end.task, end.result), end.result.records, end.result.finished)
