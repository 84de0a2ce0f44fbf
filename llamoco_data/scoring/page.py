"""The summary of a score as a Markdown page, and the rows of its tables, which the terminal prints too."""

from collections.abc import Iterable, Sequence

from llamoco_data.plurals import counted
from llamoco_data.scoring.intervals import Interval
from llamoco_data.scoring.metrics import TARGETS
from llamoco_data.scoring.repairs import repairs_line
from llamoco_data.scoring.summary import ContenderScore, Share, SplitSummary, Summary

HEAD = ("", "score", "95 %", "gap closed", "95 %")
ANYTIME_HEAD = ("", "AOCC", "solved", *(f"budgets to {target:g}" for target in TARGETS))

_ENDS = ("single best solver", "virtual best")
"""Contenders whose gap closed is 0 and 1 by definition."""

_INTRODUCTION = (
    "Scores are means over problems, of three runs of each program: random search at the same budget is 0, the target "
    "1, a failure 0. *Gap closed* is the share of the way from the single best solver to the virtual best. Programs of "
    "one problem are averaged first; intervals are over problems. *AOCC* is the area over the convergence curve, "
    "*solved* the share of runs that end within the tolerance, *budgets to* the expected running time to an error."
)


def scores_page(summary: Summary) -> str:
    """The page; equal summaries give equal texts."""
    parts = [f"# Scores of {summary.model}", _INTRODUCTION]
    for split in summary.splits:
        parts += [
            f"## {split.split}",
            f"{counted(split.num_programs, 'program')} for {counted(split.num_problems, 'problem')}.",
            _table(HEAD, contender_rows(split.contenders), numbers=range(1, 5)),
            _table(ANYTIME_HEAD, anytime_rows(split.contenders), numbers=range(1, 6)),
            _table(("programs that", "share", "95 %"), stage_rows(split), numbers=(1, 2)),
            _table(("", ""), fact_rows(split), numbers=()),
        ]
    parts.append(confinement(summary))
    return "\n\n".join(parts) + "\n"


def confinement(summary: Summary) -> str:
    """How the programs were confined, and how often that failed, in a line."""
    if set(summary.tiers) == {"trusted"}:
        return "The programs were trusted: they ran as the user, unconfined."
    tiers = ", ".join(f"{counted(count, 'run')} {tier}" for tier, count in summary.tiers.items())
    spoilt = f" It spoilt {counted(summary.faults, 'attempt')}, made again since." if summary.faults else ""
    return f"Confinement of the programs: {tiers}.{spoilt}"


def contender_rows(contenders: Sequence[ContenderScore]) -> list[tuple[str, ...]]:
    """The rows of the contenders: score and gap closed, with their intervals."""
    return [
        (
            one.contender,
            f"{one.score:.3f}",
            span(one.interval, "{:.3f}"),
            "" if one.gap_closed is None else f"{one.gap_closed:.0%}",
            "" if one.contender in _ENDS else span(one.gap_interval, "{:.0%}"),
        )
        for one in contenders
    ]


def anytime_rows(contenders: Sequence[ContenderScore]) -> list[tuple[str, ...]]:
    """The rows of the contenders: area over the convergence curve, share solved, running times; none if unknown."""
    return [
        (one.contender, f"{one.aocc:.3f}", f"{one.solved:.0%}", *map(budgets, one.running_times))
        for one in contenders
        if one.aocc is not None and one.solved is not None
    ]


def budgets(time: float | None) -> str:
    """An expected running time, in budgets."""
    return "never" if time is None else f"{time:.2g}" if time < 9.95 else f"{time:,.0f}"


def stage_rows(split: SplitSummary) -> list[tuple[str, str, str]]:
    """The rows of the shares: how far programs get, and what they choose."""
    stages: list[tuple[str, Share]] = [
        ("parse", split.parse),
        ("define minimize", split.define),
        ("run without error", split.run),
        ("keep the budget", split.keep_budget),
        ("name an optimizer", split.named),
        ("name the label's", split.right),
        ("name that or a near-tie's", split.nearly_right),
    ]
    if split.majority:
        stages.append((f"(always {split.majority})", split.majority_right))
    stages.append(("are a portfolio program to the byte", split.copies))
    return [(name, f"{share.share:.1%}", span(share.interval, "{:.0%}")) for name, share in stages]


def fact_rows(split: SplitSummary) -> list[tuple[str, str]]:
    """The rows of the remaining numbers, as names and values."""
    failures = ", ".join(f"{count:,} {failure}" for failure, count in split.failures.items())
    each, seconds = split.completion_tokens_per_running, split.seconds_per_running
    rows = [
        ("failures", failures or "none"),
        ("cut off at their length", f"{split.cut_off:,}" if split.cut_off else ""),
        ("not generated, by an error", f"{split.not_generated:,}" if split.not_generated else ""),
        (
            "tokens",
            f"{split.completion_tokens:,.0f} a program" + (f", {each:,.0f} a program that runs" if each else ""),
        ),
        ("seconds", f"{split.seconds:.2g} a program" + (f", {seconds:.2g} a program that runs" if seconds else "")),
        ("evaluations", f"{split.evaluations:,.0f} a run" if split.evaluations else ""),
        ("calls of the search", f"{split.calls:,.4g}, {split.vain_calls:.3g} in vain" if split.calls else ""),
        ("mended by rules", _mended(split)),
        ("repaired by a model", repairs_line(split.repairs) if split.repairs else ""),
        (
            "recorded in the export",
            f"virtual best {split.recorded_virtual_best:.3f}, single best solver {split.recorded_single_best:.3f}",
        ),
    ]
    return [row for row in rows if row[1]]


def _mended(split: SplitSummary) -> str:
    """How many failing programs the four rules mend; empty without a failing program."""
    failed = sum(split.failures.values())
    edits = f", {split.edited_tokens:.1f} tokens edited in each" if split.edited_tokens is not None else ""
    return f"{split.mended:,} of {failed:,}{edits}" if failed else ""


def span(interval: Interval | None, number: str) -> str:
    """An interval in brackets; empty if there is none."""
    return "" if interval is None else f"[{number.format(interval[0])}, {number.format(interval[1])}]"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Iterable[int]) -> str:
    right = set(numbers)
    rule = ["--:" if position in right else "---" for position in range(len(head))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *rows))
