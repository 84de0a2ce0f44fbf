"""How commands print: lines that no terminal width breaks, code, tables, spans of time."""

from collections.abc import Iterable, Mapping

from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table


def say(console: Console, text: str) -> None:
    """Prints text without wrapping or markup, so that a command in it can be copied whole."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def code(console: Console, text: str) -> None:
    """Prints Python, in colour in a terminal, to the byte elsewhere."""
    if console.is_terminal:
        console.print(Syntax(text, "python", background_color="default", word_wrap=True))
    else:
        say(console, text)


def facts(rows: Iterable[tuple[str, str]]) -> Table:
    """A table of names and values."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in rows:
        table.add_row(name, value)
    return table


def counts(*head: str, numbers: Iterable[int] = ()) -> Table:
    """An empty table with a head; the columns at the positions `numbers` are aligned right."""
    table = Table(*head, box=None, pad_edge=False)
    for column in table.columns:
        column.overflow = "fold"  # a name that is cut off could not be copied
    for position in numbers:
        table.columns[position].justify = "right"
    return table


def settings_text(settings: Mapping[str, object]) -> str:
    """The settings of a candidate: `STEP=0.2, LOCAL_SEARCH=True`, or a dash for none."""
    return ", ".join(f"{name}={value}" for name, value in settings.items()) or "-"


def duration(seconds: float) -> str:
    """A span of time in its two largest units: `45 s`, `3 min 20 s`, `5 h 10 min`, `2 d 3 h`."""
    whole = max(0, round(seconds))
    for unit, size, smaller, small_size in (("d", 86_400, "h", 3_600), ("h", 3_600, "min", 60), ("min", 60, "s", 1)):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // small_size} {smaller}"
    return f"{whole} s"


def pace(runs_per_s: float) -> str:
    """How fast runs are made: `5.4 runs/s`, or `2.3 runs/min` where they are slow."""
    return f"{runs_per_s:.1f} runs/s" if runs_per_s >= 0.1 or not runs_per_s else f"{60 * runs_per_s:.1f} runs/min"
