"""How far a verdict can be believed: what is known of every candidate's mean score, and so of the winner's.

A candidate's mean score over all seeds is unknown. It is believed to be normal, cut to what a score can be, about the
mean of its runs, which few runs bring closer to the mean of all candidates. How much runs scatter is learnt from those
candidates of the problem that ran more than once, so that candidates with one run count too. Everything is computed
from the scores in closed form: no random number is drawn, and no order of records matters.

The constants were fitted to whether the label was right, over 603 verdicts on 117 problems: the tuning set of
tests/benchmarks/truth.py, and 89 problems of recipe `standard` with up to twelve more seeds for the leaders and their
nearest rivals (decision 0027).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtr

NEAR = 0.02
"""Score within which an answer is as good as the best for any purpose; bounds what is counted as right."""

SCATTER = 0.03
"""Variance of the runs of a candidate as a share of the largest possible one, where no candidate ran twice."""
SCATTER_RUNS = 2.0
"""Runs that `SCATTER` is worth beside those of the problem."""
POOLED_RUNS = 3.0
"""Runs that the problem's scatter is worth beside those of a candidate."""
PRIOR_RUNS = 2.0
"""Most runs at the mean of all candidates that are added to the runs of each."""
LIKENESS = 0.7
"""Standard error of a mean score, as a share of what independent runs and candidates would give."""
MEDIAN_ERROR = 1.25
"""Standard error of a median relative to that of a mean, for a normal distribution: the root of pi / 2."""
CALIBRATION = (0.63, 0.4)
"""Intercept and slope that turn the log-odds of the model into the log-odds of what was right."""
SUREST = 1e-4
"""Least probability that the model gives to anything; candidates that did not run are part of it."""

_LEAST_VARIANCE = 1e-5
_HIT_WEIGHT = 0.3
_HIT_ERROR = 0.2
_NODES = 16


@dataclass(frozen=True, slots=True)
class Belief:
    """What is believed of the candidates of one problem, beside the winner."""

    confidence: float
    """Probability that no candidate that comes before the winner has a score that is higher by `NEAR` or more."""
    share: NDArray[np.float64]
    """The confidence for the winner; what it lacks is shared out over the others by how likely each is better."""
    as_good: NDArray[np.float64]
    """Probability that a candidate is at least as good as the winner; of shape (candidates,)."""


def believed(
    scores: Sequence[NDArray[np.float64]],
    winner: int,
    *,
    order: NDArray[np.float64] | None,
    max_evaluations: int,
    proven: bool,
) -> Belief:
    """What the runs of a problem say of its winner and of the others.

    Args:
        scores: scores of the runs of each candidate.
        winner: position of the winner. A candidate that never scored is no rival to it.
        order: criteria of the order of verdicts, of shape (candidates, 4); None where mean scores alone decide.
        max_evaluations: the problem's budget.
        proven: whether scores are relative to a proven minimum.
    """
    known = scores if proven else _without_own_target(scores)
    mean_C, error_C = _means(known)
    node_Q = _nodes()
    winner_Q = np.clip(mean_C[winner] + node_Q * error_C[winner], 0.0, 1.0)
    better_CQ = (winner_Q + NEAR - mean_C[:, None]) / error_C[:, None]
    good_CQ = (winner_Q - mean_C[:, None]) / error_C[:, None]
    if order is not None:
        first_CQ = _before(known, order, mean_C, error_C, winner, max_evaluations)
        better_CQ, good_CQ = np.maximum(better_CQ, first_CQ), first_CQ
    worse_CQ = np.where(winner_Q + NEAR >= 1, 1.0, ndtr(better_CQ))
    worse_CQ[[winner, *(c for c, values in enumerate(known) if not values.any())]] = 1.0
    confidence = _calibrated(float(worse_CQ.prod(axis=0).mean()))
    better_C = 1 - worse_CQ.mean(axis=1)
    share_C = better_C * (_calibrated(1.0) - confidence) / max(float(better_C.sum()), 1e-300)
    share_C[winner] = confidence
    return Belief(confidence, share_C, 1 - ndtr(good_CQ).mean(axis=1))


