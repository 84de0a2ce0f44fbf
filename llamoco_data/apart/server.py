"""A process with one thread and all libraries loaded, which forks a copy of itself for each run and ends what it left.

A fork takes milliseconds, a new interpreter with these libraries seconds. The server ends with its parent process.
"""

import contextlib
import ctypes
import gc
import importlib
import os
import select
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

from llamoco_data.apart import program
from llamoco_data.apart.frames import JSON_BYTES, READY, STOP, Job, Left
from llamoco_data.box.system import LEAVE
from llamoco_data.libraries import PRELOADED
from llamoco_data.outcomes import one_thread

_SYSTEM = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1
"""Linux option that sends this process a signal when its parent's thread that forked it, the only one, ends."""


def main() -> None:
    """Serves runs, one after the other, at the socket whose descriptor is the argument."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = socket.socket(fileno=int(sys.argv[1]))
    for name in PRELOADED:
        importlib.import_module(name)
    one_thread()
    gc.collect()
    gc.freeze()
    control.send(READY)
    while (request := socket.recv_fds(control, JSON_BYTES, 2))[0]:
        message, descriptors, _, _ = request
        if message != STOP:  # a late STOP is for a run that has ended by itself
            _serve(control, *descriptors)


def _serve(control: socket.socket, job: int, meter: int) -> None:
    """Makes one run, until its process ends, it is stopped, or the other side has closed the connection."""
    this = os.getpid()
    pid = os.fork()
    if pid == 0:
        _become_program(control, job, meter, this)
    for descriptor in (job, meter):
        os.close(descriptor)
    watched = os.pidfd_open(pid)
    try:
        ready, _, _ = select.select([watched, control], [], [])
        # The group holds all that the process has started; the process itself may not have made its group yet.
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        if control in ready and control.recv(JSON_BYTES) != STOP:
            return
    finally:
        os.close(watched)
        _, status, usage = os.wait4(pid, 0)
    left = Left(code=os.waitstatus_to_exitcode(status), cpu_s=usage.ru_utime + usage.ru_stime)
    with contextlib.suppress(BrokenPipeError):
        control.send(left.to_json().encode())


def _become_program(control: socket.socket, job: int, meter: int, parent: int) -> NoReturn:
    """Turns the forked copy into the process of a program; runs it and exits."""
    try:
        _SYSTEM.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            LEAVE(1)
        control.close()
        os.setsid()
        with open(job, "rb") as content:
            asked = Job.from_json(content.read())
        here = Path(asked.folder) / "here"  # empty, unlike its parent, which holds the file of the program's text
        here.mkdir()
        os.chdir(here)
        os.environ["HOME"] = os.environ["TMPDIR"] = tempfile.tempdir = asked.folder
        program.limit(asked)
        program.run(asked, socket.socket(fileno=meter))
        LEAVE(0)
    finally:
        LEAVE(1)


if __name__ == "__main__":
    main()
