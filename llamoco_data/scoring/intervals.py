"""How sure a mean over problems is: intervals that would hold 95 % of the time if other problems had been drawn.

Several values of one problem, from its wordings or samples, are one observation: callers average them first. A function
that comes at several evaluation budgets is drawn with all of them.
"""

from collections.abc import Sequence
from math import sqrt
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from llamoco_data.identity import stream

Interval: TypeAlias = tuple[float, float]

RESAMPLES = 2_000
"""Number of bootstrap resamples of the problems."""
_Z = 1.959963984540054
"""The 97.5 % quantile of the standard normal distribution."""
_ENOUGH = 0.95
"""Least share of the resamples in which a ratio must exist for it to have an interval."""


def resampled(problem_ids: Sequence[str], functions: Sequence[str] = ()) -> NDArray[np.float64]:
    """The share of each problem in each resample, shape (RESAMPLES, problems), from a stream that the problems name.

    All contenders on the same problems are resampled alike.

    Args:
        functions: what each problem has in common with others: those with the same text are in a resample together.
            Default: every problem is drawn by itself.
    """
    names = functions or problem_ids
    position = {name: n for n, name in enumerate(dict.fromkeys(names))}
    group_N, count = [position[name] for name in names], len(position)
    picks_BG = stream("score", "resamples", *problem_ids).integers(count, size=(RESAMPLES, count))
    offset_B1 = count * np.arange(RESAMPLES)[:, None]
    times_BG = np.bincount((picks_BG + offset_B1).ravel(), minlength=RESAMPLES * count).reshape(RESAMPLES, count)
    times_BN = times_BG[:, group_N].astype(np.float64)
    return times_BN / times_BN.sum(axis=1, keepdims=True)


def mean_interval(values_N: NDArray[np.float64], shares_BN: NDArray[np.float64]) -> Interval | None:
    """Percentile bootstrap of a mean; None for a single problem, and for a single function at several budgets."""
    return None if _is_of_one(shares_BN) else _percentiles(shares_BN @ values_N)


def gap_closed(values_N: NDArray[np.float64], low_N: NDArray[np.float64], high_N: NDArray[np.float64]) -> float | None:
    """Share of the way from the mean of `low` to the mean of `high`; None where `high` is not above `low`."""
    gap = high_N.mean() - low_N.mean()
    return float((values_N.mean() - low_N.mean()) / gap) if gap > 0 else None


def gap_interval(
    values_N: NDArray[np.float64],
    low_N: NDArray[np.float64],
    high_N: NDArray[np.float64],
    shares_BN: NDArray[np.float64],
) -> Interval | None:
    """Percentile bootstrap of `gap_closed`, numerator and denominator resampled together.

    None for a single problem or function, and where more than one in twenty of the resamples has no gap.
    """
    gap_B = shares_BN @ (high_N - low_N)
    there_B = gap_B > 0
    if _is_of_one(shares_BN) or there_B.mean() < _ENOUGH:
        return None
    return _percentiles((shares_BN @ (values_N - low_N))[there_B] / gap_B[there_B])


def share_interval(share: float, num_problems: int) -> Interval:
    """Wilson's interval (1927) of a share, with problems as the trials; it is valid at 0 and 1 too.

    Args:
        share: mean over the problems of the share within each.
    """
    n, z2 = num_problems, _Z**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z / (1 + z2 / n) * sqrt(share * (1 - share) / n + z2 / (4 * n**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def _is_of_one(shares_BN: NDArray[np.float64]) -> bool:
    """Whether all that can be drawn is one function, so that every resample is the same."""
    return bool((shares_BN == shares_BN[0]).all())


def _percentiles(values: NDArray[np.float64]) -> Interval:
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
