"""Anytime curves of a problem: the median run of its winner, near-ties, some rivals and random search.

It chooses and aggregates; the verdict decides how errors are ordered and who wins.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from llamoco_data.portfolio.stored_candidates import StoredCandidate
from llamoco_data.problems.own_spec import AnySpec, OwnProblemSpec
from llamoco_data.runs import MEASURED, RunRecord
from llamoco_data.verdicts import Standing, Verdict

MOST_PROBLEMS = 60
"""Most problems with curves on a page; of more, an even choice is shown, so that the page stays small."""
MOST_NEAR_TIES = 3
"""Most curves of near-ties of one problem."""
MOST_CURVES = 8
"""Most curves of one problem, random search included."""

Role = Literal["winner", "near-tie", "rival", "random search"]
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """The median over seeds of the best point so far. A run that failed or has no point yet counts as the worst."""

    evaluations: int
    error: float | None
    """Objective above the best known value, at least 0; None where the median run has no feasible point yet."""
    violation: float | None
    """Mean constraint violation; 0 where the median run is feasible, None where it has no point yet."""


@dataclass(frozen=True, slots=True)
class Curve:
    """The curve of one candidate on one problem."""

    role: Role
    candidate: StoredCandidate
    standing: Standing
    points: tuple[CurvePoint, ...]


@dataclass(frozen=True, slots=True)
class ProblemCurves:
    """One problem with its verdict and its curves."""

    index: int
    spec: AnySpec
    verdict: Verdict
    curves: tuple[Curve, ...]
    """Best first; random search last, unless it is among the best."""

    @property
    def label(self) -> str:
        """The index of the problem, or the name of a user's own."""
        spec = self.spec
        return (spec.name or spec.problem_id) if isinstance(spec, OwnProblemSpec) else str(self.index)


def evenly(items: Sequence[Item], most: int) -> list[Item]:
    """At most `most` of the items, evenly spread and in their order."""
    count = min(len(items), most)
    return [items[i * len(items) // count] for i in range(count)]


def problem_curves(
    index: int, spec: AnySpec, verdict: Verdict, records: Sequence[RunRecord], candidates: Mapping[str, StoredCandidate]
) -> ProblemCurves:
    """The curves of one judged problem, from all its runs."""
    curves = [
        Curve(
            role=role,
            candidate=candidates[standing.candidate_id],
            standing=standing,
            points=median_curve([r for r in records if r.candidate_id == standing.candidate_id], verdict.best_known),
        )
        for standing, role in shown(verdict, candidates)
    ]
    return ProblemCurves(index, spec, verdict, tuple(curves))


def shown(verdict: Verdict, candidates: Mapping[str, StoredCandidate]) -> list[tuple[Standing, Role]]:
    """The winner, its first near-ties, the best candidates of the next optimizers, and random search; best first."""
    roles: dict[str, Role] = {verdict.winner: "winner"}
    roles |= dict.fromkeys(verdict.near_ties[:MOST_NEAR_TIES], "near-tie")
    seen = {candidates[candidate_id].optimizer for candidate_id in roles}
    for standing in verdict.standings:
        candidate = candidates[standing.candidate_id]
        if candidate.optimizer in seen:
            continue
        if candidate.family == "baseline":
            roles[standing.candidate_id] = "random search"
        elif sum(role != "random search" for role in roles.values()) < MOST_CURVES - 1:
            roles[standing.candidate_id] = "rival"
        seen.add(candidate.optimizer)
    return [(s, roles[s.candidate_id]) for s in verdict.standings if s.candidate_id in roles]


def median_curve(runs: Sequence[RunRecord], best_known: float | None) -> tuple[CurvePoint, ...]:
    """The upper median over the runs of one candidate, at every checkpoint of any of them."""
    checkpoints = sorted({n for run in runs for n, _, _ in run.trace})
    columns = [_at(run, checkpoints, best_known) for run in runs]
    points: list[CurvePoint] = []
    for n, row in zip(checkpoints, zip(*columns, strict=True), strict=True):
        errors, violations = ([pair[i] for pair in row] for i in range(2))
        points.append(CurvePoint(n, _median(errors), _median(violations)))
    return tuple(points)


def _at(run: RunRecord, checkpoints: Sequence[int], best_known: float | None) -> list[tuple[float, float]]:
    """Error and violation of the best point so far at each checkpoint; a run that ended keeps its best."""
    trace = iter(run.trace if run.status in MEASURED else ())
    coming = next(trace, None)
    now = (math.inf, math.inf)
    found: list[tuple[float, float]] = []
    for checkpoint in checkpoints:
        while coming is not None and coming[0] <= checkpoint:
            _, f, violation = coming
            error = math.inf if violation > 0 or best_known is None else max(f - best_known, 0.0)
            now = (error, violation)
            coming = next(trace, None)
        found.append(now)
    return found


def _median(values: Sequence[float]) -> float | None:
    median = sorted(values)[len(values) // 2]
    return median if math.isfinite(median) else None
