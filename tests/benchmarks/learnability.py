"""Asks how much of the gap between single best solver and virtual best a classical model closes from the statement.

    llamoco-data run standard-campaign --recipe standard
    python tests/benchmarks/learnability.py standard-campaign

A forest sees what a statement says (functions, kind, dimension, budget, box, rotation, constraints), predicts the score
of every optimizer and recommends the best. It is trained on four fifths of the problems and judged on the rest, each
fifth in turn; and once more with each function family held out. Nothing is evaluated to choose, so this is what a
model that reads statements can hope for. Prints the learning curve, the share by family and by confidence of the label,
and exits with 1 where less than half of the gap is closed or the interval on held-out families includes zero.
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from llamoco_data.campaign import load_campaign, read_candidates, read_problems
from llamoco_data.identity import stream
from llamoco_data.instruction_set import split_of
from llamoco_data.portfolio import BASELINE
from llamoco_data.portfolio.stored_candidates import optimizers_of
from llamoco_data.problems.functions import FUNCTION_BY_NAME, FUNCTIONS
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.selector import Measured, features, whole_scores
from llamoco_data.selector.forest import ForestSettings, grown
from llamoco_data.verdicts import Verdict, judge

FOLDS = 5
REPEATS = 3
"""Random assignments to folds; a problem's recommendation is averaged over them."""
CURVE = (50, 100, 200, 400)
FAMILIES = tuple(dict.fromkeys(function.family for function in FUNCTIONS))


@dataclass(frozen=True, slots=True)
class Scores:
    """Problems worth teaching, and how every optimizer did on them."""

    specs: list[ProblemSpec]
    features: NDArray[np.float64]
    """(problems, features)."""
    score: NDArray[np.float64]
    """(problems, optimizers): of the optimizer's best candidate; 0 where it does not apply.

    Where an informed race did not run an optimizer that applies, its score is filled in from similar problems.
    """
    virtual_best: NDArray[np.float64]
    """(problems,): the winner's score."""
    applies: NDArray[np.bool_]
    whole: NDArray[np.bool_]
    """(problems,): whether every optimizer that applies was run, so that a choice can be judged."""
    confidence: NDArray[np.float64]
    winner: list[str]
    optimizers: list[str]
    kept_out: Counter[str]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", help="a finished campaign, of recipe standard or larger")
    arguments = parser.parse_args()
    console = Console(width=120)
    data = read_scores(arguments.folder, whole=True)
    console.print(f"{len(data.specs)} problems worth teaching; kept out: {dict(data.kept_out)}")
    _print_set(console, data)
    everything = np.arange(len(data.specs))
    random_folds = [folds_of(len(everything), repeat) for repeat in range(REPEATS)]
    new = _judged(data, random_folds)
    family_folds = [[_with_family(data, family) for family in FAMILIES]]
    held_out = _judged(data, family_folds)
    table = Table("problems", title="Share of the gap that the forest closes [95 % interval]", title_justify="left")
    for head in ("number", "single best", "forest", "virtual best", "gap closed"):
        table.add_column(head, justify="right")
    low_new = _add(table, "new problems", new)
    for size in CURVE:
        _add(table, f"  trained on {size}", _judged(data, random_folds, size))
    low_held = _add(table, "held-out function families", held_out)
    for family in FAMILIES:
        _add(table, f"  {family}", held_out[_where(held_out, _with_family(data, family))])
    for low, high in ((0.0, 0.5), (0.5, 0.8), (0.8, 1.01)):
        inside = np.flatnonzero((data.confidence >= low) & (data.confidence < high))
        _add(table, f"  confidence {low:.1f} to {min(high, 1):.1f}", new[_where(new, inside)])
    for label, constrained in (("  without constraints", False), ("  with constraints", True)):
        inside = np.flatnonzero([bool(spec.constraints) == constrained for spec in data.specs])
        _add(table, label, new[_where(new, inside)])
    console.print(table)
    met = low_new[0] >= 0.5 and low_held[1] > 0
    console.print("met" if met else "MISSED")
    return 0 if met else 1


