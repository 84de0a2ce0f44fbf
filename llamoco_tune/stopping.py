"""A wish to stop: whoever works asks about it at every step, keeps what is done, and ends with `Stopped`.

Signals are not known here.
"""

import contextlib
from collections.abc import Generator


class Stopped(Exception):
    """A run ended because a stop was asked for; the message says how far it came and what is kept."""


class StopWish:
    """Whether a stop was asked for, and whether there is anybody who waits for such a wish."""

    def __init__(self) -> None:
        self._is_asked = self._is_awaited = False

    @property
    def is_asked(self) -> bool:
        """Whether work is to end, with everything kept."""
        return self._is_asked

    @property
    def is_awaited(self) -> bool:
        """Whether whoever works asks about it; otherwise work has to be ended where it is."""
        return self._is_awaited

    def ask(self) -> None:
        """Asks for an end."""
        self._is_asked = True

    @contextlib.contextmanager
    def awaited(self) -> Generator[None]:
        """For as long as whoever works asks about it."""
        self._is_awaited = True
        try:
            yield
        finally:
            self._is_awaited = False
