"""Writes docs/results.md from the scores in docs/results/scores: every model and rival on every block of problems.

    python docs/results.py            # writes the page
    python docs/results.py --check    # changes nothing; exits with 1 if the page is out of date

A folder there is one that `llamoco-data score` wrote. Equal folders give equal bytes.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

import numpy as np

from llamoco_data.comparison import compare, read_scores
from llamoco_data.comparison.blocks import SINGLE_BEST, VIRTUAL_BEST
from llamoco_data.comparison.numbers import BlockNumbers, Measure, Row
from llamoco_data.comparison.reading import ScoreFolder
from llamoco_data.instruction_set import REAL
from llamoco_data.problems.suites import MOST_EVALUATIONS
from llamoco_data.scoring import intervals
from llamoco_data.scoring.contenders import BASELINES
from llamoco_data.scoring.repairs import repairs_line
from llamoco_data.scoring.scored import ScoredProblem

ROOT = Path(__file__).parents[1]
SCORES = ROOT / "docs" / "results" / "scores"
PAGE = ROOT / "docs" / "results.md"
BUDGETS = ("100 for each variable", "1,000 for each variable", f"{MOST_EVALUATIONS:,}")
"""Evaluation budgets of real problems; the last is also the most."""

HEAD = """# Results

Each row is a model or a rival, each block a set of problems that nothing was trained on. A contender answers every
problem once, and its program runs confined with three seeds. The package's model writes its next choice where a program
has a slip that can be seen without running it, as `ask` does. All numbers are means over the problems of a block, with
95 % intervals over problems.

- *Score* is 0 for random search at the same budget and 1 at the target; a program that fails has 0.
- *Gap closed* is the share of the way from the single best solver to the virtual best.
- *AOCC* is the area over the convergence curve, *solved* the share of runs that end within the tolerance.
- *p* is that of Wilcoxon's test against the single best solver, with Holm's correction for all rows of the block, and
  *effect* the matched-pairs rank-biserial correlation with it.

The *statement forest* is told what a model has to read: names and families of a problem's functions, whether they have
many minima, their conditioning, sizes. Of real problems it is told nothing, and gives the single best solver.

The formulas and their sources are on the page about [scoring](scoring.md). `make results` writes this page from
`docs/results/scores`.
"""
UNKNOWN = """## What is not known

