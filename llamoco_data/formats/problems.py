"""The complete problems of a campaign with all that other formats hold of them: runs, scores, errors, readings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llamoco_data.campaign import CampaignReader, view_of
from llamoco_data.campaign.spec import own_index
from llamoco_data.export import baseline_of
from llamoco_data.files import Place
from llamoco_data.identity import LlamocoError
from llamoco_data.invocation import command
from llamoco_data.portfolio.stored_candidates import StoredCandidate
from llamoco_data.problems.own_spec import AnySpec
from llamoco_data.runs import RunRecord, run_seed
from llamoco_data.verdicts import contest


@dataclass(frozen=True, slots=True)
class ScoredRun:
    """A run with its score."""

    record: RunRecord
    repetition: int
    """From 1, by its seed: runs of all candidates with the same seed have the same."""
    score: float | None
    """None for a run that the optimizer declined."""


@dataclass(frozen=True, slots=True)
class ProblemRuns:
    """A complete problem and its runs."""

    instance: int
    """Number of the problem, from 1, among the drawn ones or among users' own."""
    spec: AnySpec
    best_known: float | None
    runs: Mapping[str, Sequence[ScoredRun]]
    """Runs of each candidate, by candidate_id, in the order of the repetitions."""


@dataclass(frozen=True, slots=True)
class CampaignRuns:
    """The complete problems of a campaign."""

    name: str
    candidates: Mapping[str, StoredCandidate]
    """By the name that each has in other formats, in catalogue order."""
    problems: Sequence[ProblemRuns]


def campaign_runs(name: str, folder: Place) -> CampaignRuns:
    """The complete problems of a campaign, on which at least one candidate was run.

    Raises:
        LlamocoError: there is no campaign, it is damaged, or no problem is complete.
    """
    reader = CampaignReader(view_of(folder))
    baseline, order = baseline_of(reader.candidates), list(reader.candidates)
    problems: list[ProblemRuns] = []
    own = {own_index(problem_id): number for number, problem_id in enumerate(reader.spec.own_problems, start=1)}
    for runs in map(reader.runs, reader.indices()):
        if runs.complete and any(record.status != "declined" for record in runs.records):
            compared = contest(runs.records, order=order, baseline=baseline)
            repetitions = {run_seed(runs.spec.problem_id, at): at + 1 for at in range(reader.spec.policy.repeats)}
            if any(record.seed not in repetitions for record in runs.records):
                raise LlamocoError(
                    f"{folder} has runs with seeds of another campaign; see: {command('verify', folder)}"
                )
            scored = {
                record.candidate_id: [ScoredRun(record, repetitions[record.seed], None)] for record in runs.records
            }
            for position, candidate_id in enumerate(compared.candidates):
                made = sorted(compared.runs[position], key=lambda run: run.seed)
                each = [
                    ScoredRun(run, repetitions[run.seed], score)
                    for run, score in zip(made, compared.scores[position].tolist(), strict=True)
                ]
                scored[candidate_id] = sorted(each, key=lambda run: run.repetition)
            instance = own.get(runs.index, runs.index + 1)
            problems.append(ProblemRuns(instance, runs.spec, compared.measured_by.best_known, scored))
    if not problems:
        raise LlamocoError(f"{folder} has no complete problem yet; continue with: {command('run', folder)}")
    named = {f"{one.optimizer}-{one.candidate_id[:8]}": one for one in reader.candidates.values()}
    return CampaignRuns(name, named, problems)
