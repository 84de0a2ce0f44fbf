"""The total order of candidates on one problem, over any set of runs: of races, and of equals in verdicts.

The order: share of feasible runs, then median violation, then median final error (errors within the tolerance are
equal), then median evaluations to the target. Medians are upper medians: of two middle runs the worse.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from llamoco_data.problems.spec import TARGET_ERROR
from llamoco_data.runs import MEASURED, RunRecord


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What errors on a problem are measured from."""

    best_known: float | None
    """The proven minimum, or the best feasible objective of any run; None where no run was feasible."""
    proven: bool
    tolerance: float
    """Errors of at most this are equal: a smaller gain is below the target's precision, or slack can buy it."""


@dataclass(frozen=True, slots=True)
class Results:
    """The results of candidates with equally many runs on one problem.

    Arrays have the shape (candidates, runs), in the order of the seeds. All values of a failed run are infinite, and so
    is the error of an infeasible one.
    """

    positions: list[int]
    """Positions of the candidates in the sequence that was given to `results_of`."""
    violation: NDArray[np.float64]
    error: NDArray[np.float64]
    hit: NDArray[np.float64]
    """Evaluations until the error was within the tolerance."""


def yardstick(records: Sequence[RunRecord]) -> Yardstick:
    """The yardstick of a problem, by its runs (at least one)."""
    optimum = records[0].optimum
    if optimum is not None:
        return yardstick_from(optimum, proven=True)
    feasible = [
        (r.best_f, r.slack_worth) for r in records if r.status in MEASURED and r.violation == 0 and r.best_f is not None
    ]
    priced = [(best_f, -worth) for best_f, worth in feasible if worth is not None]
    slack_worth = -min(priced)[1] if priced else 0.0
    return yardstick_from(min((f for f, _ in feasible), default=None), proven=False, slack_worth=slack_worth)


def yardstick_from(best_known: float | None, *, proven: bool, slack_worth: float = 0.0) -> Yardstick:
    """The yardstick of a problem whose best known value is known already.

    Args:
        slack_worth: what the tolerance of the equalities is worth at the best known point, in units of the objective.
    """
    relative_to = 1.0 if proven else max(1.0, abs(best_known or 0.0))
    return Yardstick(best_known, proven=proven, tolerance=max(TARGET_ERROR * relative_to, slack_worth))


def results_of(runs: Sequence[Sequence[RunRecord]], measured_by: Yardstick) -> list[Results]:
    """The results of candidates, grouped by their numbers of runs.

    Args:
        runs: the runs of each candidate, at least one for each.
    """
    by_count: dict[int, list[int]] = {}
    for position, records in enumerate(runs):
        by_count.setdefault(len(records), []).append(position)
    results: list[Results] = []
    for positions in by_count.values():
        by_seed = (sorted(runs[position], key=lambda run: run.seed) for position in positions)
        table_CRV = np.array([[_row(run, measured_by) for run in records] for records in by_seed])
        results.append(Results(positions, *np.ascontiguousarray(np.moveaxis(table_CRV, -1, 0))))
    return results


def keys(violation: NDArray[np.float64], error: NDArray[np.float64], hit: NDArray[np.float64]) -> NDArray[np.float64]:
    """The order's four criteria over the last axis (runs), most important first; smaller is better."""
    infeasible = np.count_nonzero(violation > 0, axis=-1) / violation.shape[-1]
    return np.array([infeasible, *(upper_median(values) for values in (violation, error, hit))])


def keys_of(results: Sequence[Results]) -> NDArray[np.float64]:
    """The criteria of all candidates, of shape (candidates, 4)."""
    keys_CK = np.empty((sum(len(result.positions) for result in results), 4))
    for result in results:
        keys_CK[result.positions] = keys(result.violation, result.error, result.hit).T
    return keys_CK


def ranking(keys_CK: NDArray[np.float64]) -> list[int]:
    """Positions of the candidates, best first; equals keep their order."""
    return np.lexsort(keys_CK.T[::-1]).tolist()


def upper_median(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The median over the last axis; of two middle values the larger, so that infinities need no mean."""
    return np.sort(values, axis=-1)[..., values.shape[-1] // 2]


def _row(run: RunRecord, measured_by: Yardstick) -> tuple[float, float, float]:
    """Violation, error and evaluations to the target of one run."""
    if run.status not in MEASURED or run.best_f is None or run.violation is None:
        return np.inf, np.inf, np.inf
    if run.violation > 0 or measured_by.best_known is None:
        return run.violation, np.inf, np.inf
    error = max(run.best_f - measured_by.best_known, measured_by.tolerance)
    return 0.0, error, _hit(run, measured_by.best_known + measured_by.tolerance)


def _hit(run: RunRecord, target: float) -> float:
    """Evaluations until the target: exact where the optimum is proven, else the checkpoint that first shows it."""
    if run.optimum is not None:
        return float(run.evaluations_to_target or np.inf)
    return next((float(n) for n, f, violation in run.trace if violation == 0 and f <= target), np.inf)
