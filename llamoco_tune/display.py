"""Shows long work: a live line in a terminal, elsewhere a plain line now and then. It knows nothing of the work."""

import time
from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

PLAIN_EVERY_S = 10.0
"""Seconds between two lines where there is no terminal."""
UNITS = (("d", 86_400, "h", 3_600), ("h", 3_600, "min", 60), ("min", 60, "s", 1))


def live_bar(console: Console, *, transient: bool) -> Progress:
    """A spinner, a bar and a description.

    Args:
        transient: whether it disappears at the end.
    """
    return Progress(
        SpinnerColumn(),
        BarColumn(bar_width=20),
        TextColumn("{task.description}", markup=False),
        console=console,
        refresh_per_second=5,
        transient=transient,
    )


def plain_lines(console: Console, *, at_once: bool) -> Callable[[str, bool], None]:
    """Returns a function of a line and whether it is the last: it prints the last line, and one every `PLAIN_EVERY_S`.

    Args:
        at_once: whether the first line is printed too.
    """
    last = time.monotonic() - (PLAIN_EVERY_S if at_once else 0)

    def say(line: str, is_last: bool) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= PLAIN_EVERY_S or is_last:
            last = now
            whole_line(console, line)

    return say


def whole_line(console: Console, text: str) -> None:
    """Prints a line as it is, whatever the width of the terminal: a command or a path in it can be copied whole."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def duration(seconds: float) -> str:
    """A span of time in its two largest units: `45 s`, `3 min 20 s`, `5 h 10 min`, `2 d 3 h`."""
    whole = max(0, round(seconds))
    for unit, size, smaller, small_size in UNITS:
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // small_size} {smaller}"
    return f"{whole} s"
