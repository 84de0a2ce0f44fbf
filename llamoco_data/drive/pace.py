"""How far a drive is, and how fast: the counts of one call, and the one record that displays and metrics read."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from llamoco_data.runs import RunRecord, RunStatus


@dataclass(slots=True)
class Spent:
    """What was spent on an optimizer."""

    runs: Counter[RunStatus] = field(default_factory=Counter)
    evaluations: int = 0
    cpu_s: float = 0.0
    """Processor time of its runs."""

    def add(self, record: RunRecord) -> None:
        self.runs[record.status] += 1
        self.evaluations += record.evaluations
        self.cpu_s += record.cpu_s


@dataclass(frozen=True, slots=True)
class DriveProgress:
    """How far a drive is."""

    problems_done: int
    """Problems that have all their runs, earlier calls included."""
    problems_total: int
    runs_done: int
    """Runs in the folder and on their way into it, earlier calls included."""
    runs_total: int
    """Estimate for a race, which becomes exact as problems finish."""
    new_runs: int
    """Runs made by this call."""
    new_evaluations: int
    """Evaluations spent by this call."""
    elapsed_s: float
    """Time since this call began."""
    runs_per_s: float
    """Rate since the first worker was ready; 0 before the first run."""
    left_s: float | None
    """Estimated time to the end; None before the first run."""
    problems_unbegun: int
    """Problems that lack runs and that this call has not worked on: the queue."""
    spent: Mapping[str, Spent]
    """What this call spent, by optimizer; empty where programs are nobody's optimizer."""


@dataclass(slots=True)
class Pace:
    """What one call has made since it began."""

    by_status: Counter[RunStatus] = field(default_factory=Counter)
    """Runs of this call."""
    evaluations: int = 0
    began: float = field(default_factory=time.monotonic)
    began_work: float | None = None
    """When the first worker asked for a task."""

    @property
    def new_runs(self) -> int:
        return self.by_status.total()

    def ready(self) -> None:
        """A worker is free to work."""
        if self.began_work is None:
            self.began_work = time.monotonic()

    def add(self, records: Iterable[RunRecord]) -> None:
        for record in records:
            self.by_status[record.status] += 1
            self.evaluations += record.evaluations

    def progress(
        self,
        *,
        problems_done: int,
        problems_total: int,
        problems_unbegun: int,
        runs_done: int,
        runs_left: int,
        spent: Mapping[str, Spent],
    ) -> DriveProgress:
        """How far a drive with these counts is."""
        now, new = time.monotonic(), self.new_runs
        rate = new / max(now - self.began_work, 1e-9) if new and self.began_work is not None else 0.0
        return DriveProgress(
            problems_done=problems_done,
            problems_total=problems_total,
            runs_done=runs_done,
            runs_total=runs_done + runs_left,
            new_runs=new,
            new_evaluations=self.evaluations,
            elapsed_s=now - self.began,
            runs_per_s=rate,
            left_s=runs_left / rate if rate else None,
            problems_unbegun=problems_unbegun,
            spent=spent,
        )
