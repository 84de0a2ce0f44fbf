# scikit-learn and scipy.sparse come without types.
# pyright: reportExplicitAny=false
"""The model behind the selector: a forest that says which measured problems are similar to a new one.

Problems are similar as often as they share a leaf of a tree; the forest is grown so that problems that share a leaf
have similar scores of all optimizers (Meinshausen, "Quantile Regression Forests", JMLR 7, 2006).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from llamoco_data.identity import Record
from llamoco_data.selector.measured import Measured
from llamoco_data.selector.prospects import Precedents

WEIGHT_DIGITS = 6
FILLINGS = 2
"""Times that the gaps are filled, each time by a forest grown with the filling before."""


class ForestSettings(Record):
    """Settings of the forest: equal settings and equal scores give equal forests, with one version of scikit-learn."""

    trees: int = Field(default=200, ge=1)
    least_leaf: int = Field(default=3, ge=1)
    """Least number of problems in a leaf."""
    features_share: float = Field(default=0.6, gt=0, le=1)
    """Share of the features that a split chooses from."""
    precedents: int = Field(default=64, ge=1)
    """Number of measured problems that a new one is compared with."""


@dataclass(frozen=True, slots=True)
class Selector:
    """A fitted model. Axes: M new problems, N measured ones, F features, O optimizers."""

    optimizers: tuple[str, ...]
    scores: NDArray[np.float64]
    """Scores of the measured problems, of shape (N, O); gaps are filled in."""
    settings: ForestSettings
    _forest: Any
    _shares: Any
    """Sparse, of shape (leaves, N): share of each measured problem in the leaves in which it lies."""

    def expected(self, features_MF: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and standard deviation of each optimizer's score, both of shape (M, O)."""
        weights_MN = self.weights(features_MF)
        means_MO = weights_MN @ self.scores
        squares_MO = weights_MN @ self.scores**2
        return means_MO, np.sqrt(np.maximum(squares_MO - means_MO**2, 0.0))

    def precedents(self, features_MF: NDArray[np.float64]) -> list[Precedents]:
        """The most similar measured problems of each problem."""
        weights_MN = self.weights(features_MF).toarray().round(WEIGHT_DIGITS)
        found: list[Precedents] = []
        for weights_N in weights_MN:
            rows = np.argsort(-weights_N, kind="stable")[: self.settings.precedents]
            rows = rows[weights_N[rows] > 0]
            shares = (weights_N[rows] / weights_N[rows].sum()).round(WEIGHT_DIGITS)
            found.append(Precedents(rows=tuple(rows.tolist()), weights=tuple(shares.tolist())))
        return found

    def choices(self, features_MF: NDArray[np.float64], applying: Sequence[Collection[str]]) -> list[str]:
        """The optimizer with the best expected score on each problem, of those that apply; the first among equals.

        Args:
            applying: optimizers that apply to each problem; at least one of each that was measured.
        """
        means_MO, _ = self.expected(features_MF)
        known = [[name in names for name in self.optimizers] for names in applying]
        best_M = np.where(known, means_MO, -1.0).argmax(axis=1)
        return [self.optimizers[best] for best in best_M]

    def weights(self, features_MF: NDArray[np.float64]) -> Any:
        """Sparse, of shape (M, N): how similar each measured problem is, with a sum of 1 for each new problem."""
        return _leaves(self._forest, features_MF) @ self._shares / self.settings.trees


def fitted(measured: Measured, settings: ForestSettings | None = None) -> Selector:
    """The selector of measured problems; it takes seconds.

    Args:
        measured: at least one problem; see `whole_scores` for what becomes of gaps.
    """
    settings = settings or ForestSettings()
    return grown(measured.optimizers, measured.features, whole_scores(measured, settings), settings)


def whole_scores(measured: Measured, settings: ForestSettings | None = None) -> NDArray[np.float64]:
    """The scores with their gaps filled in, of shape (N, O).

    A gap is no zero: the optimizer was left out because less was expected of it, or because it does not apply. It gets
    the mean of similar problems with whole races on which it was run, and no more than what the best of the problem
    reached, or else what was never run could win. Informed races tell nothing here: in them an optimizer runs where it
    is good.
    """
    settings = settings or ForestSettings()
    gaps_NO = np.isnan(measured.scores)
    known_NO = np.nan_to_num(measured.scores)
    if not gaps_NO.any():
        return known_NO
    reached_N1 = known_NO.max(axis=1, keepdims=True)
    told_NO = ~gaps_NO & (measured.whole[:, None] | ~measured.whole.any())
    means_O = (told_NO * known_NO).sum(axis=0) / np.maximum(told_NO.sum(axis=0), 1)
    filling_NO: NDArray[np.float64] = np.broadcast_to(means_O, known_NO.shape)
    whole_NO = np.where(gaps_NO, np.minimum(filling_NO, reached_N1), known_NO)
    for _ in range(FILLINGS):
        selector = grown(measured.optimizers, measured.features, whole_NO, settings)
        weights_NN = selector.weights(measured.features)
        there_NO = weights_NN @ told_NO.astype(np.float64)
        means_NO = (weights_NN @ (told_NO * known_NO)) / np.where(there_NO > 0, there_NO, 1.0)
        filling_NO = np.where(there_NO > 0, means_NO, filling_NO)
        whole_NO = np.where(gaps_NO, np.minimum(filling_NO, reached_N1), known_NO)
    return whole_NO


def grown(
    optimizers: tuple[str, ...],
    features_NF: NDArray[np.float64],
    scores_NO: NDArray[np.float64],
    settings: ForestSettings,
) -> Selector:
    """The selector of scores without gaps."""
    from sklearn.ensemble import ExtraTreesRegressor  # noqa: PLC0415 - a second to import

    forest = ExtraTreesRegressor(
        settings.trees, min_samples_leaf=settings.least_leaf, max_features=settings.features_share, random_state=0
    ).fit(features_NF, scores_NO)
    leaves_NL = _leaves(forest, features_NF)
    sizes_L = np.maximum(leaves_NL.sum(axis=0), 1)
    return Selector(optimizers, scores_NO, settings, forest, leaves_NL.multiply(1 / sizes_L).T.tocsr())


def _leaves(forest: Any, features_MF: NDArray[np.float64]) -> Any:
    """Sparse, of shape (M, nodes of all trees): 1 where a node is a leaf in which the problem lies."""
    from scipy.sparse import csr_array  # noqa: PLC0415 - as slow to import

    last_T = np.cumsum([tree.tree_.node_count for tree in forest.estimators_])
    nodes_MT = forest.apply(features_MF) + np.array([0, *last_T[:-1]])
    rows_MT = np.broadcast_to(np.arange(len(features_MF))[:, None], nodes_MT.shape)
    ones = np.ones(nodes_MT.size)
    return csr_array((ones, (rows_MT.ravel(), nodes_MT.ravel())), shape=(len(features_MF), last_T[-1]))
