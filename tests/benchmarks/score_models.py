"""Compares models that expect every optimizer's score from the statement, and ways to fill in what was not run.

    llamoco-data run standard-campaign --recipe standard
    python tests/benchmarks/score_models.py standard-campaign

Each model is fitted on four fifths of the problems and judged on the rest, each fifth in turn; nothing is held against
the test split, because only training problems take part. `Regret` is the winner's score less that of the best of the
first k optimizers that a model names. The second table masks scores as informed races would leave them, by a selector
that was fitted on a third of the problems, and asks what a selector fitted on the rest loses by that. Exits with 1
where the selector closes less of the gap than another model by more than three points.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from learnability import FOLDS, Scores, folds_of, read_scores
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from sklearn.ensemble import ExtraTreesRegressor, HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.multioutput import MultiOutputRegressor

from llamoco_data.identity import stream
from llamoco_data.racing import Informed, rule_for
from llamoco_data.selector import Measured, fitted, prospects, whole_scores
from llamoco_data.selector.forest import ForestSettings, grown

FIRST = (1, 2, 3, 5, 8)
RANK = 6
MARGIN = 0.03

Array = NDArray[np.float64]
Model = Callable[[Array, Array, Array], Array]
"""Function from features and scores of the training problems and features of the others to their expected scores."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What a model named, on every problem."""

    order: NDArray[np.int64]
    """(problems, optimizers): the optimizers that it names, best first."""
    seconds: float
    """Time to fit it once."""


def forest(features: Array, scores: Array, asked: Array) -> Array:
    return (
        RandomForestRegressor(300, min_samples_leaf=2, max_features=0.4, random_state=0)
        .fit(features, scores)
        .predict(asked)
    )


def extra_trees(features: Array, scores: Array, asked: Array) -> Array:
    return (
        ExtraTreesRegressor(200, min_samples_leaf=3, max_features=0.6, random_state=0)
        .fit(features, scores)
        .predict(asked)
    )


def boosting(features: Array, scores: Array, asked: Array) -> Array:
    one = HistGradientBoostingRegressor(max_iter=80, learning_rate=0.06, max_leaf_nodes=12, random_state=0)
    return np.asarray(MultiOutputRegressor(one).fit(features, scores).predict(asked))


def low_rank(features: Array, scores: Array, asked: Array) -> Array:
    """A forest for each of the first principal components of the scores."""
    mean = scores.mean(axis=0)
    _, _, axes = np.linalg.svd(scores - mean, full_matrices=False)
    axes = axes[:RANK]
    return mean + forest(features, (scores - mean) @ axes.T, asked) @ axes


def averages(features: Array, scores: Array, asked: Array) -> Array:
    return np.broadcast_to(scores.mean(axis=0), (len(asked), scores.shape[1]))


MODELS: dict[str, Model] = {
    "mean scores": averages,
    "random forest": forest,
    "extra trees": extra_trees,
    "gradient boosting": boosting,
    f"forest on {RANK} components": low_rank,
}
SELECTOR = "selector (prospects)"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", help="a finished campaign with whole races, of recipe standard or larger")
    arguments = parser.parse_args()
    console = Console(width=120)
    data = read_scores(arguments.folder, split="train")
    judged = {name: _by_model(data, model) for name, model in MODELS.items()} | {SELECTOR: _by_selector(data)}
    console.print(f"{len(data.specs)} training problems, {len(data.optimizers)} optimizers\n")
    table = Table("model", title="Models of the scores", title_justify="left")
    for head in ("gap closed", *(f"regret, first {k}" for k in FIRST), "seconds"):
        table.add_column(head, justify="right")
    for name, one in judged.items():
        table.add_row(name, f"{_closed(data, one):.1%}", *_regrets(data, one), f"{one.seconds:.1f}")
    console.print(table)
    console.print(_filling_table(data))
    best = max(_closed(data, one) for one in judged.values())
    met = _closed(data, judged[SELECTOR]) >= best - MARGIN
    console.print("met" if met else "MISSED")
    return 0 if met else 1


def _by_model(data: Scores, model: Model) -> Judged:
    expected = np.zeros_like(data.score)
    began = time.perf_counter()
    for held, train in _folds(data):
        expected[held] = model(data.features[train], data.score[train], data.features[held])
    seconds = (time.perf_counter() - began) / FOLDS
    return Judged(np.argsort(-np.where(data.applies, expected, -1.0), axis=1, kind="stable"), seconds)


