"""The process of one program: it asks for values through a socket, and reports how the program ended.

It knows the box, the budget and the numbers of constraints, and nothing else about the problem.
"""

import os
import resource
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import numpy as np

from llamoco_data.apart import frames
from llamoco_data.apart.frames import Job
from llamoco_data.box.frames import CONSTRAINTS, HEAD_BYTES, OBJECTIVE, VALUES
from llamoco_data.outcomes import BudgetSpent, Given, RunStatus, describe, outcome, quiet
from llamoco_data.problems.functions.definition import Vector

FILE_BYTES = 100_000_000
"""Largest file that a program may write."""


def run(job: Job, meter: socket.socket) -> None:
    """Runs the program, and reports how it ended."""
    asking = _Asking(job, meter)
    given = Given(
        objective=asking.objective,
        constraints=asking.constraints if job.num_constraints else None,
        lower=np.array(job.lower),
        upper=np.array(job.upper),
        max_evaluations=job.max_evaluations,
        refused=lambda: asking.refused,
    )
    with quiet(job.seed):
        status, detail = _outcome(lambda: outcome(job.program, given, job.seed))
    meter.send(frames.ended_packet(status, detail))


def _outcome(run: Callable[[], tuple[RunStatus, str]]) -> tuple[RunStatus, str]:
    try:
        return run()
    except KeyboardInterrupt as error:  # raised by the program itself: no terminal reaches this process
        return "raised", describe(error)


def limit(job: Job) -> None:
    """Limits the resources of this process, and discards what it prints."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, signal.SIG_DFL)
    limits = {
        resource.RLIMIT_AS: _mapped_bytes() + job.memory_bytes,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: FILE_BYTES,
    }
    for which, most in limits.items():
        resource.setrlimit(which, (most, most))


def _mapped_bytes() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()


class _Asking:
    """Objective and constraints as the program calls them, evaluated by the meter in the other process."""

    def __init__(self, job: Job, meter: socket.socket) -> None:
        self._meter = meter
        self._dimension = len(job.lower)
        self._num_inequality, self._num_constraints = job.num_inequality, job.num_constraints
        self._max_evaluations = job.max_evaluations
        room = max(self._dimension, job.num_constraints)
        self._out, self._out_head, self._point = frames.buffer(room)
        self._in, self._in_head, self._values = frames.buffer(room)
        self._length = HEAD_BYTES + 8 * self._dimension
        self.refused = False

    def objective(self, x: Vector) -> float:
        self._ask(x, OBJECTIVE)
        return float(self._values[0])

    def constraints(self, x: Vector) -> tuple[Vector, Vector]:
        self._ask(x, CONSTRAINTS)
        values = self._values[: self._num_constraints].copy()
        return values[: self._num_inequality], values[self._num_inequality :]

    def _ask(self, x: Vector, what: int) -> None:
        point = np.ascontiguousarray(x, np.float64)
        if point.shape != (self._dimension,):
            raise ValueError(f"x must have shape ({self._dimension},), got {point.shape}")
        self._out_head[0] = what
        self._point[: self._dimension] = point
        self._meter.send(memoryview(self._out)[: self._length])
        self._meter.recv_into(self._in)
        if self._in_head[0] != VALUES:
            self.refused = True
            raise BudgetSpent(f"all {self._max_evaluations} evaluations are spent")
