"""Progress of a long command: a live bar in a terminal, a plain line now and then elsewhere."""

import contextlib
import time
from collections.abc import Callable, Generator

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

from llamoco_data.campaign import Snapshot
from llamoco_data.cli.text import duration

PLAIN_EVERY_S = 10.0
"""Seconds between two lines where there is no terminal."""

Report = Callable[[Snapshot], None]


@contextlib.contextmanager
def progress_display(console: Console, *, quiet: bool) -> Generator[Report]:
    """Yields what to call with each snapshot."""
    if quiet:
        yield lambda _: None
    elif console.is_terminal:
        with _bar(console) as bar:
            task = bar.add_task("", total=None, facts="starting workers; the first start compiles the evaluator")
            yield lambda snapshot: bar.update(
                task, completed=snapshot.runs_done, total=snapshot.runs_total, facts=_facts(snapshot)
            )
    else:
        yield _plain_lines(console)


def _bar(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        BarColumn(bar_width=30),
        TextColumn("{task.fields[facts]}"),
        console=console,
        refresh_per_second=5,
        transient=True,
    )


def _plain_lines(console: Console) -> Report:
    last = -PLAIN_EVERY_S

    def report(snapshot: Snapshot) -> None:
        nonlocal last
        now = time.monotonic()
        finished = snapshot.problems_done == snapshot.problems_total
        if now - last >= PLAIN_EVERY_S or finished:
            last = now
            console.print(_facts(snapshot), soft_wrap=True, highlight=False)

    return report


def _facts(snapshot: Snapshot) -> str:
    left = "" if snapshot.left_s is None else f", {duration(snapshot.left_s)} left"
    return (
        f"{snapshot.problems_done:,}/{snapshot.problems_total:,} problems, "
        f"{snapshot.runs_done:,}/{snapshot.runs_total:,} runs, {snapshot.runs_per_s:.1f} runs/s{left}"
    )
