"""Compares programs of the portfolio with independent references: evaluations to a target, or the gap after a budget.

    python tests/benchmarks/references.py [WORDS ...]

Makes the comparisons whose names contain one of the words, or all. Prints, for each, the medians of both, and how much
the program's logarithm is above the reference's, with a 95 % interval: the two are alike where it lies within the
margin. Exits with 1 where a comparison is not as `tests/references/comparisons.py` says it is.
"""

import argparse
import sys
import warnings

from rich.console import Console
from threadpoolctl import threadpool_limits

from tests.references.comparisons import COMPARISONS, difference


def rounded(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def main() -> int:
    """Prints a row for each comparison; 1 where one is not as expected."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*")
    parser.add_argument("--seeds", type=int, default=25)
    parser.add_argument("--first-seed", type=int, default=100)
    arguments = parser.parse_args()
    words: list[str] = arguments.words
    first: int = arguments.first_seed
    seeds = range(first, first + arguments.seeds)
    threadpool_limits(1)
    warnings.simplefilter("ignore")
    console = Console(width=160, highlight=False)
    console.print("| optimizer | reference | on | ours | reference | log10 apart | margin | |\n|" + "---|" * 8)
    surprises = 0
    for comparison in COMPARISONS:
        if words and not any(word in comparison.name for word in words):
            continue
        found = difference(comparison, seeds)
        alike = found.within(comparison.margin)
        surprises += alike == bool(comparison.differs)
        console.print(
            f"| `{comparison.optimizer}` | {comparison.reference} | {comparison.problem} | {rounded(found.ours)} "
            f"| {rounded(found.theirs)} | {found.mean:+.3f} [{found.low:+.3f}, {found.high:+.3f}] "
            f"| {comparison.margin:g} | {'alike' if alike else 'apart'} |",
            soft_wrap=True,
        )
    console.print(f"{surprises} not as expected")
    return 1 if surprises else 0


if __name__ == "__main__":
    sys.exit(main())
