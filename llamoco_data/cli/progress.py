"""Progress of a long command: a live bar in a terminal, a plain line now and then elsewhere."""

import contextlib
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from math import inf

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

from llamoco_data.cli.text import duration, pace
from llamoco_data.drive import DriveProgress

PLAIN_EVERY_S = 10.0
"""Seconds between two lines of progress without a terminal."""
PLAIN_AFTER_S = 2.0
"""Seconds before a command without countable steps says what it does, without a terminal."""

STARTING = "starting workers; the first start compiles the evaluator"

Report = Callable[[DriveProgress], None]


@contextlib.contextmanager
def progress_display(console: Console, *, quiet: bool) -> Generator[Report]:
    """Yields the function to call with each progress."""
    if quiet:
        yield lambda _: None
    elif console.is_terminal:
        with _bar(console) as bar:
            task = bar.add_task("", total=None, facts=STARTING)
            yield lambda progress: bar.update(
                task, completed=progress.runs_done, total=progress.runs_total, facts=_facts(progress)
            )
    else:
        yield _plain_lines(console)


def with_metrics(report: Report, address: str, campaign: str) -> Report:
    """Adds the metrics of a Ray cluster to a report; a Ray that the command starts itself serves none."""
    if address in ("inline", "local"):
        return report
    from llamoco_data.campaign.ray_metrics import RayMetrics  # noqa: PLC0415 - Ray is slow to import

    metrics = RayMetrics(campaign)

    def both(progress: DriveProgress) -> None:
        report(progress)
        metrics.publish(progress)

    return both


@contextlib.contextmanager
def counting(
    console: Console, what: str, things: str = "problems", *, quiet: bool = False
) -> Generator[Callable[[int, int], None]]:
    """Yields the function to call with the number of things that are done and of all; before, it says what is done.

    Args:
        what: what the command does before the first of them.
        things: what is counted.
    """
    if quiet:
        yield lambda *_: None
        return
    counted = _Counted(things)
    if console.is_terminal:
        with _bar(console) as bar:
            task = bar.add_task("", total=None, facts=what)
            yield lambda done, total: bar.update(task, completed=done, total=total, facts=counted.facts(done, total))
        return

    def say(done: int, total: int) -> None:
        facts = counted.facts(done, total)
        if done == total or time.monotonic() - counted.said >= PLAIN_EVERY_S:
            counted.said = time.monotonic()
            console.print(facts, soft_wrap=True, highlight=False)

    with working(console, what):
        yield say


@dataclass(slots=True)
class _Counted:
    """How fast things are done since the first one."""

    things: str
    said: float = -inf
    first: tuple[float, int] | None = None
    """Time and number of the first report."""

    def facts(self, done: int, total: int) -> str:
        now = time.monotonic()
        self.first = self.first or (now, done)
        since, before = self.first
        if done == before or now <= since:
            return f"{done:,}/{total:,} {self.things}"
        speed = (done - before) / (now - since)
        left = "" if done == total else f", {duration((total - done) / speed)} left"
        return f"{done:,}/{total:,} {self.things}, {speed:.1f} {self.things}/s{left}"


@contextlib.contextmanager
def working(console: Console, what: str, *, quiet: bool = False) -> Generator[None]:
    """Says what a command without countable steps does: beside a spinner in a terminal, in one line elsewhere."""
    if quiet:
        yield
    elif console.is_terminal:
        with console.status(what):
            yield
    else:
        # Delayed, so that a command that is refused at once prints only the refusal.
        line = threading.Timer(PLAIN_AFTER_S, console.print, [f"{what} ..."], {"highlight": False})
        line.daemon = True
        line.start()
        try:
            yield
        finally:
            line.cancel()


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
    said, ended = float("-inf"), False

    def report(progress: DriveProgress) -> None:
        nonlocal said, ended
        now, finished = time.monotonic(), progress.problems_done == progress.problems_total
        facts = _facts(progress)
        is_starting = not progress.new_runs and not finished
        # The start and the end are reported once.
        if (said > float("-inf") and is_starting) or ended or (now - said < PLAIN_EVERY_S and not finished):
            return
        said, ended = now, finished
        console.print(STARTING if is_starting else facts, soft_wrap=True, highlight=False)

    return report


def _facts(progress: DriveProgress) -> str:
    is_over = progress.problems_done == progress.problems_total
    left = "" if progress.left_s is None or is_over else f", {duration(progress.left_s)} left"
    return (
        f"{progress.problems_done:,}/{progress.problems_total:,} problems, "
        f"{progress.runs_done:,}/{progress.runs_total:,} runs, {pace(progress.runs_per_s)}{left}"
    )
