"""Judges every complete problem of a campaign folder, and chooses the single best solver by the training problems."""

import zlib
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from llamoco_data.budgets import at_budget, shorter_budget
from llamoco_data.campaign import CampaignReader, CampaignSpec, ProblemRuns
from llamoco_data.export.crew import Crew, chunks_of
from llamoco_data.export.making import replay_of
from llamoco_data.export.totals import Totals
from llamoco_data.identity import Record
from llamoco_data.instruction_set import Split, split_of
from llamoco_data.portfolio import BASELINE
from llamoco_data.portfolio.stored_candidates import StoredCandidate
from llamoco_data.problems.own_spec import AnySpec
from llamoco_data.runs import RunRecord
from llamoco_data.shrunk_verdicts import judge_shrunk
from llamoco_data.verdicts import Verdict, judge

RESTATED = 100
"""Most problems of split `test_style`."""

Kept = TypeVar("Kept", bound=Record)


@dataclass(frozen=True, slots=True)
class BudgetedProblem:
    """A problem at its own budget or at a smaller one, with the runs that are known of it there."""

    spec: AnySpec
    records: Sequence[RunRecord]
    split: Split
    """The split of the problem at its own budget, so that a function is on one side whatever the budget."""
    is_shorter: bool = False
    """Whether the runs were made at a larger budget."""
    informed: bool = False
    """Whether optimizers may be missing that apply; see `ProblemRuns`."""


@dataclass(frozen=True, slots=True)
class Packed(Mapping[str, Kept]):
    """Records by problem_id, in the order in which they came, compressed because a verdict takes 100 kB of memory."""

    kind: type[Kept]
    packed: dict[str, bytes] = field(default_factory=dict)

    @override
    def __getitem__(self, problem_id: str) -> Kept:
        return unpacked(self.kind, self.packed[problem_id])

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self.packed)

    @override
    def __len__(self) -> int:
        return len(self.packed)


def packed(record: Record) -> bytes:
    return zlib.compress(record.model_dump_json().encode(), 1)


def unpacked(kind: type[Kept], data: bytes) -> Kept:
    return kind.from_json(zlib.decompress(data))


@dataclass(frozen=True, slots=True)
class Judgements:
    """Verdicts by problem_id, in the order of the problems' indices, smaller budgets after the problem's own."""

    verdicts: Packed[Verdict]
    """Verdicts on the budgeted problems that are worth teaching."""
    replays: Packed[RunRecord]
    """Winners' runs, without traces, that the rows of these problems tell how to repeat."""
    splits: Mapping[str, Split]
    """Splits of these problems."""
    taught: Mapping[int, Sequence[str]]
    """Index of a problem -> problem_ids that are worth teaching, one for each of its budgets."""
    kept_out: Packed[Verdict]
    """Verdicts on the budgeted problems that are kept out."""
    incomplete: int
    """Number of problems that lack runs, or that no candidate applies to."""
    total_scores: Mapping[str, float]
    """candidate_id -> sum of its scores on the training problems (on all, where none is for training); catalogue order.

    A candidate that was not run on a problem scores 0 there: it did not apply, or a race did not try its settings. Of a
    campaign with informed races only the problems with whole races count, where there are any, and only candidates that
    ran wherever they apply, where there are any: that a prior expected little is no measurement. Smaller budgets do not
    count, because the runs of many candidates tell nothing of them.
    """


@dataclass(frozen=True, slots=True)
class _Judged:
    """What a process returns for a budgeted problem that it has judged."""

    problem_id: str
    split: Split
    verdict: bytes
    replay: bytes | None
    """The winner's run; None where the problem is kept out."""
    is_shorter: bool
    """Whether the budget is smaller than that of the runs."""
    scores: NDArray[np.float64]
    """Score of each candidate, in catalogue order; 0 where it was not run."""
    left_out: NDArray[np.bool_] | None
    """Whether an informed race did not run the candidate although it applies; None for other races."""


def budgeted_problems(
    runs: ProblemRuns,
    candidates: Mapping[str, StoredCandidate],
    shares: Sequence[float],
    campaign: CampaignSpec,
) -> Iterator[BudgetedProblem]:
    """The problem at its own budget, then at each share of it, with the runs whose traces tell of that budget.

    Args:
        candidates: by candidate_id.
    """
    split = split_of(runs.spec, campaign.held_out_families, campaign.real_titles)
    yield BudgetedProblem(runs.spec, runs.records, split, informed=runs.informed)
    for shorter in shorter_of(runs.spec, shares):
        told = [r for r in runs.records if _tells(candidates[r.candidate_id], shorter)]
        records = [at_budget(run, shorter) for run in told]
        if records:
            yield BudgetedProblem(shorter, records, split, is_shorter=True, informed=runs.informed)


def shorter_of(spec: AnySpec, shares: Sequence[float]) -> Iterator[AnySpec]:
    """The problem at each share of its budget, except shares that come to the same budget or to too few evaluations."""
    for budget in dict.fromkeys(shorter_budget(spec.max_evaluations, share) for share in shares):
        if budget is not None:
            yield spec.with_budget(budget)


