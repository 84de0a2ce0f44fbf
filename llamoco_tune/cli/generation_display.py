"""Shows a generation: a live line in a terminal, elsewhere a plain line now and then, and a summary at the end."""

import contextlib
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from llamoco_tune.display import duration, live_bar, plain_lines
from llamoco_tune.invocation import DATA, command

if TYPE_CHECKING:
    from llamoco_tune.generate.pace import GenerationReport, Headway, Show


@contextlib.contextmanager
def generation_display(console: Console | None) -> Generator["Show"]:
    """Yields a function that shows a headway; nothing is shown without a console."""
    if console is None:
        yield lambda _: None
    elif console.is_terminal:
        with live_bar(console, transient=True) as bar:
            task = bar.add_task("loading", total=None)
            yield lambda headway: bar.update(
                task, description=describe(headway), completed=headway.rows, total=headway.total
            )
    else:
        yield _plain_lines(console)


def describe(headway: "Headway") -> str:
    """For example `12/96 programs  61 tokens/s  20 min 5 s left`."""
    parts = [f"{headway.rows:,}/{headway.total:,} programs"]
    if headway.seconds > 0 and headway.new_tokens:
        parts.append(f"{headway.new_tokens / headway.seconds:,.0f} tokens/s")
    if headway.new_rows and headway.rows < headway.total:
        left_s = headway.seconds / headway.new_rows * (headway.total - headway.rows)
        parts.append(f"{duration(left_s)} left")
    return "  ".join(parts)


def summary(report: "GenerationReport", out: Path, data: Path) -> Iterator[str]:
    """Lines that say what was written, how it ended, how fast, and what to do with it."""
    programs, last = report.programs, report.last
    stopped, errors = (sum(row.ended == how for row in programs) for how in ("stop", "error"))
    tokens = sum(row.completion_tokens for row in programs)
    yield f"{out}: {len(programs):,} programs, {last.new_rows:,} of them new; {tokens:,} tokens"
    shares = {"by itself": stopped, "at the limit of tokens": len(programs) - stopped - errors, "with an error": errors}
    yield "ended " + ", ".join(f"{how}: {count / len(programs):.0%}" for how, count in shares.items())
    if last.new_tokens:
        yield f"{last.new_tokens / last.seconds:,.1f} tokens/s, {duration(last.seconds)}"
    if errors:
        reason = next(row.detail for row in programs if row.ended == "error")
        yield f"an error: {reason}; --retry-errors tries those {errors} again"
    yield f"next: {command('score', out, '--data', data, '--out', 'SCORES', program=DATA)}"


def _plain_lines(console: Console) -> "Show":
    say = plain_lines(console, at_once=False)
    return lambda headway: say(describe(headway), headway.rows == headway.total)
