# pyright: reportUnknownMemberType=false
"""Metrics of a campaign for Prometheus, exported by every node of a Ray cluster; they decide nothing.

Ray writes `ray_` before each name. Counters begin at 0 with each driver, as Prometheus expects.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import ray
from ray.util.metrics import Counter, Gauge

from llamoco_data.drive import DriveProgress

COUNTERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "llamoco_runs": ("Runs that ended, by how they ended", ("campaign", "optimizer", "status")),
    "llamoco_evaluations": ("Evaluations of problems", ("campaign", "optimizer")),
    "llamoco_run_seconds": ("Processor time of runs, in seconds", ("campaign", "optimizer")),
}
"""Name of a counter -> what it counts, and its labels. Prometheus adds `_total` to each name."""
PROBLEMS = "llamoco_problems"
PROBLEM_LABELS = ("campaign", "state")


@dataclass(slots=True)
class _Counted:
    """A counter that is set by its totals."""

    counter: Counter
    told: dict[tuple[str, ...], float] = field(default_factory=dict)
    """Values of the labels -> total so far."""

    def reach(self, total: float, labels: Mapping[str, str]) -> None:
        key = tuple(labels.values())
        more = total - self.told.get(key, 0.0)
        if more > 0:
            self.counter.inc(more, dict(labels))
            self.told[key] = total


@dataclass(slots=True)
class _Instruments:
    """The counters and the gauge, which can be made only while this process is connected to Ray."""

    counted: Mapping[str, _Counted]
    problems: Gauge


@dataclass(slots=True)
class RayMetrics:
    """Turns the progress of one call of `run_campaign` into metrics of the Ray that this process is connected to."""

    campaign: str
    """Label of every metric."""
    _made: _Instruments | None = None

    def publish(self, progress: DriveProgress) -> None:
        """Publishes what is new; does nothing while this process is not connected to Ray."""
        if not ray.is_initialized():
            return
        instruments = self._made = self._made or _instruments()
        for optimizer, spent in progress.spent.items():
            labels = {"campaign": self.campaign, "optimizer": optimizer}
            for status, runs in spent.runs.items():
                instruments.counted["llamoco_runs"].reach(runs, {**labels, "status": status})
            instruments.counted["llamoco_evaluations"].reach(spent.evaluations, labels)
            instruments.counted["llamoco_run_seconds"].reach(spent.cpu_s, labels)
        done, waiting = progress.problems_done, progress.problems_unbegun
        begun = progress.problems_total - done - waiting
        for state, number in (("done", done), ("begun", begun), ("waiting", waiting)):
            instruments.problems.set(number, {"campaign": self.campaign, "state": state})


def _instruments() -> _Instruments:
    counted = {name: _Counted(Counter(name, about, labels)) for name, (about, labels) in COUNTERS.items()}
    return _Instruments(counted, Gauge(PROBLEMS, "Problems of the campaign, by how far they are", PROBLEM_LABELS))