def _tells(candidate: StoredCandidate, shorter: AnySpec) -> bool:
    return not candidate.limits.follows_budget and not candidate.declines(shorter)


def baseline_of(candidates: Mapping[str, StoredCandidate]) -> str:
    """candidate_id of random search; empty where it takes no part."""
    return next((e.candidate_id for e in candidates.values() if e.optimizer == BASELINE), "")


def judge_all(crew: Crew[CampaignReader], reader: CampaignReader, shares: Sequence[float] = ()) -> Judgements:
    """The verdicts of a campaign folder, at the problems' own budgets and at shares of them.

    Raises:
        LlamocoError: the folder is damaged, or a process died.
    """
    verdicts, kept_out, replays = Packed(Verdict), Packed(Verdict), Packed(RunRecord)
    splits: dict[str, Split] = {}
    taught: dict[int, list[str]] = {}
    num_complete = 0
    totals = Totals(tuple(reader.candidates))
    indices = reader.indices()
    for chunk in crew.results(partial(_judged, tuple(shares)), chunks_of(indices, crew.size)):
        for index, budgets in chunk:
            num_complete += 1
            for budgeted in budgets:
                if budgeted.replay is None:
                    kept_out.packed[budgeted.problem_id] = budgeted.verdict
                    continue
                verdicts.packed[budgeted.problem_id] = budgeted.verdict
                replays.packed[budgeted.problem_id] = budgeted.replay
                splits[budgeted.problem_id] = budgeted.split
                taught.setdefault(index, []).append(budgeted.problem_id)
                if not budgeted.is_shorter:
                    totals.add(budgeted.scores, budgeted.left_out, is_training=budgeted.split == "train")
    return Judgements(
        verdicts=verdicts,
        replays=replays,
        splits=splits,
        taught=taught,
        kept_out=kept_out,
        incomplete=reader.spec.problems_total - num_complete,
        total_scores=totals.by_candidate(baseline_of(reader.candidates)),
    )


def _judged(shares: Sequence[float], reader: CampaignReader, indices: Sequence[int]) -> list[tuple[int, list[_Judged]]]:
    """The budgeted problems of each complete problem."""
    baseline = baseline_of(reader.candidates)
    judged: list[tuple[int, list[_Judged]]] = []
    for index in indices:
        runs = reader.runs(index)
        if runs.complete and runs.records:
            budgets = budgeted_problems(runs, reader.candidates, shares, reader.spec)
            judged.append((index, [_judge_one(budgeted, reader.candidates, baseline) for budgeted in budgets]))
    return judged


def verdict_of(budgeted: BudgetedProblem, order: Sequence[str], baseline: str) -> Verdict:
    """The verdict on a budgeted problem: a shrunk verdict where the runs were made at a larger budget.

    Args:
        order: candidate ids in catalogue order.
        baseline: candidate id of random search.
    """
    return (judge_shrunk if budgeted.is_shorter else judge)(budgeted.records, order=order, baseline=baseline)


def _judge_one(budgeted: BudgetedProblem, candidates: Mapping[str, StoredCandidate], baseline: str) -> _Judged:
    verdict = verdict_of(budgeted, list(candidates), baseline)
    is_taught = verdict.kept_out is None
    scores = {standing.candidate_id: standing.score for standing in verdict.standings}
    replay = replay_of(budgeted.records, verdict.winner).model_copy(update={"trace": ()}) if is_taught else None
    return _Judged(
        problem_id=verdict.problem_id,
        split=budgeted.split,
        verdict=packed(verdict),
        replay=packed(replay) if replay else None,
        is_shorter=budgeted.is_shorter,
        scores=np.array([scores.get(candidate_id, 0.0) for candidate_id in candidates]),
        left_out=_left_out(budgeted, candidates, scores) if budgeted.informed else None,
    )


def _left_out(
    budgeted: BudgetedProblem, candidates: Mapping[str, StoredCandidate], ran: Container[str]
) -> NDArray[np.bool_]:
    return np.array([c not in ran and not candidates[c].declines(budgeted.spec) for c in candidates])


def restated(judgements: Judgements) -> frozenset[str]:
    """problem_ids of the problems that split `test_style` states once more: the first drawn ones of the test split.

    Each is taken at the largest budget at which it is taught.
    """
    drawn = (problem_ids[0] for index, problem_ids in judgements.taught.items() if index >= 0)
    return frozenset(islice((one for one in drawn if judgements.splits[one] == "test"), RESTATED))


def single_best_solver(judgements: Judgements, baseline: str) -> str:
    """The candidate with the best mean score on the training problems, or on all where there are none for training.

    After races it is, as a rule, an optimizer with its first settings. Of equals, the first in catalogue order is
    chosen. See `Judgements.total_scores` on informed races.
    """
    totals = {candidate: total for candidate, total in judgements.total_scores.items() if candidate != baseline}
    return max(totals, key=totals.__getitem__)
