"""Optimizers that other packages bring: each is a program file and a catalogue entry, named by an entry point.

NAME.py in the plug-in's package is the program, and NAME.toml its entry in the catalogue. Nothing is imported.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from llamoco_data.identity import LlamocoError
from llamoco_data.plugins import OPTIMIZER, brought, entry_of, names_of
from llamoco_data.portfolio.optimizer import Optimizer


@dataclass(frozen=True, slots=True)
class Plugin:
    """An optimizer of another package."""

    optimizer: Optimizer
    program: Path
    """File of its program."""
    package: str


@functools.cache
def plugins() -> Mapping[str, Plugin]:
    """The optimizers of all installed packages by name; one that cannot be read is left out, and `plugin` says why."""
    found: dict[str, Plugin] = {}
    for name in names_of(OPTIMIZER):
        try:
            found[name] = plugin(name)
        except LlamocoError:
            continue
    return found


def plugin(name: str) -> Plugin:
    """An optimizer of an installed package.

    Raises:
        LlamocoError: no package brings it, or its files are missing or wrong.
    """
    there = brought(OPTIMIZER, name)
    program = there.file(".py")
    return Plugin(entry_of(there, Optimizer), program, there.package)
