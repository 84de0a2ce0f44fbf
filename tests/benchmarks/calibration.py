"""Fits how far confidence can be believed, to races and informed races on the tuning set.

    python tests/benchmarks/truth.py truth-tuning --set tuning
    python -m tests.benchmarks.calibration truth-tuning --prior prior.parquet

Policies are replayed over stored runs, of which four seeds stay unseen. A verdict is right if its winner's mean score
over all seeds is less than 0.02 below the best. For several values of `LIKENESS`, prints the slope, and the log loss
with problems left out of its fit in turn. Several folders may be given; problems with one id are left out together.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from llamoco_data import confidence
from llamoco_data.racing import Informed, Policy, Race
from llamoco_data.runs import RunRecord
from llamoco_data.selector import read_prior
from llamoco_data.verdicts import PRIOR_RUNS, Contest, contest, ranked_by_score
from tests.benchmarks.racing import Reference, raced, read_references, reordered

SEEN = 8
REPLAYS = 5
PARTS = 8
"""Parts of the problems that are left out in turn."""
LIKENESSES = (0.6, 0.7, 0.85, 1.0, 1.2)
SLOPES = tuple(hundredths / 100 for hundredths in range(5, 200))
LEAST = 1e-3
"""Least probability that counts in the log loss."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folders", nargs="+", help="campaigns of tests/benchmarks/truth.py")
    parser.add_argument("--prior", type=Path, required=True, help="a file of `llamoco-data prior`, of other problems")
    arguments = parser.parse_args()
    prior = read_prior(arguments.prior)
    seeds = Race(repeats=SEEN)
    informed = Informed(prior=prior.prior_id, always=prior.spec.always, first_informed=0, full_share=0.0, full=seeds)
    stated: list[list[float]] = []
    right: list[bool] = []
    problems: list[str] = []
    for folder in arguments.folders:
        field, references = read_references(folder, prior)
        for reference in references:
            scores = {s.candidate_id: s.score for s in reference.truth.standings}
            for records in _races(reference, (seeds, informed)):
                compared = contest(records, order=list(field.candidates), baseline=field.baseline)
                winner = ranked_by_score(compared, PRIOR_RUNS)[0]
                stated.append([_log_odds(compared, winner, likeness) for likeness in LIKENESSES])
                right.append(max(scores.values()) - scores[compared.candidates[winner]] < confidence.NEAR)
                problems.append(reference.spec.problem_id)
    log_odds_LV, right_V, problem_V = np.array(stated).T, np.array(right), np.array(problems)
    print(f"{len(right_V)} verdicts on {len(set(problems))} problems, {right_V.mean():.1%} right")
    for likeness, log_odds_V in zip(LIKENESSES, log_odds_LV, strict=True):
        loss = _left_out_loss(log_odds_V, right_V, problem_V)
        print(f"likeness {likeness:g}: slope {_slope(log_odds_V, right_V):.2f}, log loss {loss:.4f}")


def _races(reference: Reference, policies: Sequence[Policy]) -> Iterator[list[RunRecord]]:
    """The runs of every policy in every replay."""
    for replay in range(REPLAYS):
        served, _ = reordered(reference, replay, SEEN)
        for policy in policies:
            yield raced(policy, reference, served)


def _log_odds(compared: Contest, winner: int, likeness: float) -> float:
    """What the model says of a winner before it is calibrated."""
    confidence.LIKENESS = likeness
    scores = [compared.scores[c] for c in range(len(compared.candidates))]
    said = confidence.believed(scores, winner, proven=compared.measured_by.proven).confidence
    return float(logit(said)) / confidence.SLOPE


def _loss(slope: float, log_odds_V: NDArray[np.float64], right_V: NDArray[np.bool_]) -> float:
    """Mean log loss of the stated probabilities."""
    said_V = np.clip(expit(slope * log_odds_V), LEAST, 1 - LEAST)
    return -float(np.log(np.where(right_V, said_V, 1 - said_V)).mean())


def _slope(log_odds_V: NDArray[np.float64], right_V: NDArray[np.bool_]) -> float:
    """The slope with the least log loss, to the second digit."""
    return min(SLOPES, key=lambda slope: _loss(slope, log_odds_V, right_V))


def _left_out_loss(log_odds_V: NDArray[np.float64], right_V: NDArray[np.bool_], problem_V: NDArray[np.str_]) -> float:
    """Log loss of each part of the problems by the slope of the others."""
    part_V = np.unique(problem_V, return_inverse=True)[1] % PARTS
    losses = [
        (_loss(_slope(log_odds_V[~out], right_V[~out]), log_odds_V[out], right_V[out]), int(out.sum()))
        for out in (part_V == part for part in range(PARTS))
        if out.any()
    ]
    return sum(loss * size for loss, size in losses) / len(right_V)


if __name__ == "__main__":
    main()
