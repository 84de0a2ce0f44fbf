"""Progress of a long command: a live bar in a terminal, a plain line now and then elsewhere."""

import contextlib
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

from llamoco_data.campaign import Snapshot
from llamoco_data.cli.text import duration

PLAIN_EVERY_S = 10.0
"""Seconds between two lines where there is no terminal."""
PLAIN_AFTER_S = 2.0
"""Seconds after which a command without countable steps says there what it is at."""
STEADY_S = 2.0
"""Seconds of work before the time left is estimated."""

STARTING = "starting workers; the first start compiles the evaluator"

Report = Callable[[Snapshot], None]


@contextlib.contextmanager
def progress_display(console: Console, *, quiet: bool) -> Generator[Report]:
    """Yields what to call with each snapshot."""
    if quiet:
        yield lambda _: None
    elif console.is_terminal:
        with _bar(console) as bar:
            task, steady = bar.add_task("", total=None, facts=STARTING), _Steady()
            yield lambda snapshot: bar.update(
                task, completed=snapshot.runs_done, total=snapshot.runs_total, facts=_facts(snapshot, steady)
            )
    else:
        yield _plain_lines(console)


def with_metrics(report: Report, address: str, campaign: str) -> Report:
    """Reports to the metrics of a Ray cluster besides; a Ray of the command's own has nowhere to look at them."""
    if address in ("inline", "local"):
        return report
    from llamoco_data.campaign.ray_metrics import RayMetrics  # noqa: PLC0415 - Ray is slow to import

    metrics = RayMetrics(campaign)

    def both(snapshot: Snapshot) -> None:
        report(snapshot)
        metrics.publish(snapshot)

    return both


@contextlib.contextmanager
def working(console: Console, what: str, *, quiet: bool = False) -> Generator[None]:
    """Says what a command without countable steps is at: with a spinner in a terminal, else in one line."""
    if quiet:
        yield
    elif console.is_terminal:
        with console.status(what):
            yield
    else:
        # Later, so that a command that is refused at once says one line.
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
    said, ended, steady = float("-inf"), False, _Steady()

    def report(snapshot: Snapshot) -> None:
        nonlocal said, ended
        now, finished = time.monotonic(), snapshot.problems_done == snapshot.problems_total
        facts = _facts(snapshot, steady)
        is_starting = not snapshot.new_runs and not finished
        # The start and the end are told once.
        if (said > float("-inf") and is_starting) or ended or (now - said < PLAIN_EVERY_S and not finished):
            return
        said, ended = now, finished
        console.print(STARTING if is_starting else facts, soft_wrap=True, highlight=False)

    return report


@dataclass(slots=True)
class _Steady:
    """The rate since the first runs came in: before that, workers load their libraries."""

    first: Snapshot | None = None

    def left_s(self, now: Snapshot) -> float | None:
        """Estimated time to the end; None while there is too little to tell it from."""
        if self.first is None:
            self.first = now if now.new_runs else None
            return None
        runs, seconds = now.new_runs - self.first.new_runs, now.elapsed_s - self.first.elapsed_s
        if not runs or seconds < STEADY_S:
            return None
        return (now.runs_total - now.runs_done) * seconds / runs


def _facts(snapshot: Snapshot, steady: _Steady) -> str:
    left_s = steady.left_s(snapshot)
    left = "" if left_s is None or snapshot.problems_done == snapshot.problems_total else f", {duration(left_s)} left"
    return (
        f"{snapshot.problems_done:,}/{snapshot.problems_total:,} problems, "
        f"{snapshot.runs_done:,}/{snapshot.runs_total:,} runs, {snapshot.runs_per_s:.1f} runs/s{left}"
    )
