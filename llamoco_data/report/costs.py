"""The cost of every optimizer: runs, processor time, and how its runs ended. It judges nothing."""

from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median

from llamoco_data.portfolio import OptimizerFamily
from llamoco_data.runs import RunRecord, RunStatus


@dataclass(frozen=True, slots=True)
class OptimizerCost:
    """Costs of one optimizer over all its runs except declined ones, including runs of unfinished problems."""

    optimizer: str
    family: OptimizerFamily
    runs: int
    evaluations: int
    core_hours: float
    median_us: float | None
    """Median over runs of the processor microseconds per evaluation, objective included; None without evaluations."""
    odd_endings: Mapping[RunStatus, int]
    """Number of runs of each status except `completed`."""


@dataclass(slots=True)
class _Sums:
    statuses: Counter[RunStatus] = field(default_factory=Counter)
    evaluations: int = 0
    cpu_s: float = 0.0
    each_us: "array[float]" = field(default_factory=lambda: array("d"))


@dataclass(slots=True)
class CostTally:
    """Sums over runs that are added one by one, so that a campaign's records need not fit in memory together."""

    families: Mapping[str, OptimizerFamily]
    """Family of every optimizer; ties in cost keep this order."""
    _sums: dict[str, _Sums] = field(default_factory=dict)

    def add(self, optimizer: str, run: RunRecord) -> None:
        """Counts a run, unless the optimizer declined the problem."""
        if run.status == "declined":
            return
        sums = self._sums.setdefault(optimizer, _Sums())
        sums.statuses[run.status] += 1
        sums.evaluations += run.evaluations
        sums.cpu_s += run.cpu_s
        if run.evaluations:
            sums.each_us.append(1e6 * run.cpu_s / run.evaluations)

    def costs(self) -> tuple[OptimizerCost, ...]:
        """The costs of every optimizer that was run, most processor time first."""
        rows = [_cost(name, family, self._sums[name]) for name, family in self.families.items() if name in self._sums]
        return tuple(sorted(rows, key=lambda row: -row.core_hours))


def _cost(optimizer: str, family: OptimizerFamily, sums: _Sums) -> OptimizerCost:
    return OptimizerCost(
        optimizer=optimizer,
        family=family,
        runs=sums.statuses.total(),
        evaluations=sums.evaluations,
        core_hours=sums.cpu_s / 3600,
        median_us=median(sums.each_us) if sums.each_us else None,
        odd_endings={status: n for status, n in sorted(sums.statuses.items()) if status != "completed"},
    )
