"""Turns Ctrl-C and SIGTERM into a wish to stop; a second signal, or one that no run looks for, ends at once."""

import contextlib
import os
import signal
from collections.abc import Generator
from types import FrameType

from rich.console import Console

from llamoco_tune.stopping import StopWish

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def stop_on_signals(console: Console) -> Generator[StopWish]:
    """Yields the wish that signals make; restores the handlers afterwards.

    Under `torchrun` a second signal does nothing: its agent passes on every signal that it gets, and kills processes
    that take more than 30 seconds.

    Raises:
        KeyboardInterrupt: a signal came that no run looks for, or a second one.
    """
    wish = StopWish()

    def take(signum: int, frame: FrameType | None) -> None:
        del signum, frame
        if wish.is_asked and _agent_is_there():
            return
        if wish.is_asked or not wish.is_awaited:
            raise KeyboardInterrupt
        wish.ask()
        _say(console, "stopping after this step; once more to stop at once")

    before = {number: signal.signal(number, take) for number in SIGNALS}
    try:
        yield wish
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say(console: Console, line: str) -> None:
    """Writes around the console, which the signal may have interrupted; a live line is drawn anew below."""
    if not console.quiet:
        clear = "\r\x1b[2K" if console.is_terminal else ""
        os.write(console.file.fileno(), f"{clear}{line}\n".encode())


def _agent_is_there() -> bool:
    return "TORCHELASTIC_RUN_ID" in os.environ
