"""Numbers and problems as text for the page about scores."""

from collections.abc import Sequence

from llamoco_data.comparison.numbers import Comparison, Measure, Writing
from llamoco_data.plurals import counted
from llamoco_data.scoring.page import span
from llamoco_data.scoring.scored import ScoredProblem

NONE = "–"
"""Text where there is no number."""
MINUS = "\N{MINUS SIGN}"


def in_percent(measure: Measure | None) -> str:
    """A share in whole percent."""
    return NONE if measure is None else f"{_signed(100 * measure.value)} %"


def interval_in_percent(measure: Measure | None) -> str:
    """The interval of a share; empty without one."""
    if measure is None or measure.interval is None:
        return ""
    low, high = measure.interval
    return f"{_signed(100 * low)} to {_signed(100 * high)}"


def decimals(measure: Measure | None) -> str:
    """A measure with three decimals."""
    return NONE if measure is None else f"{measure.value:.3f}"


def interval_in_decimals(measure: Measure | None) -> str:
    """The interval of a measure; empty without one."""
    return "" if measure is None else span(measure.interval, "{:.3f}")


def p_value(value: float | None) -> str:
    """A p-value: two digits, none below 0.0001."""
    if value is None:
        return NONE
    return "<0.0001" if value < 1e-4 else f"{value:.2g}" if value < 0.995 else "1"


def effect(value: float | None) -> str:
    """A correlation, with its sign."""
    return NONE if value is None else f"{value:+.2f}".replace("-", MINUS)


def failures(writing: Writing) -> str:
    """The stages at which programs fail: `6 syntax, 1 raised`; a dash without failures."""
    return ", ".join(f"{count:,} {failure}" for failure, count in writing.failures.items()) or NONE


def mended(writing: Writing) -> str:
    """How many failing programs the rules mend: `4 of 6`; a dash without failures."""
    failed = sum(writing.failures.values())
    return f"{writing.mended:,} of {failed:,}" if failed else NONE


def repaired(writing: Writing) -> str:
    """How many failing programs a model recovered: `8 of 30`; a dash without rounds of repair."""
    repairs = writing.repairs
    return NONE if repairs is None else f"{sum(repairs.recovered):,} of {repairs.num_failed:,}"


def repair_rounds(writing: Writing) -> str:
    """The number that each round recovered: `rounds: 5, 2, 1`; empty without rounds of repair."""
    return "" if writing.repairs is None else f"rounds: {', '.join(map(str, writing.repairs.recovered))}"


def problem_label(problem: ScoredProblem) -> str:
    """A line in the list of problems, with everything that a person may want to filter by."""
    named = problem.name or problem.problem_id[:8]
    constraints = problem.num_inequality + problem.num_equality
    constrained = f", {counted(constraints, 'constraint')}" if constraints else ""
    return (
        f"{named}: {problem.split}, {problem.dimension} variables{constrained}, "
        f"{problem.max_evaluations:,} evaluations, label {problem.label}"
    )


def headline(comparison: Comparison) -> str:
    """The first sentence: the best model of the first split, and what share of the gap it closes."""
    block = comparison.blocks[0]
    best = next(row for row in block.rows if row.is_model)
    what = f"{best.name} scores {best.score.value:.3f} on the {counted(block.num_problems, 'problem')} of {block.split}"
    return what if best.gap is None else f"{what} and closes {in_percent(best.gap)} of the gap"


def sections(comparison: Comparison) -> Sequence[tuple[str, str]]:
    """The menu of the page: anchor and name of each of its sections."""
    with_curves = any(block.anytime and block.anytime.curves for block in comparison.blocks)
    names = [(block.split, block.split, True) for block in comparison.blocks]
    names += [("curves", "Curves", with_curves), ("programs", "Programs", bool(comparison.showcases))]
    return [(anchor, name) for anchor, name, there in [*names, ("words", "Words", True)] if there]


def _signed(value: float) -> str:
    """A whole number; zero has no sign."""
    return f"{round(value)}".replace("-", MINUS)
