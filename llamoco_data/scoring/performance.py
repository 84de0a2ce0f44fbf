"""The anytime performance of a contender on one problem, over all runs of its programs."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from llamoco_data.ordering import Yardstick
from llamoco_data.runs import RunRecord
from llamoco_data.scoring.metrics import TARGETS, Convergence, aocc, convergence, first_hit, solved, spent

_NOTHING = np.empty(0)


@dataclass(frozen=True, slots=True)
class Performance:
    """Means over runs; see the metrics for what they are."""

    aocc: float
    solved: float
    """Share of the runs that end within the tolerance."""
    spent: tuple[float, ...]
    """Mean evaluations until each target is hit or the run ends, in budgets."""
    reached: tuple[float, ...]
    """Share of the runs that hit each target."""


def curves(records: Sequence[RunRecord | None], measured_by: Yardstick, budget: int) -> list[Convergence]:
    """The convergence of each run; of none, where a program is missing, one that never finds a point."""
    nothing = Convergence(_NOTHING, _NOTHING, budget)
    return [nothing if record is None else convergence(record, measured_by) for record in records]


def performance(records: Sequence[RunRecord | None], measured_by: Yardstick, budget: int) -> Performance:
    """The performance of at least one run; None stands for one that was not made for want of a program."""
    found = curves(records, measured_by, budget)
    each = [spent([first_hit(curve, target) for curve in found], budget) for target in TARGETS]
    return Performance(
        aocc=fmean(map(aocc, found)),
        solved=fmean(map(solved, found)),
        spent=tuple(share for share, _ in each),
        reached=tuple(share for _, share in each),
    )
