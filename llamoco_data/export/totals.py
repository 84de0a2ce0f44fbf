"""Sums up the scores of candidates over problems; what an informed race has left out counts neither for nor against."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(slots=True)
class Totals:
    """Sums over the problems that a campaign teaches. Axis: C candidates."""

    candidates: Sequence[str]
    """candidate_ids."""
    _sums: dict[tuple[bool, bool], NDArray[np.float64]] = field(default_factory=dict)
    """(whether the problem is for training, whether its race was whole) -> sum of each candidate's scores."""
    _left_out: set[str] = field(default_factory=set)
    """candidate_ids that some informed race left out although they apply."""

    def add(self, scores_C: NDArray[np.float64], left_out_C: NDArray[np.bool_] | None, *, is_training: bool) -> None:
        """Adds a problem.

        Args:
            scores_C: 0 where the candidate was not run.
            left_out_C: whether it applies and was not run; None where the race was not informed.
        """
        group = is_training, left_out_C is None
        self._sums[group] = self._sums.get(group, 0.0) + scores_C
        if left_out_C is not None:
            self._left_out.update(np.array(self.candidates)[left_out_C].tolist())

    def by_candidate(self, baseline: str) -> dict[str, float]:
        """candidate_id -> sum over whole races on training problems, or over what there is.

        Candidates that an informed race left out are not among them, unless no other than the baseline remains.
        """
        any_training = any(is_training for is_training, _ in self._sums)
        groups = {group: sums_C for group, sums_C in self._sums.items() if group[0] == any_training}
        whole = [sums_C for (_, is_whole), sums_C in groups.items() if is_whole]
        sums_C = sum(whole or groups.values(), np.zeros(len(self.candidates)))
        totals = dict(zip(self.candidates, sums_C.tolist(), strict=True))
        everywhere = {candidate: total for candidate, total in totals.items() if candidate not in self._left_out}
        return everywhere if everywhere.keys() - {baseline} else totals
