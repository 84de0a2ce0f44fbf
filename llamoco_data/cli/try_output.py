"""What `try` prints: the result, a table of all programs, and a plot; it computes nothing."""

from pathlib import Path

from rich.console import Console
from rich.markup import escape

from llamoco_data.cli.text import counts, facts, say
from llamoco_data.outcomes import printable
from llamoco_data.portfolio import BASELINE
from llamoco_data.trying import Tried, sketch
from llamoco_data.trying.wording import HEAD, endings, point_text, result_rows, trial_row

MOST_LINES = 10
"""Lines of a program's output that are shown where it failed."""


def show_tried(console: Console, tried: Tried) -> None:
    """Prints what a trial came to."""
    subject = tried.subject
    rows = result_rows(tried)
    if subject.best is not None:
        rows.append(("best point", point_text(subject.best)))
    rows += [("failed", line) for line in endings(subject)]
    console.print(facts((name, escape(value)) for name, value in rows), highlight=False)
    if subject.said.strip():
        say(console, "it printed:")
        for line in subject.said.splitlines()[:MOST_LINES]:
            say(console, f"  {printable(line)}")
    drawn = sketch(tried, BASELINE)
    marks = drawn.marks if drawn else {}
    table = counts("", *HEAD, numbers=range(2, 2 + len(HEAD) - 1))
    for trial in tried.trials:
        table.add_row(marks.get(trial.name, ""), *map(escape, trial_row(trial)))
    console.print("", table, "", sep="\n", highlight=False)
    if drawn:
        say(console, drawn.title)
        for line in drawn.lines:
            say(console, line)


def show_page(console: Console, page: Path) -> None:
    """Prints where the result is as a page."""
    say(console, f"\n{page}: the same as a page, with the texts of problem and program")
