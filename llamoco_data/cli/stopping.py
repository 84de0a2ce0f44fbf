"""Ctrl-C and SIGTERM as requests to stop: the first lets work under way end, the second ends the program at once."""

import contextlib
import signal
import threading
from collections.abc import Callable, Generator
from types import FrameType

from rich.console import Console

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def stop_on_interrupt(console: Console) -> Generator[Callable[[], bool]]:
    """Yields a function that says whether a stop was requested; restores the signal handlers afterwards."""
    asked = threading.Event()

    def ask(signum: int, frame: FrameType | None) -> None:
        del frame
        if asked.is_set():
            signal.signal(signum, before[signal.Signals(signum)])
            signal.raise_signal(signum)
        asked.set()
        console.print("stopping when the runs under way have ended; once more to stop at once")

    before = {number: signal.signal(number, ask) for number in SIGNALS}
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
