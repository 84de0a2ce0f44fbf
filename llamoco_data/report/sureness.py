"""How sure the labels are: near-ties, and the confidences of the verdicts counted in bins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from llamoco_data.export.making import has_rival, optimizer_confidence
from llamoco_data.portfolio.stored_candidates import StoredCandidate
from llamoco_data.verdicts import Verdict

NUM_BINS = 10
"""Number of equal bins of the confidences from 0 to 1; the last one includes 1."""


@dataclass(frozen=True, slots=True)
class Sureness:
    """Confidences over problems, with a count of problems for each bin."""

    candidate_counts: tuple[int, ...]
    """Number of problems by the confidence of the winner."""
    optimizer_counts: tuple[int, ...]
    """Number of problems by the confidence of the winner's optimizer, with any settings."""
    median_candidate: float
    median_optimizer: float
    near_ties: int
    """Number of near-ties over all problems."""
    with_near_tie: int
    """Number of problems with a near-tie."""
    with_rival: int
    """Number of problems with a near-tie of another optimizer than the winner's."""


def sureness(verdicts: Sequence[Verdict], candidates: Mapping[str, StoredCandidate]) -> Sureness:
    """The confidences and near-ties of at least one verdict."""
    candidate = [verdict.confidence for verdict in verdicts]
    optimizer = [optimizer_confidence(verdict, candidates) for verdict in verdicts]
    return Sureness(
        candidate_counts=_counts(candidate),
        optimizer_counts=_counts(optimizer),
        median_candidate=median(candidate),
        median_optimizer=median(optimizer),
        near_ties=sum(len(verdict.near_ties) for verdict in verdicts),
        with_near_tie=sum(bool(verdict.near_ties) for verdict in verdicts),
        with_rival=sum(has_rival(verdict, candidates) for verdict in verdicts),
    )


def _counts(shares: Sequence[float]) -> tuple[int, ...]:
    counts = [0] * NUM_BINS
    for share in shares:
        # A share of 0.7 may be one digit below 0.7 in the last place, and must not fall into the lower bin.
        counts[min(int(share * NUM_BINS + 1e-9), NUM_BINS - 1)] += 1
    return tuple(counts)