def read_scores(folder: str, split: str | None = None, *, whole: bool = False) -> Scores:
    """The judged problems of a campaign, as a table for a classical model.

    Args:
        split: the split to read; all by default.
        whole: read problems with whole races alone. The gaps of other races are filled from all problems that are
            read, so that none of these may then be set aside.
    """
    candidates = read_candidates(folder)
    order = [candidate.candidate_id for candidate in candidates]
    optimizer = {candidate.candidate_id: candidate.optimizer for candidate in candidates}
    names = [name for name in dict.fromkeys(optimizer.values()) if name != BASELINE]
    baseline = next(candidate.candidate_id for candidate in candidates if candidate.optimizer == BASELINE)
    held_out = load_campaign(folder).held_out_families
    specs: list[ProblemSpec] = []
    verdicts: list[Verdict] = []
    are_whole: list[bool] = []
    applying: list[set[str]] = []
    kept_out: Counter[str] = Counter()
    for runs in read_problems(folder):
        kept = (split is None or split_of(runs.spec, held_out) == split) and not (whole and runs.informed)
        if runs.complete and isinstance(runs.spec, ProblemSpec) and kept:
            verdict = judge(runs.records, order=order, baseline=baseline)
            if verdict.kept_out is not None:
                kept_out[verdict.kept_out] += 1
                continue
            specs.append(runs.spec)
            verdicts.append(verdict)
            are_whole.append(not runs.informed)
            applying.append(set(optimizers_of(candidates, runs.spec).values()))
    table = np.full((len(specs), len(names) + 1), np.nan)
    column = {name: position for position, name in enumerate([*names, BASELINE])}
    confidence = np.zeros(len(specs))
    for row, verdict in enumerate(verdicts):
        for standing in reversed(verdict.standings):
            table[row, column[optimizer[standing.candidate_id]]] = standing.score
            if optimizer[standing.candidate_id] == optimizer[verdict.winner]:
                confidence[row] += standing.win_share
    applies = np.array([[name in names_there for name in names] for names_there in applying])
    seen = np.array([features(spec) for spec in specs])
    ids = tuple(spec.problem_id for spec in specs)
    filled = table[:, :-1]
    if not all(are_whole):
        filled = whole_scores(Measured(ids, tuple(names), seen, filled, np.array(are_whole)))
    return Scores(
        specs=specs,
        features=seen,
        score=np.where(applies, filled, 0.0),
        virtual_best=np.array([verdict.standings[0].score for verdict in verdicts]),
        applies=applies,
        whole=np.array(are_whole),
        confidence=confidence,
        winner=[optimizer[verdict.winner] for verdict in verdicts],
        optimizers=names,
        kept_out=kept_out,
    )


def _judged(
    data: Scores, assignments: Sequence[Sequence[NDArray[np.int64]]], size: int | None = None
) -> NDArray[np.float64]:
    """Rows of (problem, single best solver's score, forest's, virtual best's), one for each problem that is judged.

    Where a problem is judged several times, means.
    """
    rows: dict[int, list[tuple[float, float, float]]] = {}
    for repeat, folds in enumerate(assignments):
        for fold, left_out in enumerate(folds):
            train = np.setdiff1d(np.arange(len(data.specs)), left_out)
            if size is not None:
                train = stream("learnability", repeat, fold).permutation(train)[:size]
            if not len(left_out) or not len(train):
                continue
            selector = grown(tuple(data.optimizers), data.features[train], data.score[train], ForestSettings())
            predicted = np.where(data.applies[left_out], selector.expected(data.features[left_out])[0], -1.0)
            single = int(data.score[train].mean(axis=0).argmax())
            for problem, choice in zip(left_out, predicted.argmax(axis=1), strict=True):
                score = data.score[problem]
                rows.setdefault(int(problem), []).append(
                    (float(score[single]), float(score[choice]), float(data.virtual_best[problem]))
                )
    return np.array([(problem, *np.mean(values, axis=0)) for problem, values in sorted(rows.items())])


def folds_of(count: int, repeat: int) -> list[NDArray[np.int64]]:
    return np.array_split(stream("learnability", "folds", repeat).permutation(count), FOLDS)


def _with_family(data: Scores, family: str) -> NDArray[np.int64]:
    """Problems with a function of the family."""
    return np.flatnonzero([any(FUNCTION_BY_NAME[f].family == family for f in spec.functions) for spec in data.specs])


def _where(judged: NDArray[np.float64], problems: NDArray[np.int64]) -> NDArray[np.bool_]:
    return np.isin(judged[:, 0], problems)


def _closed(judged: NDArray[np.float64]) -> float:
    single, forest, best = judged[..., 1:].mean(axis=0)
    return float((forest - single) / (best - single)) if best > single else float("nan")


def _add(table: Table, label: str, judged: NDArray[np.float64]) -> tuple[float, float]:
    """Adds a row; the share of the gap, and the lower end of its interval by a bootstrap over problems."""
    if len(judged) < 5:
        table.add_row(label, str(len(judged)), "", "", "", "too few")
        return float("nan"), float("nan")
    picks = stream("learnability", "interval").integers(len(judged), size=(2_000, len(judged)))
    low, high = np.nanquantile([_closed(judged[pick]) for pick in picks], [0.025, 0.975])
    closed, means = _closed(judged), judged[:, 1:].mean(axis=0)
    table.add_row(label, str(len(judged)), *(f"{mean:.3f}" for mean in means), f"{closed:.0%} [{low:.0%}, {high:.0%}]")
    return closed, float(low)


def _print_set(console: Console, data: Scores) -> None:
    """Whether the set is worth learning: the spread of winners, and the gap between single and virtual best."""
    wins = Counter(data.winner)
    most, count = wins.most_common(1)[0]
    often = sum(n >= 0.01 * len(data.winner) for n in wins.values())
    single = data.score[:, data.score.mean(axis=0).argmax()]
    gap = data.virtual_best - single
    picks = stream("learnability", "gap").integers(len(gap), size=(5_000, len(gap)))
    low, high = np.quantile(gap[picks].mean(axis=1), [0.025, 0.975])
    console.print(", ".join(f"{name} {n}" for name, n in wins.most_common()))
    console.print(
        f"most wins: {most} {count / len(data.winner):.1%}; {often} optimizers win 1 % or more; "
        f"virtual best - single best ({data.optimizers[int(data.score.mean(axis=0).argmax())]}): "
        f"{gap.mean():.3f} [{low:.3f}, {high:.3f}]\n"
    )


if __name__ == "__main__":
    raise SystemExit(main())
