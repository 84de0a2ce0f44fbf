"""Judges every complete problem of a campaign folder, and chooses the single best solver by the training problems."""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from typing_extensions import override

from llamoco_data.budgets import at_budget, shorter_budget
from llamoco_data.campaign import CampaignSpec, ProblemRuns, read_problems
from llamoco_data.files import Place
from llamoco_data.identity import Record
from llamoco_data.instructions import Split, replay_of, split_of
from llamoco_data.portfolio.entrants import Entrant
from llamoco_data.problems.own_spec import AnySpec
from llamoco_data.runs import RunRecord
from llamoco_data.verdicts import Verdict, judge

Kept = TypeVar("Kept", bound=Record)


@dataclass(frozen=True, slots=True)
class Case:
    """A problem at its own budget or at a smaller one, with the runs that tell of it."""

    spec: AnySpec
    records: Sequence[RunRecord]
    split: Split
    """That of the problem at its own budget: the same function is on one side, whatever the budget."""


@dataclass(frozen=True, slots=True)
class Packed(Mapping[str, Kept]):
    """Records by problem_id, in the order in which they came: packed, since a verdict takes 100 kB of memory."""

    kind: type[Kept]
    packed: dict[str, bytes] = field(default_factory=dict)

    def add(self, problem_id: str, record: Kept) -> None:
        self.packed[problem_id] = zlib.compress(record.model_dump_json().encode(), 1)

    @override
    def __getitem__(self, problem_id: str) -> Kept:
        return self.kind.from_json(zlib.decompress(self.packed[problem_id]))

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self.packed)

    @override
    def __len__(self) -> int:
        return len(self.packed)


@dataclass(frozen=True, slots=True)
class Judgements:
    """Verdicts by problem_id, in the order of the problems' indices, smaller budgets after the problem's own."""

    verdicts: Mapping[str, Verdict]
    """Of the cases that are worth teaching."""
    replays: Mapping[str, RunRecord]
    """Of the same cases: the run of the winner that a row tells how to repeat."""
    splits: Mapping[str, Split]
    """Of the same cases."""
    kept_out: Mapping[str, Verdict]
    incomplete: int
    """Problems that lack runs, or that no candidate applies to."""


def cases_of(
    runs: ProblemRuns, entrants: Mapping[str, Entrant], shares: Sequence[float], held_out_families: Sequence[str]
) -> Iterator[Case]:
    """The problem, then at each share of its budget those runs whose traces tell what would have been.

    Args:
        entrants: by candidate_id.
    """
    split = split_of(runs.spec, held_out_families)
    yield Case(runs.spec, runs.records, split)
    for shorter in shorter_of(runs.spec, shares):
        told = [r for r in runs.records if _tells(entrants[r.candidate_id], shorter)]
        records = [record for record in (at_budget(run, shorter) for run in told) if record is not None]
        if records:
            yield Case(shorter, records, split)


def shorter_of(spec: AnySpec, shares: Sequence[float]) -> Iterator[AnySpec]:
    """The problem at each share of its budget, but for shares that come to the same or to too few evaluations."""
    for budget in dict.fromkeys(shorter_budget(spec.max_evaluations, share) for share in shares):
        if budget is not None:
            yield spec.with_budget(budget)


def _tells(entrant: Entrant, shorter: AnySpec) -> bool:
    return not entrant.limits.follows_budget and not entrant.declines(shorter)


def judge_all(
    folder: Place,
    spec: CampaignSpec,
    entrants: Mapping[str, Entrant],
    baseline: str,
    shares: Sequence[float] = (),
) -> Judgements:
    """The verdicts of a campaign folder, at the problems' own budgets and at shares of them.

    Args:
        entrants: by candidate_id, in catalogue order.

    Raises:
        LlamocoError: the folder holds no campaign, or is damaged.
    """
    verdicts, kept_out, replays = Packed(Verdict), Packed(Verdict), Packed(RunRecord)
    splits: dict[str, Split] = {}
    num_complete = 0
    for runs in read_problems(folder):
        if not runs.complete or not runs.records:
            continue
        num_complete += 1
        for case in cases_of(runs, entrants, shares, spec.held_out_families):
            verdict = judge(case.records, order=list(entrants), baseline=baseline)
            if verdict.kept_out is None:
                verdicts.add(verdict.problem_id, verdict)
                replays.add(verdict.problem_id, replay_of(case.records, verdict.winner))
                splits[verdict.problem_id] = case.split
            else:
                kept_out.add(verdict.problem_id, verdict)
    return Judgements(verdicts, replays, splits, kept_out, spec.problems_total - num_complete)


def single_best_solver(judgements: Judgements, order: Sequence[str], baseline: str) -> str:
    """The candidate with the best mean score on the training problems, or on all where there are none for training.

    Where a candidate was not run it scores 0: it did not apply, or a race had no reason to try those settings. So of a
    race's candidates it is, as a rule, an optimizer in its first settings. Of equals the first in catalogue order is
    chosen.
    """
    training = [i for i, split in judgements.splits.items() if split == "train"] or list(judgements.verdicts)
    totals = dict.fromkeys((candidate for candidate in order if candidate != baseline), 0.0)
    for problem_id in training:
        for standing in judgements.verdicts[problem_id].standings:
            if standing.candidate_id in totals:
                totals[standing.candidate_id] += standing.score
    return max(totals, key=totals.__getitem__)
