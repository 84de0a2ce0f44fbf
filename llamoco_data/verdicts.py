"""From the runs of a problem to its winner: the best mean score, a confidence over all that ran, and the near-ties.

Candidates are ordered by mean score. Some runs at the mean of all candidates are added to the runs of each, so that few
runs are believed less than many: a race gave one run to most. Equals are in the order of `ordering`, then in that of
the catalogue.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from llamoco_data.confidence import believed
from llamoco_data.identity import LlamocoError, Record
from llamoco_data.ordering import Results, Yardstick, keys_of, results_of, upper_median, yardstick
from llamoco_data.portfolio import BASELINE, portfolio
from llamoco_data.runs import MEASURED, RunRecord

NEAR_TIE = 0.1
"""Least probability with which a near-tie is at least as good as the winner."""

PRIOR_RUNS = 2
"""Runs at the mean of all candidates that are added to the runs of each (decision 0029)."""

_MOST_TOLERANCES = 1e300
"""Largest floor, in tolerances: objectives that return the largest number for a bad point have larger ones."""

KeptOutReason = Literal["trivial", "unsolved", "no better than random search", "unsure at a smaller budget"]


class Standing(Record):
    """How one candidate did on one problem. Medians are over its runs; a failed run counts as the worst."""

    candidate_id: str
    runs: int = Field(ge=1)
    failures: int = Field(ge=0)
    """Runs without a result."""
    feasible_share: float = Field(ge=0, le=1)
    median_violation: float | None
    """Median violation of the best points; None where half of the runs or more failed."""
    median_error: float | None
    """Median final objective above the best known value, at least the tolerance; None if that run is infeasible."""
    evaluations_to_target: float | None
    """Median evaluations until the error was within the tolerance; None where the median run did not get there."""
    score: float = Field(ge=0, le=1)
    """Mean over the runs of how far they came, on a log scale, from random search (0) to the tolerance (1)."""
    win_share: float = Field(ge=0, le=1)
    """The confidence, for the winner; for another, how likely it is the better label, as a part of what is left."""


class Verdict(Record):
    """Who won a problem, and how sure that is."""

    problem_id: str
    max_evaluations: int
    winner: str
    """candidate_id; also the first of the standings."""
    confidence: float = Field(ge=0, le=1)
    """Probability that the winner is that of very many seeds for every candidate, or within 0.02 of its score."""
    near_ties: tuple[str, ...]
    """candidate_ids at least as good as the winner with a probability of a tenth or more, best first."""
    best_known: float | None
    """The proven minimum, or the best feasible objective of any run; None where no run was feasible."""
    best_known_proven: bool
    tolerance: float
    """Errors of at most this are equal."""
    kept_out: KeptOutReason | None
    """Why the problem is kept out, if it is: every candidate solves it, none finds a feasible point, none beats random
    search, or the traces tell too little about a smaller budget."""
    standings: tuple[Standing, ...]
    """Every candidate that was run, best first."""


@dataclass(frozen=True, slots=True)
class Contest:
    """All runs of one problem, measured by one yardstick: what a winner is chosen from."""

    problem_id: str
    max_evaluations: int
    candidates: Sequence[str]
    """candidate_ids in catalogue order, which the other fields refer to by position."""
    runs: Sequence[Sequence[RunRecord]]
    """Runs of each candidate."""
    measured_by: Yardstick
    results: Sequence[Results]
    keys: NDArray[np.float64]
    """The order's criteria, of shape (candidates, 4)."""
    scores: Mapping[int, NDArray[np.float64]]
    """Position -> score of each run, in the order of the seeds."""
    baseline: str
    """candidate_id of random search."""


def contest(
    records: Sequence[RunRecord], *, order: Sequence[str] | None = None, baseline: str | None = None
) -> Contest:
    """The runs of one problem, measured; see `judge`.

    Raises:
        LlamocoError: see `judge`.
    """
    ran = [record for record in records if record.status != "declined"]
    if not ran:
        raise LlamocoError("there is no run to judge: every candidate declined, or no record was given")
    if len({(record.problem_id, record.max_evaluations) for record in ran}) > 1:
        raise LlamocoError("judge takes the records of one problem at one budget; group them by problem_id first")
    baseline = portfolio((BASELINE,))[0].candidate_id if baseline is None else baseline
    order = [candidate.candidate_id for candidate in portfolio()] if order is None else order
    measured_by = yardstick(ran)
    by_candidate: dict[str, list[RunRecord]] = {}
    for record in ran:
        by_candidate.setdefault(record.candidate_id, []).append(record)
    candidates = _in_catalogue_order(by_candidate, order)
    runs = [by_candidate[candidate] for candidate in candidates]
    results = results_of(runs, measured_by)
    keys_CK = keys_of(results)
    floor = _floor_error(by_candidate.get(baseline, []), keys_CK[:, 2].tolist(), measured_by)
    return Contest(
        problem_id=ran[0].problem_id,
        max_evaluations=ran[0].max_evaluations,
        candidates=candidates,
        runs=runs,
        measured_by=measured_by,
        results=results,
        keys=keys_CK,
        scores=_scores(results, floor, measured_by.tolerance),
        baseline=baseline,
    )


