"""Compares the choices of tuned models on the problems of a split, without running a program.

    python -m tests.benchmarks.choosing standard-export runs/compact runs/other --split validation

A choice counts the score of its optimizer in the row. Where an informed race left that optimizer out, it counts what a
forest on the training problems expects of it, and no more than the best optimizer of the problem reached; 0 where it
does not apply. Each of a problem's prompts is asked alone, and a problem counts their mean, so the figure is that of a
single prompt. Then choices are averaged over two prompts of a problem, and over all. Intervals are over problems, 95 %;
differences are those to the first model on the same problems. For a model that takes long, `--prompts 1` asks one
prompt of each problem, the forms and wordings in turn, and `--precision auto` asks in 16 bits where the processor
multiplies them.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from llamoco_data import read_instructions
from llamoco_data.problems.own_spec import read_spec
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.selector.features import features
from llamoco_data.selector.forest import Selector, fitted
from llamoco_data.selector.training import applying_to, training_of
from llamoco_tune import model as models
from llamoco_tune.choice import choice_log_probabilities
from llamoco_tune.openings import read_openings
from llamoco_tune.quiet import quiet_transformers
from llamoco_tune.tokens import Template
from llamoco_tune.trie import Trie

RESAMPLES = 2_000


@dataclass(frozen=True, slots=True)
class Problems:
    """The problems of a split. Axes: P problems, O optimizers of the forest."""

    ids: list[str]
    optimizers: tuple[str, ...]
    """Names of the forest's optimizers."""
    prompts: list[list[str]]
    """All prompts of each problem."""
    scores: NDArray[np.float64]
    """(P, O): what a choice counts."""
    best: NDArray[np.float64]
    single_best: NDArray[np.float64]
    forest: NDArray[np.intp]
    """(P,): the forest's choice."""
    labels: list[set[str]]
    """Optimizers of the label and its near-ties."""

    def gap(self, *score_P: NDArray[np.float64]) -> tuple[float, float, float]:
        """Share of the gap that is closed by one run, or by several on average, and its interval."""
        return interval(np.array(score_P) - self.single_best, self.best - self.single_best)

    def less(self, score_SP: NDArray[np.float64], first_SP: NDArray[np.float64]) -> tuple[float, float, float]:
        """What runs close of the gap beyond those in the same row of `first_SP`, and its interval."""
        return interval(score_SP - first_SP, self.best - self.single_best)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("export", type=Path)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--split", default="validation")
    parser.add_argument("--prompts", type=int, metavar="K", help="most prompts of a problem that are asked")
    parser.add_argument("--precision", choices=("fp32", "bf16", "auto"), default="fp32")
    arguments = parser.parse_args()
    quiet_transformers()
    console = Console(width=140)
    training = training_of(read_instructions(arguments.export, split="train"))
    assert training is not None, "the export has too few training problems"
    selector = fitted(training.measured)
    problems = problems_of(read_instructions(arguments.export, split=arguments.split), selector, arguments.prompts)
    rows = np.arange(len(problems.ids))
    table = Table(
        "choices", title=f"Gap closed on {len(rows)} problems of {arguments.split} [95 %]", title_justify="left"
    )
    for head in ("one prompt", "less the first", "mean of two", "mean of all", "label or near-tie", "optimizers"):
        table.add_column(head, justify="right")
    forest_P = problems.scores[rows, problems.forest]
    near = [selector.optimizers[o] in names for o, names in zip(problems.forest, problems.labels, strict=True)]
    table.add_row(
        "forest", shown(problems.gap(forest_P)), "", "", "", f"{np.mean(near):.0%}", str(len(set(problems.forest)))
    )
    first_P: NDArray[np.float64] | None = None
    for name in arguments.models:
        log_RK, columns = choices_of(name, problems, arguments.precision)
        single_P, two_P, all_P = (scores_of(problems, log_RK, columns, of=count) for count in (1, 2, 10**6))
        first_P = single_P if first_P is None else first_P
        less = problems.less(single_P[None], first_P[None]) if single_P is not first_P else None
        chosen = [[selector.optimizers[columns[k]] for k in log_MK.argmax(1)] for log_MK in log_RK]
        near = [
            np.mean([each in names for each in picks]) for picks, names in zip(chosen, problems.labels, strict=True)
        ]
        table.add_row(
            name, shown(problems.gap(single_P)), shown(less) if less else "", shown(problems.gap(two_P)),
            shown(problems.gap(all_P)), *_kinds(chosen, problems.labels),
        )  # fmt: skip
    console.print(table)


