"""Generation, as a person sees it: a live line in a terminal, a plain line now and then elsewhere, a summary."""

import contextlib
import time
from collections.abc import Generator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

from llamoco_tune.invocation import DATA, command

PLAIN_EVERY_S = 10.0
"""Seconds between two lines where there is no terminal."""

if TYPE_CHECKING:
    from llamoco_tune.generate.pace import GenerationReport, Moment, Show


@contextlib.contextmanager
def generation_display(console: Console | None) -> Generator["Show"]:
    """Yields what to call with each moment; nothing is shown without a console."""
    if console is None:
        yield lambda _: None
    elif console.is_terminal:
        with _bar(console) as bar:
            task = bar.add_task("loading", total=None)
            yield lambda moment: bar.update(
                task, description=describe(moment), completed=moment.rows, total=moment.total
            )
    else:
        yield _plain_lines(console)


def describe(moment: "Moment") -> str:
    """For example `12/96 programs  61 tokens/s  0:20:05 left`."""
    parts = [f"{moment.rows:,}/{moment.total:,} programs"]
    if moment.seconds > 0 and moment.new_tokens:
        parts.append(f"{moment.new_tokens / moment.seconds:,.0f} tokens/s")
    if moment.new_rows and moment.rows < moment.total:
        left_s = moment.seconds / moment.new_rows * (moment.total - moment.rows)
        parts.append(f"{_clock(left_s)} left")
    return "  ".join(parts)


def summary(report: "GenerationReport", out: Path, data: Path) -> Iterator[str]:
    """What was written, how it ended, how fast, and what to do with it."""
    programs, last = report.programs, report.last
    stopped, errors = (sum(row.ended == how for row in programs) for how in ("stop", "error"))
    tokens = sum(row.completion_tokens for row in programs)
    yield f"{out}: {len(programs):,} programs, {last.new_rows:,} of them new; {tokens:,} tokens"
    shares = {"by itself": stopped, "at the limit of tokens": len(programs) - stopped - errors, "with an error": errors}
    yield "ended " + ", ".join(f"{how}: {count / len(programs):.0%}" for how, count in shares.items())
    if last.new_tokens:
        yield f"{last.new_tokens / last.seconds:,.1f} tokens/s, {_clock(last.seconds)}"
    if errors:
        reason = next(row.detail for row in programs if row.ended == "error")
        yield f"an error: {reason}; --retry-errors tries those {errors} again"
    yield f"next: {command('score', out, '--data', data, '--out', 'SCORES', program=DATA)}"


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))


def _bar(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        BarColumn(bar_width=20),
        TextColumn("{task.description}", markup=False),
        console=console,
        refresh_per_second=5,
        transient=True,
    )


def _plain_lines(console: Console) -> "Show":
    last = time.monotonic()

    def show(moment: "Moment") -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= PLAIN_EVERY_S or moment.rows == moment.total:
            last = now
            console.print(describe(moment), soft_wrap=True, highlight=False)

    return show
