"""The verdict where the number of a candidate's runs is no merit: a race at a larger budget, read at a smaller one.

A race gives more seeds to the candidates that lead at the whole budget, which says little about a smaller one. So all
that ran are compared by their mean scores. One run at the mean of all candidates is added to the runs of each, so that
few runs are believed less than many.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from llamoco_data.identity import stream
from llamoco_data.runs import RunRecord
from llamoco_data.verdicts import Contest, Verdict, contest, ranked_by_score, verdict_on

PRIOR_RUNS = 1
"""Runs at the mean of all candidates that are added to the runs of each."""

RESAMPLES = 200
"""Resamples of the runs behind the loss."""

LOSS_ALLOWED = 0.04
"""Score that one other candidate may gain on the label, on average over the resamples; no gain counts as 0."""


def judge_shrunk(records: Sequence[RunRecord], *, order: Sequence[str], baseline: str) -> Verdict:
    """The verdict on one problem where a candidate's number of runs is no merit.

    The winner has the highest mean score, shrunk; equals are in the order of `ordering`. Whether there is a label at
    all is decided by resamples. Each draws as many runs for a candidate as it has, added ones included: one of its own,
    or, with the share of the added runs as its probability, one of any candidate's.

    Args:
        order: candidate ids in catalogue order, which break the last ties.
        baseline: candidate id of random search.

    Raises:
        LlamocoError: no run to judge, or runs of several problems or budgets.
    """
    compared = contest(records, order=order, baseline=baseline)
    ranked = ranked_by_score(compared, PRIOR_RUNS)
    verdict = verdict_on(compared, ranked)
    score_CB = _resampled(compared)
    loss_C = np.maximum(0.0, score_CB - score_CB[ranked[0]]).mean(axis=1)
    if verdict.kept_out is None and loss_C.max() > LOSS_ALLOWED:
        return verdict.model_copy(update={"kept_out": "unsure at a smaller budget"})
    return verdict


def _resampled(compared: Contest) -> NDArray[np.float64]:
    """Mean score of each candidate, of shape (candidates, resamples)."""
    num_candidates = len(compared.candidates)
    counts_C = np.array([len(runs) for runs in compared.runs])
    first_C = np.cumsum(counts_C) - counts_C
    score_A = np.concatenate([compared.scores[c] for c in range(num_candidates)])
    score_CB = np.empty((num_candidates, RESAMPLES))
    for c, (candidate_id, count) in enumerate(zip(compared.candidates, counts_C.tolist(), strict=True)):
        random, size = stream("confidence", compared.problem_id, candidate_id), (RESAMPLES, count + PRIOR_RUNS)
        others = random.integers(num_candidates, size=size)
        of_others = first_C[others] + (random.random(size) * counts_C[others]).astype(np.int64)
        own = first_C[c] + random.integers(count, size=size)
        picks_BR = np.where(random.random(size) < PRIOR_RUNS / size[1], of_others, own)
        score_CB[c] = score_A[picks_BR].mean(axis=1)
    return score_CB
