"""What was measured: how optimizers did on problems, with which a selector is fitted."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Measured:
    """How optimizers did on problems. Axes: N problems, F features, O optimizers."""

    problem_ids: tuple[str, ...]
    optimizers: tuple[str, ...]
    features: NDArray[np.float64]
    """Shape (N, F)."""
    scores: NDArray[np.float64]
    """Score of each optimizer's best candidate, of shape (N, O); NaN where none of its candidates was run."""
    whole: NDArray[np.bool_]
    """Whether every optimizer that applies was run, of shape (N,)."""
