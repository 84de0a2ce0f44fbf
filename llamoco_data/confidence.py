"""How far a verdict can be believed: what is known of every candidate's mean score, and so of the winner's.

A candidate's mean score over all seeds is unknown. It is believed to be normal, cut to what a score can be, about the
mean of its runs, which few runs bring closer to the mean of all candidates. How much runs scatter is learnt from those
candidates of the problem that ran more than once, so that candidates with one run count too. Everything is computed
from the scores in closed form: no random number is drawn, and no order of records matters.

`LIKENESS` and `SLOPE` were fitted to whether the label was right, by 820 verdicts of races and informed races on the 28
problems of the tuning set of tests/benchmarks/truth.py, 13 of them also with chained optimizers, by
tests/benchmarks/calibration.py. The other constants come from 603 verdicts on 117 problems (decision 0027).
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
LIKENESS = 0.85
"""Standard error of a mean score, as a share of what independent runs and candidates would give."""
SLOPE = 0.4
"""What turns the log-odds of the model into the log-odds of what was right: candidates and their luck are alike."""
SUREST = 1e-4
"""Least probability that the model gives to anything; candidates that did not run are part of it."""

_LEAST_VARIANCE = 1e-5
_NODES = 16


@dataclass(frozen=True, slots=True)
class Belief:
    """What is believed of the candidates of one problem, beside the winner."""

    confidence: float
    """Probability that no candidate has a score that is higher than the winner's by `NEAR` or more."""
    share: NDArray[np.float64]
    """The confidence for the winner; what it lacks is shared out over the others by how likely each is better."""
    as_good: NDArray[np.float64]
    """Probability that a candidate is at least as good as the winner, 0 if it never scored; of shape (candidates,)."""


def believed(scores: Sequence[NDArray[np.float64]], winner: int, *, proven: bool) -> Belief:
    """What the runs of a problem say of its winner and of the others.

    Args:
        scores: scores of the runs of each candidate.
        winner: position of the winner. A candidate that never scored is no rival to it.
        proven: whether scores are relative to a proven minimum.
    """
    known = scores if proven else _without_own_target(scores)
    mean_C, error_C = _means(known)
    node_Q = _nodes()
    winner_Q = np.clip(mean_C[winner] + node_Q * error_C[winner], 0.0, 1.0)
    better_CQ = (winner_Q + NEAR - mean_C[:, None]) / error_C[:, None]
    good_CQ = (winner_Q - mean_C[:, None]) / error_C[:, None]
    worse_CQ = np.where(winner_Q + NEAR >= 1, 1.0, ndtr(better_CQ))
    worse_CQ[[winner, *(c for c, values in enumerate(known) if not values.any())]] = 1.0
    confidence = _calibrated(float(worse_CQ.prod(axis=0).mean()))
    better_C = 1 - worse_CQ.mean(axis=1)
    share_C = better_C * (_calibrated(1.0) - confidence) / max(float(better_C.sum()), 1e-300)
    share_C[winner] = confidence
    scored_C = np.array([values.any() for values in scores])
    return Belief(confidence, share_C, np.where(scored_C, 1 - ndtr(good_CQ).mean(axis=1), 0.0))


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


def _calibrated(probability: float) -> float:
    return float(expit(SLOPE * logit(min(max(probability, SUREST), 1 - SUREST))))


@cache
def _nodes() -> NDArray[np.float64]:
    """Quantiles of the standard normal distribution, equally probable, to integrate over what the winner's score is."""
    normal = NormalDist()
    return np.array([normal.inv_cdf((node + 0.5) / _NODES) for node in range(_NODES)])
