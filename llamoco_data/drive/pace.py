"""How far a drive is, and how fast: the counts of one call, and the one record that displays and metrics read."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from llamoco_data.runs import RunRecord, RunStatus

STEADY_S = 2.0
"""Seconds of work, after the first runs have come in, before the time left is estimated."""


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
    """Estimated time to the end; None while there is too little to tell it from."""
    problems_unbegun: int
    """Problems that lack runs and that this call has not worked on: the queue."""
    spent: Mapping[str, Spent]
    """Optimizer -> what this call spent on it; empty where the programs are not the portfolio's."""


@dataclass(slots=True)
class Pace:
    """What one call has made since it began."""

    by_status: Counter[RunStatus] = field(default_factory=Counter)
    """Runs of this call, by how they ended."""
    evaluations: int = 0
    clock: Callable[[], float] = time.monotonic
    """Clock in seconds, from any beginning."""
    began: float = field(init=False)
    began_work: float | None = None
    """When the first worker asked for a task."""
    steady_since: float | None = None
    """When the first runs came in; before that, workers load their libraries."""
    runs_before_steady: int = 0

    def __post_init__(self) -> None:
        self.began = self.clock()

    @property
    def new_runs(self) -> int:
        return self.by_status.total()

    def ready(self) -> None:
        """Notes that a worker has asked for a task."""
        if self.began_work is None:
            self.began_work = self.clock()

    def add(self, records: Iterable[RunRecord]) -> None:
        for record in records:
            self.by_status[record.status] += 1
            self.evaluations += record.evaluations
        if self.steady_since is None and self.new_runs:
            self.steady_since, self.runs_before_steady = self.clock(), self.new_runs

    def left_s(self, runs_left: int) -> float | None:
        """Estimated time for so many runs; None while there is too little to tell it from."""
        if self.steady_since is None:
            return None
        if not runs_left:
            return 0.0
        runs, seconds = self.new_runs - self.runs_before_steady, self.clock() - self.steady_since
        return runs_left * seconds / runs if runs and seconds >= STEADY_S else None

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
        now, new = self.clock(), self.new_runs
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
            left_s=self.left_s(runs_left),
            problems_unbegun=problems_unbegun,
            spent=spent,
        )
