"""Ctrl-C and SIGTERM as a wish to stop: the first is waited for where a run can keep what it has, the second is not."""

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

    A signal for which nobody waits is a KeyboardInterrupt, as is the second. Under `torchrun` the second is nothing:
    its agent passes on every signal that it gets, and ends those that take more than 30 seconds by itself.

    Raises:
        KeyboardInterrupt: see above.
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
    """Writes past the console, which may be in the middle of a line of its own; a live line is drawn anew below."""
    if not console.quiet:
        clear = "\r\x1b[2K" if console.is_terminal else ""
        os.write(console.file.fileno(), f"{clear}{line}\n".encode())


def _agent_is_there() -> bool:
    return "TORCHELASTIC_RUN_ID" in os.environ
