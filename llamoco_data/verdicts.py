"""From the runs of a problem to its winner: one total order, a confidence from resampled seeds, and the near-ties.

The order of candidates: share of feasible runs, then median violation, then median final error (errors within the
tolerance are equal), then median evaluations to the target, then the order of the catalogue.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from llamoco_data.identity import LlamocoError, Record, stream
from llamoco_data.portfolio import BASELINE, portfolio
from llamoco_data.problems.evaluation import TARGET_ERROR
from llamoco_data.runs import MEASURED, RunRecord

RESAMPLES = 200
"""Bootstrap resamples of the seeds behind the confidence: its standard error is at most 0.035."""

NEAR_TIE_SHARE = 0.1
"""A candidate that is at least as good as the winner in this share of the resamples is a near-tie."""

KeptOutReason = Literal["trivial", "unsolved", "no better than random search"]


class Standing(Record):
    """How one candidate did on one problem. Medians over its runs; a failed run counts as the worst."""

    candidate_id: str
    runs: int = Field(ge=1)
    failures: int = Field(ge=0)
    """Runs without a result."""
    feasible_share: float = Field(ge=0, le=1)
    median_violation: float | None
    """None where half of the runs or more failed."""
    median_error: float | None
    """Final objective above the best known value, at least the tolerance; None where the median run is infeasible."""
    evaluations_to_target: float | None
    """Median evaluations until the error was within the tolerance; None where the median run never was."""
    score: float = Field(ge=0, le=1)
    """Share of the way, on a log scale, from random search's error (0) to the tolerance (1)."""
    win_share: float = Field(ge=0, le=1)
    """Share of the resamples that it wins."""


class Verdict(Record):
    """Who won a problem, and how sure that is."""

    problem_id: str
    max_evaluations: int
    winner: str
    """candidate_id; also the first of the standings."""
    confidence: float = Field(ge=0, le=1)
    """Share of the resamples of the seeds that the winner wins."""
    near_ties: tuple[str, ...]
    """candidate_ids at least as good as the winner in a tenth of the resamples or more, best first."""
    best_known: float | None
    """The proven minimum, or the best feasible objective of any run; None where no run was feasible."""
    best_known_proven: bool
    kept_out: KeptOutReason | None
    """Why it teaches nothing: everything solves it, nothing finds a feasible point, or nothing beats chance."""
    standings: tuple[Standing, ...]
    """Every candidate that was run, best first."""


@dataclass(frozen=True, slots=True)
class _Results:
    """The runs of one candidate: arrays of shape (runs,), in the order of the seeds."""

    candidate_id: str
    failures: int
    violation: NDArray[np.float64]
    error: NDArray[np.float64]
    hit: NDArray[np.float64]


def judge(records: Sequence[RunRecord], *, order: Sequence[str] | None = None, baseline: str | None = None) -> Verdict:
    """The verdict on one problem; the order of the records does not matter, and declined runs are passed over.

    Args:
        order: candidate ids in catalogue order, which break the last ties. Default: today's portfolio.
        baseline: candidate id of random search. Default: that of today's portfolio.

    Raises:
        LlamocoError: no run to judge, or runs of several problems or budgets.
    """
    ran = [record for record in records if record.status != "declined"]
    if not ran:
        raise LlamocoError("there is no run to judge: every candidate declined, or no record was given")
    if len({(record.problem_id, record.max_evaluations) for record in ran}) > 1:
        raise LlamocoError("judge takes the records of one problem at one budget; group them by problem_id first")
    baseline = portfolio((BASELINE,))[0].candidate_id if baseline is None else baseline
    order = [candidate.candidate_id for candidate in portfolio()] if order is None else order
    optimum = ran[0].optimum
    best_known = _best_known(ran, optimum)
    tolerance = TARGET_ERROR if optimum is not None else TARGET_ERROR * max(1.0, abs(best_known or 0.0))
    candidates = _in_catalogue_order({record.candidate_id for record in ran}, order)
    results = [_results(candidate, ran, best_known, tolerance) for candidate in candidates]
    keys_CK = np.array([_keys(r.violation, r.error, r.hit) for r in results])
    ranking = np.lexsort(keys_CK.T[::-1])
    winner_share_C, tie_share_C = _resample(ran[0].problem_id, results, int(ranking[0]))
    floor = _floor_error(results, baseline, tolerance)
    standings = tuple(_standing(results[c], keys_CK[c], floor, tolerance, float(winner_share_C[c])) for c in ranking)
    return Verdict(
        problem_id=ran[0].problem_id,
        max_evaluations=ran[0].max_evaluations,
        winner=standings[0].candidate_id,
        confidence=standings[0].win_share,
        near_ties=tuple(results[c].candidate_id for c in ranking[1:] if tie_share_C[c] >= NEAR_TIE_SHARE),
        best_known=best_known,
        best_known_proven=optimum is not None,
        kept_out=_kept_out(standings, baseline, tolerance),
        standings=standings,
    )


def _best_known(records: Sequence[RunRecord], optimum: float | None) -> float | None:
    if optimum is not None:
        return optimum
    feasible = [r.best_f for r in records if r.status in MEASURED and r.violation == 0 and r.best_f is not None]
    return min(feasible, default=None)


