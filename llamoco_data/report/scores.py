"""The worth of choosing: the virtual best beside the single best solver, every optimizer, and portfolios without one.

All scores are those of the verdicts; nothing is judged anew without an optimizer.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from llamoco_data.export.making import has_rival
from llamoco_data.portfolio import OptimizerFamily
from llamoco_data.portfolio.stored_candidates import StoredCandidate
from llamoco_data.report.winners import families_of
from llamoco_data.scoring import intervals
from llamoco_data.verdicts import Standing, Verdict


@dataclass(frozen=True, slots=True)
class Gap:
    """Mean scores of the virtual best and of the single best solver over the same problems."""

    candidate_id: str
    """candidate_id of the single best solver."""
    num_run: int
    """Number of problems that the single best solver was run on; it scores 0 on the others."""
    virtual_best: float
    single_best: float
    interval: tuple[float, float] | None
    """Middle 95 % of the difference over resamples of the problems; None for a single problem."""

    @property
    def difference(self) -> float:
        return self.virtual_best - self.single_best


@dataclass(frozen=True, slots=True)
class Reach:
    """The scores of one optimizer: means over the problems that its best candidate was run on."""

    optimizer: str
    family: OptimizerFamily
    candidate_id: str
    """candidate_id of its best candidate, the one with the largest sum of scores over all problems."""
    num_problems: int
    """Number of problems that the best candidate was run on."""
    score: float
    """Mean score of the best candidate."""
    virtual_best: float
    """Mean score of the winners of these problems."""

    @property
    def gap(self) -> float:
        return self.virtual_best - self.score


@dataclass(frozen=True, slots=True)
class Contribution:
    """The loss of the portfolio without one optimizer."""

    optimizer: str
    family: OptimizerFamily
    drop: float
    """Drop of the virtual best's mean score if each win goes to the next candidate of another optimizer."""
    sole_wins: int
    """Number of problems that it wins without a near-tie of another optimizer."""


def gap_of(verdicts: Sequence[Verdict], single_best: str, functions: Sequence[str] = ()) -> Gap:
    """The distance between the virtual best and a single best solver, with a bootstrap interval over problems.

    Args:
        verdicts: at least one.
        single_best: candidate_id of the solver, which scores 0 where it was not run.
        functions: what each problem has in common with others, which are drawn together. Default: nothing.
    """
    shares_BN = intervals.resampled([verdict.problem_id for verdict in verdicts], functions)
    best_N = np.array([verdict.standings[0].score for verdict in verdicts])
    single_N = np.array([_score(verdict, single_best) for verdict in verdicts])
    return Gap(
        candidate_id=single_best,
        num_run=sum(any(s.candidate_id == single_best for s in verdict.standings) for verdict in verdicts),
        virtual_best=float(best_N.mean()),
        single_best=float(single_N.mean()),
        interval=intervals.mean_interval(best_N - single_N, shares_BN),
    )


def reaches(verdicts: Sequence[Verdict], candidates: Mapping[str, StoredCandidate]) -> tuple[Reach, ...]:
    """The reach of every optimizer that was run, smallest gap first."""
    sums: dict[str, float] = defaultdict(float)
    for verdict in verdicts:
        for standing in verdict.standings:
            sums[standing.candidate_id] += standing.score
    best: dict[str, str] = {}
    for candidate in candidates:
        optimizer = candidates[candidate].optimizer
        if candidate in sums and (optimizer not in best or sums[candidate] > sums[best[optimizer]]):
            best[optimizer] = candidate
    rows = (_reach(candidate, verdicts, candidates) for candidate in best.values())
    return tuple(sorted(rows, key=lambda row: row.gap))


def _reach(candidate: str, verdicts: Sequence[Verdict], candidates: Mapping[str, StoredCandidate]) -> Reach:
    stored = candidates[candidate]
    where = [verdict for verdict in verdicts if any(s.candidate_id == candidate for s in verdict.standings)]
    return Reach(
        optimizer=stored.optimizer,
        family=stored.family,
        candidate_id=candidate,
        num_problems=len(where),
        score=fmean(_score(verdict, candidate) for verdict in where),
        virtual_best=fmean(verdict.standings[0].score for verdict in where),
    )


def contributions(verdicts: Sequence[Verdict], candidates: Mapping[str, StoredCandidate]) -> tuple[Contribution, ...]:
    """The contribution of every optimizer that wins, largest first; below 0 if the next have few and better runs."""
    drops: dict[str, float] = defaultdict(float)
    sole_wins: dict[str, int] = defaultdict(int)
    for verdict in verdicts:
        optimizer = candidates[verdict.winner].optimizer
        others = (s for s in verdict.standings if candidates[s.candidate_id].optimizer != optimizer)
        heir: Standing | None = next(others, None)
        drops[optimizer] += verdict.standings[0].score - (heir.score if heir else 0.0)
        sole_wins[optimizer] += not has_rival(verdict, candidates)
    families = families_of(candidates)
    rows = [
        Contribution(optimizer, families[optimizer], drops[optimizer] / len(verdicts), sole_wins[optimizer])
        for optimizer in families
        if optimizer in drops
    ]
    return tuple(sorted(rows, key=lambda row: -row.drop))


def _score(verdict: Verdict, candidate: str) -> float:
    return next((s.score for s in verdict.standings if s.candidate_id == candidate), 0.0)
