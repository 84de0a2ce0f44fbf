"""Tunes a language model on an instruction set and asks it about problems: it reads only files.

The public names are loaded when they are used, so that importing the package takes no time.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llamoco_tune.asking import Alternative, Asked, ask
    from llamoco_tune.records import TuningError

__all__ = ["Alternative", "Asked", "TuningError", "ask"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from llamoco_tune import asking, records  # noqa: PLC0415 - only who asks pays for it

    return getattr(records if name == "TuningError" else asking, name)
