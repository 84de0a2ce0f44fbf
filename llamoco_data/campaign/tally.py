"""Counts what a drive has done on a campaign's problems, and estimates what is left."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from llamoco_data.campaign.costs import Cost
from llamoco_data.drive import DriveProgress, Pace, Spent
from llamoco_data.racing import Policy, most_runs
from llamoco_data.runs import RunRecord


@dataclass(slots=True)
class Tally:
    """The counts of one call of `run_campaign`."""

    policy: Policy
    problems_total: int
    problems_open: int
    """Problems without all their runs."""
    problems_unbegun: int
    """Open problems that this call has not worked on."""
    runs_before: int
    optimizer_of: Mapping[str, str]
    """candidate_id -> its optimizer."""
    spent: dict[str, Spent] = field(default_factory=dict)
    """Optimizer -> what this call has spent on it."""
    need_by_index: dict[int, int] = field(default_factory=dict)
    """Index of a problem that has been begun -> runs that it needs, or needed, from this call."""
    need: int = 0
    """Sum of `need_by_index`."""
    made_by_index: Counter[int] = field(default_factory=Counter)
    cpu_s_by_index: defaultdict[int, float] = field(default_factory=lambda: defaultdict(float))
    longest_s_by_index: defaultdict[int, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, index: int, record: RunRecord) -> None:
        self.spent.setdefault(self.optimizer_of[record.candidate_id], Spent()).add(record)
        self.made_by_index[index] += 1
        self.cpu_s_by_index[index] += record.cpu_s
        self.longest_s_by_index[index] = max(self.longest_s_by_index[index], record.cpu_s)

    def expect(self, index: int, num_runs: int, num_before: int) -> None:
        """Notes, at a problem's first slice, about how many runs it has in the end and how many it had before."""
        if index not in self.need_by_index:
            self._needs(index, max(num_runs - num_before, self.made_by_index[index]))

    def finish(self, index: int) -> None:
        self.problems_open -= 1
        self._needs(index, self.made_by_index[index])

    def left(self, index: int) -> Cost | None:
        """What a problem still needs, by its runs of this call; None before the first."""
        made = self.made_by_index[index]
        if not made:
            return None
        left = max(self.need_by_index.get(index, 0) - made, 1)
        mean_s, longest_s = self.cpu_s_by_index[index] / made, self.longest_s_by_index[index]
        return Cost(left * mean_s, left * mean_s + min(left, self.policy.repeats) * longest_s)

    def _needs(self, index: int, num_runs: int) -> None:
        if index not in self.need_by_index:
            self.problems_unbegun -= 1
        self.need += num_runs - self.need_by_index.get(index, 0)
        self.need_by_index[index] = num_runs

    def progress(self, pace: Pace) -> DriveProgress:
        """How far the campaign is."""
        return pace.progress(
            problems_done=self.problems_total - self.problems_open,
            problems_total=self.problems_total,
            problems_unbegun=self.problems_unbegun,
            runs_done=self.runs_before + pace.new_runs,
            runs_left=self._runs_left(pace.new_runs),
            spent={name: replace(spent, runs=spent.runs.copy()) for name, spent in self.spent.items()},
        )

    def _runs_left(self, new: int) -> int:
        begun = len(self.need_by_index)
        each = self.need / begun if begun else most_runs(self.policy, len(self.optimizer_of))
        return max(self.need - new, 0) + round(each * self.problems_unbegun)