def _without_own_target(scores: Sequence[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    """The scores with the best run cut to the next best: without a proven minimum it is its own target."""
    every = np.sort(np.concatenate(scores))
    return [np.minimum(values, every[-2:][0]) for values in scores]


def _means(scores: Sequence[NDArray[np.float64]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The mean score that is believed of each candidate, and its standard error.

    Candidates that never scored tell nothing of the others.
    """
    runs_C = np.array([len(values) for values in scores], dtype=np.float64)
    mean_C = np.array([values.mean() for values in scores])
    squares_C = np.array([((values - values.mean()) ** 2).sum() for values in scores])
    scored_C = mean_C > 0
    scored = mean_C[scored_C] if scored_C.any() else mean_C
    middle, spread = float(scored.mean()), float(scored.var())
    guess_C = (runs_C * mean_C + middle) / (runs_C + 1)
    most_C = guess_C * (1 - guess_C) + 1e-3  # no variable between 0 and 1 with this mean varies more
    known = float(((runs_C - 1) * most_C)[scored_C].sum())
    scatter = min(1.0, (squares_C.sum() + 0.1 * SCATTER_RUNS * SCATTER) / (known + 0.1 * SCATTER_RUNS))
    variance_C = (squares_C + POOLED_RUNS * scatter * most_C) / (runs_C - 1 + POOLED_RUNS) + _LEAST_VARIANCE
    added_C = np.minimum(variance_C / (spread + 1e-4), PRIOR_RUNS)
    believed_C = (runs_C * mean_C + added_C * middle) / (runs_C + added_C)
    return believed_C, LIKENESS * np.sqrt(variance_C / (runs_C + added_C))


def _before(
    scores: Sequence[NDArray[np.float64]],
    order: NDArray[np.float64],
    mean_C: NDArray[np.float64],
    error_C: NDArray[np.float64],
    winner: int,
    max_evaluations: int,
) -> NDArray[np.float64]:
    """By how many standard errors a candidate has to be better than it seems to come before the winner.

    Of shape (candidates, nodes). The order of verdicts compares shares of feasible runs, then medians: of scores, and,
    where these reach the target, of evaluations, whose weight only has to tell those medians apart.
    """
    runs_C = np.array([len(values) for values in scores], dtype=np.float64)
    median_C = mean_C + [np.sort(values)[(len(values) - 1) // 2] - values.mean() for values in scores]
    spent_C = np.minimum(order[:, 3] / max_evaluations, 1.0)
    median_C += np.where(median_C >= 1 - 1e-6, _HIT_WEIGHT * (1 - spent_C), 0.0)
    own_C = np.sqrt((MEDIAN_ERROR * error_C) ** 2 + (_HIT_WEIGHT * _HIT_ERROR * spent_C) ** 2 / runs_C)
    needed_CQ = (median_C[winner] + _nodes() * own_C[winner] - median_C[:, None]) / own_C[:, None]
    feasible_C = 1 - order[:, 0]
    behind_C = feasible_C[winner] - feasible_C
    feasible_error_C = np.sqrt((feasible_C * (1 - feasible_C) + 0.25 / runs_C) / runs_C)
    return np.where(behind_C[:, None] > 1e-9, np.maximum(needed_CQ, (behind_C / feasible_error_C)[:, None]), needed_CQ)


def _calibrated(probability: float) -> float:
    intercept, slope = CALIBRATION
    return float(expit(intercept + slope * logit(min(max(probability, SUREST), 1 - SUREST))))


@cache
def _nodes() -> NDArray[np.float64]:
    """Quantiles of the standard normal distribution, equally probable, to integrate over what the winner's score is."""
    normal = NormalDist()
    return np.array([normal.inv_cdf((node + 0.5) / _NODES) for node in range(_NODES)])