- The model of the package is one run of one seed. By its scores it is told apart on no block from the model before,
  which the set's first release taught and which [found as much on real problems, but
  sooner](tuned-models.md#programs-that-go-on-as-they-began).
- Rivals without a row in a block were not run there; `llamoco-data baseline` writes their programs. `ngopt` takes up to
  a minute for a run. [On 60 problems without constraints](benchmarks.md#a-wizard) it scores 0.318; SLSQP, the single
  best solver of this page, 0.310; `direct_bobyqa`, the single best solver of 60 others of their kind, 0.401; and
  `lshade_bobyqa`, which did best on these, 0.449.
- With 20,000 evaluations pycma's defaults have a higher mean than the package's model on real problems, within the
  intervals, and its three likeliest optimizers in turn are level with them. What the model was taught has at most
  10,000.
- Three of the 58 real problems that have a third budget, of 20,000 evaluations, were not raced at it, and
  [the heaviest](real-problems.md#what-the-released-set-lacks) at none.
"""


def page(folders: Sequence[ScoreFolder]) -> str:
    """The page's text."""
    blocks = {block.split: _block(block) for block in compare(folders, traces=False).blocks}
    if REAL in blocks:
        blocks[REAL] += _by_budget(folders)
    return "\n".join([HEAD, *blocks.values(), UNKNOWN])


def _block(block: BlockNumbers) -> str:
    left_out = f"; {block.num_left_out} others are not counted, as some rows lack them" if block.num_left_out else ""
    lines = [
        f"## `{block.split}`",
        "",
        f"{block.num_problems} problems{left_out}.",
        "",
        "| | score | gap closed | AOCC | solved | p | effect |",
        "| --- | --: | --: | --: | --: | --: | --: |",
        *map(_row, block.rows),
        "",
    ]
    for row in block.rows:
        if row.writing is not None and row.wrote:
            failures = ", ".join(f"{count} {stage}" for stage, count in row.writing.failures.items()) or "none"
            written, runs = row.writing.num_programs, row.writing.runs
            wrote = f"`{row.name}` wrote {written} programs, on average of {row.writing.tokens:.0f} tokens and in"
            took = f"{row.writing.seconds:.2f} s; {round(runs.value * written)} of them run, {_share(runs)}."
            repairs = f" Repaired by a model: {repairs_line(row.writing.repairs)}." if row.writing.repairs else ""
            lines += [f"{wrote} {took} Failures: {failures}.{repairs}", ""]
    return "\n".join(lines)


def _by_budget(folders: Sequence[ScoreFolder]) -> str:
    """A table of the scores on real problems at each of their budgets; nothing where all have the same.

    A contender has no cell at a budget where it lacks a problem.
    """
    problems = {one.problem_id: one for folder in folders for one in folder.problems.values() if one.split == REAL}
    ids = {budget: [each for each in sorted(problems) if _budget(problems[each]) == budget] for budget in BUDGETS}
    ids = {budget: found for budget, found in ids.items() if found}
    if len(ids) == 1:
        return ""
    scores: dict[str, dict[str, float]] = {}
    for folder in folders:
        for score in folder.scores:
            if score.split == REAL:
                name = folder.summary.model if score.contender == "model" else score.contender
                scores.setdefault(name, {})[score.problem_id] = score.score
    heads = [f"{budget}, {len(found)} problems" for budget, found in ids.items()]
    told = (
        "By evaluation budget, which is at most 20,000: the score, and below it the gap closed. The columns hold much\n"
        "the same problems; the table above averages over all, and its intervals and tests take a problem with all of\n"
        "its budgets as one."
    )
    lines = ["", told, "", f"| | {' | '.join(heads)} |", f"| --- {'| --: ' * len(ids)}|"]
    for name in sorted(scores, key=lambda name: (name in BASELINES, -fmean(scores[name].values()))):
        cells = [_at_budget(found, scores, name) for found in ids.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _budget(problem: ScoredProblem) -> str:
    small, medium = (min(each * problem.dimension, MOST_EVALUATIONS) for each in (100, 1_000))
    return {small: BUDGETS[0], medium: BUDGETS[1]}.get(problem.max_evaluations, BUDGETS[2])


def _at_budget(ids: Sequence[str], scores: Mapping[str, Mapping[str, float]], name: str) -> str:
    """Score and gap closed of a contender on some problems, with intervals."""
    if not scores[name].keys() >= set(ids):
        return ""
    values, low, high = (np.array([scores[each][one] for one in ids]) for each in (name, SINGLE_BEST, VIRTUAL_BEST))
    shares = intervals.resampled(ids)
    score = Measure(float(values.mean()), intervals.mean_interval(values, shares))
    closed = intervals.gap_closed(values, low, high)
    between = None if name in (SINGLE_BEST, VIRTUAL_BEST) else intervals.gap_interval(values, low, high, shares)
    gap = _percent(None if closed is None else Measure(closed, between))
    return "<br>".join(cell.replace("<br>", " ") for cell in (_number(score), gap) if cell)


def _row(row: Row) -> str:
    name = f"**{row.name}**" if row.wrote else row.name
    p = "" if row.p_value is None else _unbroken("< 0.0001") if row.p_value < 1e-4 else f"{row.p_value:.4f}"
    effect = "" if row.effect is None else f"{row.effect:+.2f}"
    cells = (name, _number(row.score), _percent(row.gap), _number(row.aocc), _percent(row.solved), p, effect)
    return f"| {' | '.join(cells)} |"


def _number(measure: Measure | None) -> str:
    if measure is None:
        return ""
    between = "" if measure.interval is None else "<br>[{:.3f}, {:.3f}]".format(*measure.interval)
    return _unbroken(f"{measure.value:.3f}{between}")


def _share(measure: Measure) -> str:
    """As in a sentence, with as many digits as tell almost all from all."""
    assert measure.interval is not None, "shares of programs have intervals"
    low, high = measure.interval
    return f"{100 * measure.value:.3g} % [{100 * low:.0f}, {100 * high:.0f}]"


def _percent(measure: Measure | None) -> str:
    if measure is None:
        return ""
    if measure.interval is None:
        return _unbroken(f"{_hundredths(measure.value)} %")
    low, high = map(_hundredths, measure.interval)
    return _unbroken(f"{_hundredths(measure.value)} %<br>[{low}, {high}]")


def _hundredths(share: float) -> int:
    return round(100 * share)


def _unbroken(cell: str) -> str:
    """A cell that breaks only where it says so."""
    return cell.replace(" ", "\N{NO-BREAK SPACE}")


def main() -> int:
    """Writes the page, or checks it; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; exit with 1 if the page is out of date")
    check: bool = parser.parse_args().check
    found = page([read_scores(folder) for folder in sorted(SCORES.iterdir())])
    old = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    if found == old:
        return 0
    if check:
        sys.stdout.write("docs/results.md is out of date: run make results\n")
        return 1
    PAGE.write_text(found, encoding="utf-8")
    sys.stdout.write("docs/results.md brought up to date\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
