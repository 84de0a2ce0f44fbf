"""Ctrl-C and SIGTERM as a wish to stop: the first drains, the second ends the program where it is."""

import contextlib
import signal
import threading
from collections.abc import Callable, Generator
from types import FrameType

from rich.console import Console

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def stop_on_interrupt(console: Console) -> Generator[Callable[[], bool]]:
    """Yields a function that says whether a stop was asked for; restores the handlers afterwards."""
    asked = threading.Event()

    def ask(signum: int, frame: FrameType | None) -> None:
        del frame
        if asked.is_set():
            signal.signal(signum, before[signal.Signals(signum)])
            signal.raise_signal(signum)
        asked.set()
        console.print("stopping: finishing the runs under way; once more to stop at once")

    before = {number: signal.signal(number, ask) for number in SIGNALS}
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
