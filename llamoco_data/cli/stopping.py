"""Ctrl-C and SIGTERM as requests to stop: the first lets work under way end, the second ends the program at once.

What was made until then is kept either way.
"""

import contextlib
import signal
import threading
from collections.abc import Callable, Generator
from types import FrameType

from rich.console import Console

from llamoco_data.plurals import counted

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def stop_on_interrupt(console: Console, patience_s: float | None = None) -> Generator[Callable[[], bool]]:
    """Yields a function that says whether a stop was requested; restores the signal handlers afterwards.

    Args:
        console: where a line says that the command is stopping.
        patience_s: time after a request until the program is ended as by a second one; None for no end of patience.
    """
    asked = threading.Event()
    # The signal goes to the main thread, which may be asleep in somebody's code.
    later = threading.Timer(patience_s or 0.0, signal.pthread_kill, (threading.main_thread().ident, signal.SIGINT))
    later.daemon = True
    how = "when the runs under way have ended"
    if patience_s is not None:
        how += f", or after {counted(round(patience_s), 'second')}"

    def ask(signum: int, frame: FrameType | None) -> None:
        del frame
        if asked.is_set():
            handler = before[signal.Signals(signum)]
            if handler == signal.SIG_IGN:  # as in a shell's background
                raise KeyboardInterrupt
            signal.signal(signum, handler)
            signal.raise_signal(signum)
            return
        asked.set()
        console.print(f"stopping {how}; once more to stop at once")
        if patience_s is not None:
            later.start()

    before = {number: signal.signal(number, ask) for number in SIGNALS}
    try:
        yield asked.is_set
    finally:
        later.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)
