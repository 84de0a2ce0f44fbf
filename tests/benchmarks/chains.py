"""Measures what chained optimizers add: today's portfolio beside the same portfolio without its family `hybrid`.

    python tests/benchmarks/chains.py chains-runs

Problems are drawn like those of recipe `standard`, from a seed that no recipe uses and nobody tuned on. Every optimizer
that applies runs with its first settings and three fresh seeds. Runs are kept in the folder and made once. The earlier
portfolio has no chain and declines where it did before limits were measured; the two optimizers and the settings that
left with them are in neither. Compared are, on a log scale from random search (0) to the tolerance (1):

- the **single best solver**, chosen for problems with and without constraints apart, on one half of the problems and
  judged on the other, each half in turn;
- the **virtual best**, the best optimizer of each problem, chosen on two seeds and judged on the third, each in turn.

Prints means, differences with 95 % intervals by a bootstrap over problems, what each optimizer adds, and how often it
is the best; exits with 1 where the single best solver gains less than 0.05, the virtual best less than 0.03, an
interval includes zero, or constrained problems gain nothing.
"""

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from llamoco_data.identity import stream
from llamoco_data.ordering import results_of, yardstick
from llamoco_data.portfolio import BASELINE, OPTIMIZER_BY_NAME, OPTIMIZERS, portfolio, render
from llamoco_data.portfolio.limits import Limits
from llamoco_data.problems.evaluation import build
from llamoco_data.problems.sampling import sample
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.recipes import recipe
from llamoco_data.runs import RunRecord, run_program
from llamoco_data.verdicts import floor_from, run_scores

SEED = 20_261
"""Seed of the problems; no recipe has it."""
RUN_SEEDS = (70_001, 70_002, 70_003)
EARLIER_LIMITS: Mapping[str, int] = {"bobyqa": 20, "cobyla": 20, "trust_constr": 20}
"""Largest dimension that an optimizer took before limits were measured."""
SINGLE_BAR, VIRTUAL_BAR = 0.05, 0.03

Pick = Callable[[NDArray[np.bool_]], NDArray[np.float64]]
"""From the optimizers that a portfolio has on each problem, of shape (problems, optimizers), to a score for each
problem."""


@dataclass(frozen=True, slots=True)
class Measured:
    """How every optimizer did on every problem worth comparing."""

    names: list[str]
    score: NDArray[np.float64]
    """(problems, optimizers, seeds); NaN where the optimizer declines."""
    constrained: NDArray[np.bool_]
    earlier: NDArray[np.bool_]
    """(problems, optimizers): whether the earlier portfolio had the optimizer for the problem."""


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path, help="where runs are kept")
    parser.add_argument("--problems", type=int, default=240)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    console = Console(width=120)
    specs = [sample(recipe("standard").mixture, SEED, index) for index in range(arguments.problems)]
    measured = compared(specs, list(_all_runs(specs, arguments.folder, arguments.workers, console)))
    console.print(f"{len(measured.constrained)} of {len(specs)} problems tell optimizers apart, 3 seeds\n")
    met = _print_gains(console, measured)
    _print_chains(console, measured)
    console.print("met" if met else "MISSED")
    return 0 if met else 1


def _all_runs(specs: Sequence[ProblemSpec], folder: Path, workers: int, console: Console) -> Iterator[list[RunRecord]]:
    """The runs of each problem, kept in one file each."""
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(workers) as pool:
        for index, records in enumerate(pool.map(runs_of, specs, [folder] * len(specs))):
            if (index + 1) % 20 == 0:
                console.print(f"{index + 1} of {len(specs)} problems")
            yield records


def runs_of(spec: ProblemSpec, folder: Path) -> list[RunRecord]:
    """The runs of every optimizer that applies to a problem; those that the folder has are read."""
    file = folder / f"{spec.problem_id}.jsonl"
    lines = file.read_text().splitlines() if file.exists() else []
    kept = {(record.candidate_id, record.seed): record for record in map(RunRecord.from_json, lines)}
    problem, records = build(spec), list[RunRecord]()
    for candidate in first_candidates():
        if OPTIMIZER_BY_NAME[candidate.optimizer].declines(spec):
            continue
        for seed in RUN_SEEDS:
            if (candidate.candidate_id, seed) not in kept:
                record = run_program(render(candidate, spec), spec, seed, problem=problem)
                kept[candidate.candidate_id, seed] = record
            records.append(kept[candidate.candidate_id, seed])
    file.write_text("".join(json.dumps(record.model_dump(mode="json")) + "\n" for record in kept.values()))
    return records


def first_candidates():
    """Each optimizer with its first settings."""
    return [portfolio((optimizer.name,))[0] for optimizer in OPTIMIZERS]