def _in_catalogue_order(candidates: set[str], order: Sequence[str]) -> list[str]:
    rank = {candidate: position for position, candidate in enumerate(order)}
    return sorted(candidates, key=lambda candidate: (rank.get(candidate, len(rank)), candidate))


def _results(candidate: str, records: Sequence[RunRecord], best_known: float | None, tolerance: float) -> _Results:
    runs = sorted((r for r in records if r.candidate_id == candidate), key=lambda r: r.seed)
    rows: list[tuple[float, float, float]] = []
    for run in runs:
        if run.status not in MEASURED or run.best_f is None or run.violation is None:
            rows.append((np.inf, np.inf, np.inf))
        elif run.violation > 0 or best_known is None:
            rows.append((run.violation, np.inf, np.inf))
        else:
            rows.append((0.0, max(run.best_f - best_known, tolerance), _hit(run, best_known + tolerance)))
    table = np.array(rows)
    failures = sum(run.status not in MEASURED for run in runs)
    return _Results(candidate, failures, table[:, 0], table[:, 1], table[:, 2])


def _hit(run: RunRecord, target: float) -> float:
    """Evaluations until the target: exact where the optimum is proven, else the checkpoint that first shows it."""
    if run.optimum is not None:
        return float(run.evaluations_to_target or np.inf)
    return next((float(n) for n, f, violation in run.trace if violation == 0 and f <= target), np.inf)


def _keys(
    violation: NDArray[np.float64], error: NDArray[np.float64], hit: NDArray[np.float64]
) -> list[NDArray[np.float64]]:
    """The order's four criteria, smaller is better, over the last axis (runs)."""
    infeasible = np.mean(violation > 0, axis=-1)
    return [infeasible, *(_median(values) for values in (violation, error, hit))]


def _median(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The upper median over the last axis: of two middle runs the worse, so that infinities need no mean."""
    return np.sort(values, axis=-1)[..., values.shape[-1] // 2]


def _resample(
    problem_id: str, results: Sequence[_Results], winner: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each candidate, the share of resamples that it wins, and in which it is at least as good as the winner.

    A candidate's resamples depend on the problem, on itself and on its number of runs alone, so that another
    candidate does not move them.
    """
    keys_KCB = np.stack([np.stack(_resampled_keys(problem_id, result)) for result in results], axis=1)
    order_CB = np.lexsort(keys_KCB[::-1], axis=0)
    sorted_KCB = np.take_along_axis(keys_KCB, order_CB[None], axis=1)
    worse_CB = np.any(sorted_KCB[:, 1:] != sorted_KCB[:, :-1], axis=0)
    ranks_CB = np.zeros_like(order_CB)
    np.put_along_axis(ranks_CB, order_CB[1:], np.cumsum(worse_CB, axis=0), axis=0)
    wins_C = np.bincount(order_CB[0], minlength=len(results))
    return wins_C / RESAMPLES, np.mean(ranks_CB <= ranks_CB[winner], axis=1)


def _resampled_keys(problem_id: str, result: _Results) -> list[NDArray[np.float64]]:
    count = len(result.error)
    picks_BR = stream("confidence", problem_id, result.candidate_id).integers(count, size=(RESAMPLES, count))
    return _keys(result.violation[picks_BR], result.error[picks_BR], result.hit[picks_BR])


def _floor_error(results: Sequence[_Results], baseline: str, tolerance: float) -> float:
    """Random search's median error; where that is infeasible, ten times the largest median error of a candidate."""
    medians = {result.candidate_id: float(_median(result.error)) for result in results}
    floor = medians.get(baseline, np.inf)
    if np.isfinite(floor):
        return floor
    return 10 * max((value for value in medians.values() if np.isfinite(value)), default=tolerance)


def _standing(
    result: _Results, keys_K: NDArray[np.float64], floor: float, tolerance: float, win_share: float
) -> Standing:
    infeasible, violation, error, hit = (float(key) for key in keys_K)
    return Standing(
        candidate_id=result.candidate_id,
        runs=len(result.error),
        failures=result.failures,
        feasible_share=1 - infeasible,
        median_violation=violation if np.isfinite(violation) else None,
        median_error=error if np.isfinite(error) else None,
        evaluations_to_target=hit if np.isfinite(hit) else None,
        score=_score(error, floor, tolerance),
        win_share=win_share,
    )


def _score(error: float, floor: float, tolerance: float) -> float:
    if not np.isfinite(error):
        return 0.0
    if error <= tolerance:
        return 1.0
    if error >= floor:
        return 0.0
    return float(np.log(floor / error) / np.log(floor / tolerance))


def _kept_out(standings: Sequence[Standing], baseline: str, tolerance: float) -> KeptOutReason | None:
    by_id = {standing.candidate_id: standing for standing in standings}
    if all(standing.median_error is None for standing in standings):
        return "unsolved"
    floor = by_id.get(baseline)
    solved = [s.median_error is not None and s.median_error <= tolerance for s in standings]
    if len(solved) > 1 and all(solved):
        return "trivial"
    if floor is not None and (standings[0].candidate_id == baseline or standings[0].score <= floor.score):
        return "no better than random search"
    if floor is not None and floor.median_error is not None and floor.median_error <= tolerance:
        return "trivial"
    return None