def problems_of(table: pa.Table, selector: Selector, most_prompts: int | None = None) -> Problems:
    """The problems in the rows of a split, with so many of their prompts."""
    by_problem: dict[str, list[dict[str, Any]]] = {}
    wanted = ["problem_id", "prompt", "problem_spec", "optimizer_scores", "single_best_score", "near_ties", "optimizer"]
    for row in table.select(wanted).to_pylist():
        by_problem.setdefault(row["problem_id"], []).append(row)
    firsts = [rows[0] for rows in by_problem.values()]
    specs = [read_spec(row["problem_spec"]) for row in firsts]
    known = [{each["optimizer"]: each["score"] for each in row["optimizer_scores"]} for row in firsts]
    score_PO = np.array([[row.get(name, np.nan) for name in selector.optimizers] for row in known])
    best_P = np.array([max(row.values()) for row in known])
    expected_PO, _ = selector.expected(np.array([features(spec) for spec in specs if isinstance(spec, ProblemSpec)]))
    applying = [applying_to(selector.optimizers, spec) for spec in specs]
    applies_PO = np.array([[name in names for name in selector.optimizers] for names in applying])
    filled_PO = np.where(np.isnan(score_PO), np.minimum(expected_PO, best_P[:, None]) * applies_PO, score_PO)
    return Problems(
        ids=list(by_problem),
        optimizers=tuple(selector.optimizers),
        prompts=[
            [rows[(number + k) % len(rows)]["prompt"] for k in range(min(most_prompts or len(rows), len(rows)))]
            for number, rows in enumerate(by_problem.values())
        ],
        scores=filled_PO,
        best=best_P,
        single_best=np.array([row["single_best_score"] for row in firsts]),
        forest=np.where(applies_PO, expected_PO, -1.0).argmax(axis=1),
        labels=[{row["optimizer"], *(tie["optimizer"] for tie in row["near_ties"])} for row in firsts],
    )


def log_choices(
    name: str, prompts: Sequence[str], precision: models.Precision = "fp32"
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """A model's log-probability of each optimizer for each prompt, and the optimizers."""
    loaded, openings = models.load(name, precision=precision), read_openings(name)
    assert openings is not None, f"{name} does not choose"
    model = models.prepared(loaded.model.eval(), None, compiled=False)
    ids = Template.of(loaded.tokenizer).prompts_ids(prompts)
    return choice_log_probabilities(model, Trie.of(openings), ids), openings.optimizers


def choices_of(
    name: str, problems: Problems, precision: models.Precision = "fp32"
) -> tuple[list[NDArray[np.float64]], NDArray[np.intp]]:
    """A model's log-probabilities for each problem's prompts, (prompts, K) each, and the K optimizers' columns."""
    log_NK, optimizers = log_choices(name, [prompt for each in problems.prompts for prompt in each], precision)
    ends = np.cumsum([len(each) for each in problems.prompts])
    return np.split(log_NK, ends[:-1]), np.array([problems.optimizers.index(each) for each in optimizers])


def scores_of(
    problems: Problems, log_RK: Sequence[NDArray[np.float64]], columns: NDArray[np.intp], *, of: int
) -> NDArray[np.float64]:
    """What each problem counts, (P,), if choices are averaged over groups of prompts."""
    found: list[float] = []
    for score_O, log_MK in zip(problems.scores, log_RK, strict=True):
        # Prompts of one problem are listed by form, so every second one belongs to a group.
        groups = np.array_split(log_MK[_in_turn(len(log_MK))], max(1, len(log_MK) // of))
        found.append(float(np.mean([score_O[columns[group.mean(0).argmax()]] for group in groups])))
    return np.array(found)


def _in_turn(count: int) -> NDArray[np.intp]:
    half = -(-count // 2)
    return np.array([i // 2 + half * (i % 2) for i in range(count)]) if count % 2 == 0 else np.arange(count)


def _kinds(chosen: Sequence[Sequence[str]], labels: Sequence[set[str]]) -> tuple[str, str]:
    """Share of choices that are the label or a near-tie, and number of different optimizers chosen."""
    right = np.mean([np.mean([name in names for name in each]) for each, names in zip(chosen, labels, strict=True)])
    return f"{right:.0%}", str(len({name for each in chosen for name in each}))


def interval(gain_SP: NDArray[np.float64], width_P: NDArray[np.float64]) -> tuple[float, float, float]:
    """Share of the gap that is gained, and its interval over problems and over the S runs, both drawn with replacement.

    Args:
        gain_SP: what each run gains on each problem.
        width_P: width of the gap.
    """
    rng = np.random.default_rng(0)
    num_runs, num_problems = gain_SP.shape
    rows = rng.integers(0, num_problems, (RESAMPLES, num_problems))
    gain_RP = gain_SP[rng.integers(0, num_runs, (RESAMPLES, num_runs))].mean(1)
    drawn = np.take_along_axis(gain_RP, rows, 1).mean(1) / width_P[rows].mean(1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(gain_SP.mean() / width_P.mean()), float(low), float(high)


def shown(found: tuple[float, float, float]) -> str:
    """A share and its interval, as they stand in a table."""
    share, low, high = found
    return f"{share:.0%} [{low:.0%}, {high:.0%}]"


if __name__ == "__main__":
    main()