def _by_selector(data: Scores) -> Judged:
    order = np.zeros(data.score.shape, dtype=np.int64)
    began = time.perf_counter()
    for held, train in _folds(data):
        _name(data, order, held, data.score[train], train)
    return Judged(order, (time.perf_counter() - began) / FOLDS)


def _name(
    data: Scores, order: NDArray[np.int64], held: NDArray[np.int64], scores: Array, train: NDArray[np.int64]
) -> None:
    """Fills in the order of the held problems, by a selector with these scores of the training problems."""
    column = {name: position for position, name in enumerate(data.optimizers)}
    selector = grown(tuple(data.optimizers), data.features[train], scores, ForestSettings())
    for problem, alike in zip(held, selector.precedents(data.features[held]), strict=True):
        applying = {name for name, applies in zip(data.optimizers, data.applies[problem], strict=True) if applies}
        named = [column[name] for name in prospects(alike, scores, data.optimizers, applying)]
        order[problem] = [*named, *(c for c in column.values() if c not in named)]


def _folds(data: Scores) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    everything = np.arange(len(data.specs))
    return [(held, np.setdiff1d(everything, held)) for held in folds_of(len(everything), 0)]


def _filling_table(data: Scores) -> Table:
    """What a selector loses by being fitted on what informed races leave."""
    table = Table("gaps of informed races", title="Fitted on informed races", title_justify="left")
    for head in ("measured", "gap closed", *(f"regret, first {k}" for k in FIRST)):
        table.add_column(head, justify="right")
    complete, zeros, filled = (np.zeros(data.score.shape, dtype=np.int64) for _ in range(3))
    shares: list[float] = []
    for held, train in _folds(data):
        masked = _as_informed(data, train)
        gaps = np.isnan(masked) & data.applies[train]
        shares.append(1 - gaps.sum() / data.applies[train].sum())
        ids = tuple(data.specs[problem].problem_id for problem in train)
        complete_N = np.array([not row.any() for row in gaps])
        whole = whole_scores(Measured(ids, tuple(data.optimizers), data.features[train], masked, complete_N))
        for order, scores in (
            (complete, data.score[train]),
            (zeros, np.nan_to_num(masked)),
            (filled, np.where(gaps, whole, data.score[train])),
        ):
            _name(data, order, held, scores, train)
    for label, order, share in (
        ("none: whole races", complete, 1.0),
        ("count as zeros", zeros, float(np.mean(shares))),
        ("filled in", filled, float(np.mean(shares))),
    ):
        one = Judged(order, 0.0)
        table.add_row(label, f"{share:.0%}", f"{_closed(data, one):.1%}", *_regrets(data, one))
    return table


def _as_informed(data: Scores, train: NDArray[np.int64]) -> Array:
    """The scores that informed races would have measured, where the first third of the problems has whole races."""
    known = len(train) // 3
    first = train[stream("selectors", "known").permutation(len(train))[:known]]
    policy = Informed(prior="", first_informed=0)
    ids = tuple(data.specs[problem].problem_id for problem in first)
    there = Measured(ids, tuple(data.optimizers), data.features[first], data.score[first], data.whole[first])
    selector = fitted(there)
    masked = np.where(data.applies[train], data.score[train], np.nan)
    for row, (problem, alike) in enumerate(zip(train, selector.precedents(data.features[train]), strict=True)):
        applying = {name for name, applies in zip(data.optimizers, data.applies[problem], strict=True) if applies}
        hopes = prospects(alike, data.score[first], data.optimizers, applying)
        informed = isinstance(rule_for(policy, data.specs[problem].problem_id, hopes), Informed)
        if problem not in first and informed:
            run = {name for name, gain in hopes.items() if gain >= policy.least_gain} | {*list(hopes)[: policy.opened]}
            masked[row, [name not in run for name in data.optimizers]] = np.nan
    return masked


def _regrets(data: Scores, judged: Judged) -> list[str]:
    found = np.take_along_axis(data.score, judged.order, axis=1)
    return [f"{(data.virtual_best - found[:, :k].max(axis=1)).mean():.4f}" for k in FIRST]


def _closed(data: Scores, judged: Judged) -> float:
    chosen = data.score[np.arange(len(data.specs)), judged.order[:, 0]].mean()
    single = data.score.mean(axis=0).max()
    return float((chosen - single) / (data.virtual_best.mean() - single))


if __name__ == "__main__":
    raise SystemExit(main())