def compared(specs: Sequence[ProblemSpec], runs: Sequence[Sequence[RunRecord]]) -> Measured:
    """Scores of all runs; problems that random search solves, or nobody, are left out."""
    optimizer = {candidate.candidate_id: candidate.optimizer for candidate in first_candidates()}
    names = list(optimizer.values())
    scores: list[NDArray[np.float64]] = []
    kept: list[ProblemSpec] = []
    for spec, records in zip(specs, runs, strict=True):
        measured_by = yardstick(records)
        by_name: dict[str, list[RunRecord]] = {}
        for record in records:
            by_name.setdefault(optimizer[record.candidate_id], []).append(record)
        floor = floor_from(by_name[BASELINE], measured_by)
        if floor is None or floor <= measured_by.tolerance:
            continue
        table = np.full((len(names), len(RUN_SEEDS)), np.nan)
        for name, of_one in by_name.items():
            (result,) = results_of([of_one], measured_by)
            table[names.index(name)] = run_scores(result.error, floor, measured_by.tolerance)
        kept.append(spec)
        scores.append(table)
    return Measured(
        names=names,
        score=np.array(scores),
        constrained=np.array([bool(spec.constraints) for spec in kept]),
        earlier=np.array([[_was_there(name, spec) for name in names] for spec in kept]),
    )


def _was_there(name: str, spec: ProblemSpec) -> bool:
    earlier = Limits(max_dimension=EARLIER_LIMITS.get(name))
    return OPTIMIZER_BY_NAME[name].family != "hybrid" and (
        earlier.max_dimension is None or spec.dimension <= earlier.max_dimension
    )


def single_best(measured: Measured, there: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Scores of the single best solver, by class; where it is not there, of the next best that is."""
    mean_PO = np.where(there, np.nan_to_num(measured.score.mean(axis=2)), 0.0)
    available = there & ~np.isnan(measured.score[:, :, 0])
    judged = np.zeros(len(mean_PO))
    half = stream("chains", "halves").permutation(len(mean_PO)) % 2
    for constrained in (False, True):
        for side in (0, 1):
            choosing = (measured.constrained == constrained) & (half != side)
            order = np.argsort(-mean_PO[choosing].mean(axis=0), kind="stable")
            for problem in np.flatnonzero((measured.constrained == constrained) & (half == side)):
                judged[problem] = mean_PO[problem, next(o for o in order if available[problem, o])]
    return judged


def virtual_best(measured: Measured, there: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Scores of each problem's best optimizer, chosen on all seeds but the one that judges."""
    score = np.where(there[:, :, None] & ~np.isnan(measured.score), measured.score, -1.0)
    rows = np.arange(len(score))
    total = np.zeros(len(score))
    for judging, choosing in enumerate(combinations(range(len(RUN_SEEDS) - 1, -1, -1), len(RUN_SEEDS) - 1)):
        chosen = score[:, :, list(choosing)].mean(axis=2).argmax(axis=1)
        total += score[rows, chosen, judging]
    return total / len(RUN_SEEDS)


def _print_gains(console: Console, measured: Measured) -> bool:
    everyone = np.ones_like(measured.earlier)
    table = Table(
        "problems", "", title="Score, and what chains add [95 % interval over problems]", title_justify="left"
    )
    for head in ("number", "earlier", "today", "gain"):
        table.add_column(head, justify="right")
    met = True
    classes = {"all": np.ones(len(everyone), bool), "unconstrained": ~measured.constrained}
    for label, inside in (classes | {"constrained": measured.constrained}).items():
        for what, pick, bar in (
            ("single best solver", single_best, SINGLE_BAR),
            ("virtual best", virtual_best, VIRTUAL_BAR),
        ):
            earlier, today = pick(measured, measured.earlier)[inside], pick(measured, everyone)[inside]
            gain = today - earlier
            picks = stream("chains", "interval").integers(len(gain), size=(5_000, len(gain)))
            low, high = np.quantile(gain[picks].mean(axis=1), [0.025, 0.975])
            table.add_row(
                label,
                what,
                str(len(gain)),
                f"{earlier.mean():.3f}",
                f"{today.mean():.3f}",
                f"{gain.mean():+.3f} [{low:+.3f}, {high:+.3f}]",
            )
            if label == "all":
                met &= bool(gain.mean() >= bar and low > 0)
            if label == "constrained":
                met &= bool(gain.mean() > 0)
    console.print(table)
    return met


def _print_chains(console: Console, measured: Measured) -> None:
    """Every optimizer: its mean score, how often it is the best, and what the virtual best loses without it."""
    everyone = np.ones_like(measured.earlier)
    whole = virtual_best(measured, everyone)
    mean_PO = measured.score.mean(axis=2)
    wins = Counter(measured.names[o] for o in np.nanargmax(mean_PO, axis=1))
    table = Table("optimizer", "family", title="Optimizers, first settings", title_justify="left")
    for head in ("applies to", "unconstrained", "constrained", "best on", "virtual best loses without it"):
        table.add_column(head, justify="right")
    for o, name in enumerate(measured.names):
        without = everyone.copy()
        without[:, o] = False
        lost = float((whole - virtual_best(measured, without)).mean())
        by_class = [mean_PO[side, o] for side in (~measured.constrained, measured.constrained)]
        means = [f"{np.nan_to_num(m).mean():.3f}" if (~np.isnan(m)).any() else "-" for m in by_class]
        applies = f"{(~np.isnan(mean_PO[:, o])).mean():.0%}"
        table.add_row(name, OPTIMIZER_BY_NAME[name].family, applies, *means, str(wins[name]), f"{lost:+.4f}")
    console.print(table)


if __name__ == "__main__":
    raise SystemExit(main())
