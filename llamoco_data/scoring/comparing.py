"""Paired comparisons of contenders on the same problems: Wilcoxon's test, Holm's correction, an effect size.

A function that comes at several evaluation budgets counts once, by its mean over them.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_DECIMALS = 12
"""Decimals of a difference of scores; further ones are rounding, which must not rank equal differences."""


def signed_rank(
    values_N: NDArray[np.float64], others_N: NDArray[np.float64], functions: Sequence[str] = ()
) -> tuple[float, float]:
    """The two-sided p-value of Wilcoxon's signed-rank test (1945), and the matched-pairs rank-biserial correlation.

    The correlation (Kerby, 2014) is the sum of the ranks in favour less the sum of those against, over the sum of all:
    1 if every difference is in favour of `values`. Problems without a difference are left out; 1 and 0 if all are.

    Args:
        functions: what each problem has in common with others; their differences are averaged. Default: nothing.
    """
    from scipy import stats  # noqa: PLC0415 - half a second to import

    difference_N = values_N - others_N
    if functions:
        _, group_N, sizes_G = np.unique(list(functions), return_inverse=True, return_counts=True)
        difference_N = np.bincount(group_N, weights=difference_N) / sizes_G
    difference_N = difference_N.round(_DECIMALS)
    difference_N = difference_N[difference_N != 0]
    if not len(difference_N):
        return 1.0, 0.0
    ranks_N = stats.rankdata(np.abs(difference_N))
    effect = float((np.sign(difference_N) * ranks_N).sum() / ranks_N.sum())
    return float(np.asarray(stats.wilcoxon(difference_N))[1]), effect


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values, corrected for having made so many tests (Holm, 1979): each is valid beside all others."""
    corrected = [1.0] * len(p_values)
    most = 0.0
    for rank, position in enumerate(sorted(range(len(p_values)), key=lambda position: p_values[position])):
        most = max(most, min(1.0, (len(p_values) - rank) * p_values[position]))
        corrected[position] = most
    return corrected
