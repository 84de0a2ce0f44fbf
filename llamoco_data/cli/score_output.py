"""What `score` and `report` print about scores; nothing is computed here."""

from rich.console import Console
from rich.markup import escape

from llamoco_data.cli.text import counts, duration, facts, pace, say
from llamoco_data.comparison import Compared
from llamoco_data.invocation import command
from llamoco_data.plurals import counted
from llamoco_data.scoring import Scored
from llamoco_data.scoring.page import (
    ANYTIME_HEAD,
    HEAD,
    anytime_rows,
    confinement,
    contender_rows,
    fact_rows,
    stage_rows,
)


def show_scored(console: Console, scored: Scored, out: str) -> None:
    """Prints the scores, or how many runs are still missing."""
    progress = scored.progress
    if progress.new_runs:
        runs, rate = counted(progress.new_runs, "run"), f"({pace(progress.runs_per_s)})"
        say(console, f"{runs} in {duration(progress.elapsed_s)} {rate}")
    if scored.summary is None:
        left = counted(progress.runs_total - progress.runs_done, "run")
        say(console, f"stopped with {left} to go, nothing is lost; go on with the same command")
        return
    for split in scored.summary.splits:
        programs, problems = counted(split.num_programs, "program"), counted(split.num_problems, "problem")
        console.rule(f"{split.split}: {programs} of {escape(scored.summary.model)} for {problems}")
        contenders = counts(*HEAD, numbers=range(1, 5))
        for row in contender_rows(split.contenders):
            contenders.add_row(*row)
        anytime = counts(*ANYTIME_HEAD, numbers=range(1, 6))
        for row in anytime_rows(split.contenders):
            anytime.add_row(*row)
        stages = counts("programs that", "share", "95 %", numbers=(1, 2))
        for row in stage_rows(split):
            stages.add_row(*row)
        console.print(contenders, "", anytime, "", stages, "", facts(fact_rows(split)), "", sep="\n", highlight=False)
    say(console, confinement(scored.summary))
    say(console, f"{out}: scores.md holds these tables, scores.parquet every program, problems.parquet every problem")
    say(console, f"score another model: {command('score', 'PROGRAMS', '--data', 'EXPORT', '--out', 'ANOTHER')}")


def show_compared(console: Console, compared: Compared) -> None:
    """Prints the file of the page, and its headline."""
    comparison = compared.comparison
    scores, size = counted(len(comparison.folders), "score"), compared.size_bytes / 1e3
    say(console, f"{compared.file}: {scores}, {size:,.0f} kB; open it in a browser")
    for block in comparison.blocks:
        best = next(row for row in block.rows if row.is_model)
        gap = "" if best.gap is None else f", {best.gap.value:.0%} of the gap closed"
        say(console, f"{block.split}: {best.name} scores {best.score.value:.3f}{gap}")
