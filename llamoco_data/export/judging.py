"""Judges every complete problem of a campaign folder, and chooses the single best solver by the training problems."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike

from llamoco_data.campaign import CampaignSpec, read_problems
from llamoco_data.instructions import Split, split_of
from llamoco_data.verdicts import Verdict, judge


@dataclass(frozen=True, slots=True)
class Judgements:
    """Verdicts by the index of their problem, in the order of the indices."""

    verdicts: Mapping[int, Verdict]
    """Of the problems that are worth teaching."""
    splits: Mapping[int, Split]
    """Of the same problems."""
    kept_out: Mapping[int, Verdict]
    incomplete: int
    """Problems that lack runs, or that no candidate applies to."""


def judge_all(folder: str | PathLike[str], spec: CampaignSpec, order: Sequence[str], baseline: str) -> Judgements:
    """The verdicts of a campaign folder.

    Raises:
        LlamocoError: the folder holds no campaign, or is damaged.
    """
    verdicts: dict[int, Verdict] = {}
    splits: dict[int, Split] = {}
    kept_out: dict[int, Verdict] = {}
    num_complete = 0
    for runs in read_problems(folder):
        if not runs.complete or not runs.records:
            continue
        num_complete += 1
        verdict = judge(runs.records, order=order, baseline=baseline)
        if verdict.kept_out is None:
            verdicts[runs.index] = verdict
            splits[runs.index] = split_of(runs.spec, spec.held_out_families)
        else:
            kept_out[runs.index] = verdict
    return Judgements(verdicts, splits, kept_out, spec.num_problems - num_complete)


def single_best_solver(judgements: Judgements, order: Sequence[str], baseline: str) -> str:
    """The candidate with the best mean score on the training problems, or on all where there are none for training.

    Where a candidate does not apply it scores 0. Of equals the first in catalogue order is chosen.
    """
    training = [i for i, split in judgements.splits.items() if split == "train"] or list(judgements.verdicts)
    totals = dict.fromkeys((candidate for candidate in order if candidate != baseline), 0.0)
    for index in training:
        for standing in judgements.verdicts[index].standings:
            if standing.candidate_id in totals:
                totals[standing.candidate_id] += standing.score
    return max(totals, key=totals.__getitem__)
