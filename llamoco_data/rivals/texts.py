"""The program texts of rivals: of libraries' defaults, and those put together from several. Nothing is run here."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from textwrap import indent

_NAMES = ("first", "second", "third", "fourth")
_METHODS = "METHODS = ()\n"
_FENCE = '"""'


@dataclass(frozen=True, slots=True)
class Part:
    """A program that takes part in another one."""

    text: str
    share: float
    """Share of the budget that it may spend; the last part gets what is left."""


def text_of(name: str) -> str:
    """The text of a program file of this package, by its name without the ending."""
    return resources.files("llamoco_data.rivals.programs").joinpath(f"{name}.py").read_text(encoding="utf-8")


def in_turn(title: str, parts: Sequence[Part]) -> str:
    """The text of a program that runs up to four others in turn, and keeps the best point.

    Each of them becomes a function that returns its `minimize`, so that their constants and names cannot meet.

    Args:
        title: the docstring of the program, of one line or more.
    """
    body = text_of("in_turn").split(_FENCE, 2)[2]
    functions = [_function(name, part.text) for name, part in zip(_NAMES, parts, strict=False)]
    rows = "".join(f"    ({name}, {part.share!r}),\n" for name, part in zip(_NAMES, parts, strict=False))
    methods = f"\n{''.join(functions)}METHODS = (  # each with its share of the budget\n{rows})\n"
    return f"{_FENCE}{title}{_FENCE}{body.replace(_METHODS, methods, 1)}"


def heading(text: str) -> str:
    """The first line of a program's docstring."""
    return text.split(_FENCE, 2)[1].splitlines()[0].strip() if text.count(_FENCE) > 1 else ""


def _function(name: str, text: str) -> str:
    return f"def {name}():\n{indent(text.rstrip(), '    ')}\n\n    return minimize\n\n\n"