def judge(records: Sequence[RunRecord], *, order: Sequence[str] | None = None, baseline: str | None = None) -> Verdict:
    """The verdict on one problem; the order of the records does not matter, and declined runs are passed over.

    Args:
        order: candidate ids in catalogue order, which break the last ties. Default: today's portfolio.
        baseline: candidate id of random search. Default: that of today's portfolio.

    Raises:
        LlamocoError: no run to judge, or runs of several problems or budgets.
    """
    compared = contest(records, order=order, baseline=baseline)
    return verdict_on(compared, ranked_by_score(compared, PRIOR_RUNS))


def ranked_by_score(compared: Contest, added: int) -> list[int]:
    """Positions of the candidates, best first.

    Those that never scored come last, and tell nothing of what a run may score.

    Args:
        added: number of runs at the mean of all candidates that are added to the runs of each.
    """
    means_C = np.array([compared.scores[c].mean() for c in range(len(compared.candidates))])
    counts_C = np.array([len(runs) for runs in compared.runs])
    scored_C = means_C > 0
    middle = means_C[scored_C].mean() if scored_C.any() else 0.0
    shrunk_C = np.where(scored_C, (counts_C * means_C + added * middle) / (counts_C + added), 0.0)
    return np.lexsort((*compared.keys.T[::-1], -shrunk_C.round(12))).tolist()  # sums of equals differ in a last digit


def verdict_on(compared: Contest, ranked: Sequence[int]) -> Verdict:
    """The verdict on a contest whose candidates are ranked.

    Args:
        ranked: positions of the candidates, best first.
    """
    scores = [compared.scores[c] for c in range(len(compared.candidates))]
    belief = believed(scores, ranked[0], proven=compared.measured_by.proven)
    standings = tuple(_standing(compared, c, float(belief.share[c])) for c in ranked)
    return Verdict(
        problem_id=compared.problem_id,
        max_evaluations=compared.max_evaluations,
        winner=standings[0].candidate_id,
        confidence=belief.confidence,
        near_ties=tuple(compared.candidates[c] for c in ranked[1:] if belief.as_good[c] >= NEAR_TIE),
        best_known=compared.measured_by.best_known,
        best_known_proven=compared.measured_by.proven,
        tolerance=compared.measured_by.tolerance,
        kept_out=_kept_out(standings, compared.baseline, compared.measured_by.tolerance),
        standings=standings,
    )


def _in_catalogue_order(candidates: Iterable[str], order: Sequence[str]) -> list[str]:
    rank = {candidate: position for position, candidate in enumerate(order)}
    return sorted(candidates, key=lambda candidate: (rank.get(candidate, len(rank)), candidate))


def floor_from(baseline: Sequence[RunRecord], measured_by: Yardstick) -> float | None:
    """The error of random search, or, where that found nothing feasible, of its first random point, feasible or not.

    None without a run of random search, or without a best known value.
    """
    if not baseline:
        return None
    (result,) = results_of([baseline], measured_by)
    error = upper_median(result.error).item()
    if isfinite(error):
        return error
    if measured_by.best_known is None:
        return None
    first = np.array([abs(run.trace[0][1] - measured_by.best_known) for run in baseline if run.trace])
    return max(float(upper_median(first)) if len(first) else 0.0, 10 * measured_by.tolerance)


def run_scores(error: NDArray[np.float64], floor: float, tolerance: float) -> NDArray[np.float64]:
    """How far each run came, on a log scale, from the floor (0) to the tolerance (1); 0 where the error is infinite.

    Args:
        error: of any shape, at least the tolerance.
        floor: the error that scores 0.
    """
    if floor <= tolerance:
        return (error <= tolerance).astype(np.float64)
    floor = min(floor, _MOST_TOLERANCES * tolerance)
    with np.errstate(divide="ignore"):
        scores = np.log(floor / error) / np.log(floor / tolerance)  # an infinite error gives -inf, cut to 0
    return np.clip(scores, 0.0, 1.0)


def _floor_error(baseline: Sequence[RunRecord], errors: Sequence[float], measured_by: Yardstick) -> float:
    """The error of random search, or else ten times the largest finite median error.

    Args:
        baseline: the runs of random search.
        errors: median errors of all candidates.
    """
    floor = floor_from(baseline, measured_by)
    if floor is not None:
        return floor
    return 10 * max((error for error in errors if isfinite(error)), default=measured_by.tolerance)


def _standing(compared: Contest, c: int, win_share: float) -> Standing:
    infeasible, violation, error, hit = compared.keys[c].tolist()
    return Standing(
        candidate_id=compared.candidates[c],
        runs=len(compared.runs[c]),
        failures=sum(run.status not in MEASURED for run in compared.runs[c]),
        feasible_share=1 - infeasible,
        median_violation=violation if isfinite(violation) else None,
        median_error=error if isfinite(error) else None,
        evaluations_to_target=hit if isfinite(hit) else None,
        score=float(compared.scores[c].mean()),
        win_share=win_share,
    )


def _scores(results: Sequence[Results], floor: float, tolerance: float) -> dict[int, NDArray[np.float64]]:
    """Position -> score of each run."""
    scores: dict[int, NDArray[np.float64]] = {}
    for result in results:
        scores |= zip(result.positions, run_scores(result.error, floor, tolerance), strict=True)
    return scores


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
