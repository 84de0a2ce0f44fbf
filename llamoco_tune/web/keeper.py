"""Runs one command and ends whatever it started: when it has ended, when told to, or when the parent process is gone.

`python -m llamoco_tune.web.keeper PARENT FOLDER COMMAND...` runs the command in the folder, and removes the folder in
the end. It knows nothing of what the command does.
"""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

PATIENCE_S = 3.0
"""Time that the command has to end by itself once it is interrupted."""
KILL_S = 10.0
"""Time that its processes have to disappear once they are killed."""
NICENESS = 5
"""Added niceness: the page answers others while a trial runs."""

_DEATH_SIGNAL, _SUBREAPER = 1, 36
"""Options of prctl(2)."""


class _EndedError(Exception):
    """The command is to end."""


def main() -> int:
    """Runs the command; returns its exit code, or that of SIGTERM where it was ended."""
    parent, folder, *command = sys.argv[1:]
    try:
        signal.signal(signal.SIGTERM, _end)
        _tie(int(parent))
        os.nice(NICENESS)
        # `subprocess.run` would kill the command at once where it can still end by itself.
        return subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL).wait()
    except _EndedError:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _signal_children(signal.SIGINT)
        _children_ended(PATIENCE_S)
        return 128 + signal.SIGTERM
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        end = time.monotonic() + KILL_S
        while time.monotonic() < end:
            _signal_children(signal.SIGKILL)
            if _children_ended(0.1):
                break
        shutil.rmtree(folder, ignore_errors=True)


def _end(_signum: int, _frame: object) -> NoReturn:
    raise _EndedError


def _tie(parent: int) -> None:
    """Asks for SIGTERM when the parent ends, and becomes the parent of all descendants whose own parents end."""
    system = ctypes.CDLL(None, use_errno=True)
    if system.prctl(_DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0) or system.prctl(_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != parent:
        raise _EndedError


def _signal_children(number: signal.Signals) -> None:
    for child in _children():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(child, number)


def _children() -> list[int]:
    this, found = str(os.getpid()), list[int]()
    for place in Path("/proc").iterdir():
        if place.name.isdecimal():
            with contextlib.suppress(OSError, IndexError):
                # The name of a process, in parentheses, may hold anything; state and parent follow it.
                if (place / "stat").read_text(errors="replace").rpartition(")")[2].split()[1] == this:
                    found.append(int(place.name))
    return found


def _children_ended(limit_s: float) -> bool:
    """Waits until there are no children, or the time is over; returns whether there are none."""
    end = time.monotonic() + limit_s
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return True
        if pid == 0:
            if time.monotonic() >= end:
                return False
            time.sleep(0.02)


if __name__ == "__main__":
    sys.exit(main())
