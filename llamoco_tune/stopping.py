"""A wish to stop: a run looks for it at every step, keeps what is done, and ends with `Stopped`.

It knows nothing of signals.
"""

import contextlib
from collections.abc import Generator


class Stopped(Exception):
    """A run ended because a stop was asked for; the message says how far it came and what is kept."""


class StopWish:
    """Whether a stop was asked for, and whether a run looks for such a wish."""

    def __init__(self) -> None:
        self._is_asked = self._is_awaited = False

    @property
    def is_asked(self) -> bool:
        """Whether the run is to end, with everything kept."""
        return self._is_asked

    @property
    def is_awaited(self) -> bool:
        """Whether a run looks for the wish; otherwise it has to be ended where it is."""
        return self._is_awaited

    def ask(self) -> None:
        """Asks the run to end."""
        self._is_asked = True

    @contextlib.contextmanager
    def awaited(self) -> Generator[None]:
        """Says that a run looks for the wish inside the context."""
        self._is_awaited = True
        try:
            yield
        finally:
            self._is_awaited = False
