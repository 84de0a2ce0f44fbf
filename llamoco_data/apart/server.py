"""A process with one thread and every library loaded: it forks a copy of itself for each run, and clears up after it.

A fork takes milliseconds, a new interpreter with these libraries seconds. It ends with the process that started it.
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
from llamoco_data.runs import one_thread

_SYSTEM = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1
"""Linux: a signal for this process when its parent dies, whose only thread is the one that forked."""

PRELOADED = (
    "scipy.linalg",
    "scipy.optimize",
    "scipy.stats",
    "cma",
    "minionpy",
    "nlopt",
    "pymoo.optimize",
    "pymoo.algorithms.soo.nonconvex.de",
    "pymoo.algorithms.soo.nonconvex.ga",
    "pymoo.algorithms.soo.nonconvex.isres",
    "pymoo.algorithms.soo.nonconvex.pso",
)
"""What programs import most."""


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
        if message != STOP:  # else the run to stop has ended by itself
            _serve(control, *descriptors)


def _serve(control: socket.socket, job: int, meter: int) -> None:
    """One run: until its process ends, or is to be stopped, or nobody waits for it any more."""
    this = os.getpid()
    pid = os.fork()
    if pid == 0:
        _become_program(control, job, meter, this)
    for descriptor in (job, meter):
        os.close(descriptor)
    watched = os.pidfd_open(pid)
    try:
        ready, _, _ = select.select([watched, control], [], [])
        # What it has started goes with it. It leads its group from its first moment on, or is about to.
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
    """What the copy does."""
    try:
        _SYSTEM.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        control.close()
        os.setsid()
        with open(job, "rb") as content:
            asked = Job.from_json(content.read())
        here = Path(asked.folder) / "here"  # beside it lies the file of the program's text
        here.mkdir()
        os.chdir(here)
        os.environ["HOME"] = os.environ["TMPDIR"] = tempfile.tempdir = asked.folder
        program.limit(asked)
        program.run(asked, socket.socket(fileno=meter))
        os._exit(0)
    finally:
        os._exit(1)


if __name__ == "__main__":
    main()
