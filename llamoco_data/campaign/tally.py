"""Counts what a running campaign has done, and estimates what is left."""

import time
from collections import Counter
from dataclasses import dataclass, field

from llamoco_data.execution import Progress, Task
from llamoco_data.racing import most_runs
from llamoco_data.runs import RunRecord, RunStatus


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Where a running campaign stands."""

    problems_done: int
    """Problems that have every run that the policy asks for, earlier sessions included."""
    problems_total: int
    runs_done: int
    """Runs in the folder and on their way into it, earlier sessions included."""
    runs_total: int
    """Estimate, which becomes exact as problems finish."""
    new_runs: int
    """Runs made by this call."""
    new_evaluations: int
    """Evaluations spent by this call."""
    elapsed_s: float
    """Since this call began."""
    runs_per_s: float
    """Since the first worker was ready; 0 before the first run."""
    left_s: float | None
    """Estimated time to the end; None before the first run."""


@dataclass(slots=True)
class Tally:
    """The counts of one call of `run_campaign`."""

    problems_total: int
    problems_open: int
    """Problems without all their runs."""
    problems_unbegun: int
    """Those of them that this call has not worked on."""
    runs_before: int
    most_runs_each: int
    """What a problem needs where every candidate applies."""
    by_status: Counter[RunStatus] = field(default_factory=Counter)
    evaluations: int = 0
    need_by_index: dict[int, int] = field(default_factory=dict)
    """Runs of this call that a problem needs, or needed, for each problem that has been begun."""
    made_by_index: Counter[int] = field(default_factory=Counter)
    began: float = field(default_factory=time.monotonic)
    began_work: float | None = None
    """When the first worker asked for a task."""

    def ready(self) -> None:
        """A worker is free to work."""
        if self.began_work is None:
            self.began_work = time.monotonic()

    def add(self, index: int, record: RunRecord) -> None:
        self.by_status[record.status] += 1
        self.evaluations += record.evaluations
        self.made_by_index[index] += 1

    def expect(self, task: Task, progress: Progress) -> None:
        """Learns from a problem's first slice how many runs it needs."""
        most = most_runs(task.policy, progress.num_applicable) - len(task.records)
        most = max(most, len(progress.records))
        if task.index not in self.need_by_index:
            self.need_by_index[task.index] = most
            self.problems_unbegun -= 1

    def finish(self, index: int) -> None:
        self.problems_open -= 1
        if index not in self.need_by_index:
            self.problems_unbegun -= 1
        self.need_by_index[index] = self.made_by_index[index]

    def snapshot(self) -> Snapshot:
        now = time.monotonic()
        new = self.by_status.total()
        rate = new / max(now - self.began_work, 1e-9) if new and self.began_work else 0.0
        left = self._runs_left(new)
        return Snapshot(
            problems_done=self.problems_total - self.problems_open,
            problems_total=self.problems_total,
            runs_done=self.runs_before + new,
            runs_total=self.runs_before + new + left,
            new_runs=new,
            new_evaluations=self.evaluations,
            elapsed_s=now - self.began,
            runs_per_s=rate,
            left_s=left / rate if rate else None,
        )

    def _runs_left(self, new: int) -> int:
        need, begun = sum(self.need_by_index.values()), len(self.need_by_index)
        each = need / begun if begun else self.most_runs_each
        return max(need - new, 0) + round(each * self.problems_unbegun)
