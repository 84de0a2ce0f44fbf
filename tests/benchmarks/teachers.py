"""Asks whether a verdict shrunk towards what is known of similar problems teaches better than the measured winner.

    python tests/benchmarks/teachers.py standard-campaign truth-tuning truth-test

The measured winner is that of the race. The other teacher has a forest, trained on the standard campaign, which
predicts every optimizer's score from the statement. It weighs that against what the race measured, each by its
precision (normal-normal shrinkage: Efron & Morris 1973), and names the optimizer with the best posterior mean, in the
settings that stood best in the race. Both see the same runs; the truth is made of seeds that neither has seen. How
noisy a run is, is learned from the tuning problems; the weight of the prior is chosen there, too.
"""

import argparse
from dataclasses import dataclass

import numpy as np
from learnability import Scores, read_scores
from numpy.typing import NDArray
from racing import REPLAYS, Field, Reference, interval, raced, read_references, reordered
from rich.console import Console
from rich.table import Table
from sklearn.ensemble import RandomForestRegressor

from llamoco_data.confidence import NEAR
from llamoco_data.portfolio import BASELINE
from llamoco_data.racing import Race
from llamoco_data.selector import features
from llamoco_data.verdicts import Verdict

WEIGHTS = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0)
"""Times the precision of the prior; 0 is the measured score alone."""


@dataclass(frozen=True, slots=True)
class Prior:
    """What is known of similar problems."""

    forest: RandomForestRegressor
    optimizers: list[str]
    variance: float
    """Of a score around its prediction, out of bag."""
    noise: float
    """Variance of the score of one run around that of many."""

    def predicted(self, reference: Reference) -> dict[str, float]:
        scores = self.forest.predict(features(reference.spec)[None])[0]
        return dict(zip(self.optimizers, scores.tolist(), strict=True))


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("standard", help="a finished campaign of recipe standard")
    parser.add_argument("tuning", help="the tuning campaign of tests/benchmarks/truth.py")
    parser.add_argument("test", help="its test campaign")
    arguments = parser.parse_args()
    console = Console(width=120)
    tuning, test = read_references(arguments.tuning), read_references(arguments.test)
    prior = _prior(read_scores(arguments.standard), _noise(*tuning))
    console.print(f"prior: standard deviation {prior.variance**0.5:.3f}; one run: {prior.noise**0.5:.3f}\n")
    for name, (field, references) in (("tuning", tuning), ("test", test)):
        title = f"{len(references)} problems of the {name} set, {REPLAYS} replays"
        console.print(_table(title, _regrets(field, references, prior)))
    return 0


def _prior(data: Scores, noise: float) -> Prior:
    forest = RandomForestRegressor(500, min_samples_leaf=2, max_features=0.4, oob_score=True, random_state=0)
    forest.fit(data.features, data.score)
    residual = np.where(data.applies, data.score - forest.oob_prediction_, np.nan)
    return Prior(forest, data.optimizers, float(np.nanvar(residual)), noise)


def _noise(field: Field, references: list[Reference]) -> float:
    """Mean over problems and candidates of the variance of the scores of single runs."""
    variances: list[float] = []
    for reference in references:
        num_seeds = len(next(iter(reference.records.values())))
        single: dict[str, list[float]] = {}
        for place in range(num_seeds):
            for standing in field.judge([records[place] for records in reference.records.values()]).standings:
                single.setdefault(standing.candidate_id, []).append(standing.score)
        variances += [float(np.var(scores, ddof=1)) for scores in single.values()]
    return float(np.mean(variances))


def _regrets(field: Field, references: list[Reference], prior: Prior) -> dict[float | None, NDArray[np.float64]]:
    """By teacher, for each problem the mean regret over the replays, by seeds that the teacher has not seen."""
    regrets = {teacher: np.zeros((len(references), REPLAYS)) for teacher in (None, *WEIGHTS)}
    for position, reference in enumerate(references):
        predicted = prior.predicted(reference)
        for replay in range(REPLAYS):
            served, unseen = reordered(reference, replay)
            truth = {s.candidate_id: s.score for s in field.judge(unseen).standings}
            verdict = field.judge(raced(Race(), reference, served))
            for teacher, table in regrets.items():
                chosen = verdict.winner if teacher is None else _shrunk(field, verdict, predicted, prior, teacher)
                table[position, replay] = max(truth.values()) - truth[chosen]
    return {teacher: table.mean(axis=1) for teacher, table in regrets.items()}


def _shrunk(field: Field, verdict: Verdict, predicted: dict[str, float], prior: Prior, weight: float) -> str:
    """The candidate of the best posterior mean, where each optimizer is represented by its best standing."""
    best, chosen, seen = -np.inf, verdict.winner, set[str]()
    for standing in verdict.standings:
        optimizer = field.candidates[standing.candidate_id].optimizer
        if optimizer in seen or optimizer == BASELINE:
            continue
        seen.add(optimizer)
        measured, known = standing.runs / prior.noise, weight / prior.variance
        mean = (measured * standing.score + known * predicted[optimizer]) / (measured + known)
        if mean > best:
            best, chosen = mean, standing.candidate_id
    return chosen


def _table(title: str, regret: dict[float | None, NDArray[np.float64]]) -> Table:
    table = Table("teacher", title=title, title_justify="left")
    for head in ("mean regret", "regret < 0.02", "less than that of the winner"):
        table.add_column(head, justify="right")
    for weight, values in regret.items():
        label = "measured winner" if weight is None else f"shrunk, prior x {weight:g}"
        low, high = interval(values - regret[None])
        difference = "" if weight is None else f"{np.mean(values - regret[None]):+.4f} [{low:+.4f}, {high:+.4f}]"
        table.add_row(label, f"{values.mean():.4f}", f"{(values < NEAR).mean():.0%}", difference)
    return table


if __name__ == "__main__":
    raise SystemExit(main())
