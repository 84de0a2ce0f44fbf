"""Counts what a running campaign has done, and estimates what is left."""

import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from llamoco_data.campaign.costs import Cost
from llamoco_data.execution import Progress, Task
from llamoco_data.racing import most_runs
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
    problems_unbegun: int
    """Problems that lack runs and that this call has not worked on: the queue."""
    spent: Mapping[str, Spent]
    """What this call spent, by optimizer."""


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
    optimizer_of: Mapping[str, str]
    """By candidate_id."""
    spent: dict[str, Spent] = field(default_factory=dict)
    """By optimizer."""
    need_by_index: dict[int, int] = field(default_factory=dict)
    """Runs of this call that a problem needs, or needed, for each problem that has been begun."""
    need: int = 0
    """Their sum."""
    made_by_index: Counter[int] = field(default_factory=Counter)
    cpu_s_by_index: defaultdict[int, float] = field(default_factory=lambda: defaultdict(float))
    longest_s_by_index: defaultdict[int, float] = field(default_factory=lambda: defaultdict(float))
    began: float = field(default_factory=time.monotonic)
    began_work: float | None = None
    """When the first worker asked for a task."""

    def ready(self) -> None:
        """A worker is free to work."""
        if self.began_work is None:
            self.began_work = time.monotonic()

    @property
    def by_status(self) -> Counter[RunStatus]:
        """Runs of this call."""
        return sum((spent.runs for spent in self.spent.values()), Counter[RunStatus]())

    def add(self, index: int, record: RunRecord) -> None:
        self.spent.setdefault(self.optimizer_of[record.candidate_id], Spent()).add(record)
        self.made_by_index[index] += 1
        self.cpu_s_by_index[index] += record.cpu_s
        self.longest_s_by_index[index] = max(self.longest_s_by_index[index], record.cpu_s)

    def expect(self, task: Task, progress: Progress) -> None:
        """Learns from a problem's first slice how many runs it needs."""
        most = most_runs(task.policy, progress.num_applicable) - len(task.records)
        if task.index not in self.need_by_index:
            self._needs(task.index, max(most, len(progress.records)))

    def finish(self, index: int) -> None:
        self.problems_open -= 1
        self._needs(index, self.made_by_index[index])

    def left(self, task: Task) -> Cost | None:
        """What a problem still needs, by its runs of this call; None before the first."""
        made = self.made_by_index[task.index]
        if not made:
            return None
        left = max(self.need_by_index.get(task.index, 0) - made, 1)
        mean_s, longest_s = self.cpu_s_by_index[task.index] / made, self.longest_s_by_index[task.index]
        return Cost(left * mean_s, left * mean_s + min(left, task.policy.repeats) * longest_s)

    def _needs(self, index: int, num_runs: int) -> None:
        if index not in self.need_by_index:
            self.problems_unbegun -= 1
        self.need += num_runs - self.need_by_index.get(index, 0)
        self.need_by_index[index] = num_runs

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
            new_evaluations=sum(spent.evaluations for spent in self.spent.values()),
            elapsed_s=now - self.began,
            runs_per_s=rate,
            left_s=left / rate if rate else None,
            problems_unbegun=self.problems_unbegun,
            spent={name: replace(spent, runs=spent.runs.copy()) for name, spent in self.spent.items()},
        )

    def _runs_left(self, new: int) -> int:
        begun = len(self.need_by_index)
        each = self.need / begun if begun else self.most_runs_each
        return max(self.need - new, 0) + round(each * self.problems_unbegun)
