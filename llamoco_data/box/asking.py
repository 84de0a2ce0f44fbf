"""Objective and constraints as a stranger's program calls them: each question goes to the meter in another process.

Threads are answered one at a time, in the order in which they asked. A process that the program has forked is refused,
because two processes on one connection would get each other's answers.
"""

import os
import socket
import threading
from collections import deque
from typing import NoReturn

import numpy as np
from typing_extensions import override

from llamoco_data.box import frames
from llamoco_data.box.frames import Job
from llamoco_data.box.system import LEAVE
from llamoco_data.outcomes import BudgetSpent, Vector


class AskedElsewhereError(RuntimeError):
    """The objective or the constraints were asked for in a process other than the one that `minimize` was called in."""


class Asking:
    """What a program is given of a problem."""

    def __init__(self, job: Job, meter: socket.socket) -> None:
        self._meter = meter
        self._dimension = len(job.lower)
        self._num_inequality, self._num_constraints = job.num_inequality, job.num_constraints
        self._max_evaluations = job.max_evaluations
        room = max(self._dimension, job.num_constraints)
        self._out, self._out_head, self._point = frames.buffer(room)
        self._in, self._in_head, self._values = frames.buffer(room)
        self._length = frames.HEAD_BYTES + 8 * self._dimension
        self._turns = _Turns()
        self._number = 0
        """Number of the last question, which its answer repeats."""
        self._elsewhere = False
        os.register_at_fork(after_in_child=self._forked)
        self.refused = False

    def objective(self, x: Vector) -> float:
        self._turns.take()
        try:
            self._ask(x, frames.OBJECTIVE)
            return float(self._values[0])
        finally:
            self._turns.give()

    def constraints(self, x: Vector) -> tuple[Vector, Vector]:
        self._turns.take()
        try:
            self._ask(x, frames.CONSTRAINTS)
            values = self._values[: self._num_constraints].copy()
        finally:
            self._turns.give()
        return values[: self._num_inequality], values[self._num_inequality :]

    @override
    def __reduce__(self) -> NoReturn:
        raise AskedElsewhereError(_ELSEWHERE)

    def _forked(self) -> None:
        self._elsewhere = True
        self._turns = _Turns()  # the thread that had its turn is not in this process
        self._meter.close()

    def _ask(self, x: Vector, what: int) -> None:
        if self._elsewhere:
            raise AskedElsewhereError(_ELSEWHERE)
        point = np.ascontiguousarray(x, np.float64)
        if point.shape != (self._dimension,):
            raise ValueError(f"x must have shape ({self._dimension},), got {point.shape}")
        self._number += 1
        self._out_head[0] = what + (self._number << 8)
        self._point[: self._dimension] = point
        self._meter.send(memoryview(self._out)[: self._length])
        # A signal handler that raised while an earlier question was under way has left its answer unread.
        while self._in_head[0] >> 8 != self._number:
            if self._meter.recv_into(self._in) == 0:
                LEAVE(1)  # the meter has gone, and the run with it
        if self._in_head[0] & 0xFF != frames.VALUES:
            self.refused = True
            raise BudgetSpent(f"all {self._max_evaluations} evaluations are spent")


_ELSEWHERE = (
    "objective and constraints answer only in the process in which minimize was called, in any of its threads; "
    "this is another process"
)


class _Turns:
    """A lock whose waiters get it in the order in which they came."""

    def __init__(self) -> None:
        self._waiting: deque[threading.Lock] = deque()
        self._lock = threading.Lock()
        self._taken = False

    def take(self) -> None:
        """Waits for a turn."""
        with self._lock:
            if not self._taken:
                self._taken = True
                return
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        try:
            mine.acquire()
        except BaseException:  # raised by a signal handler of the program
            with self._lock:
                if mine in self._waiting:
                    self._waiting.remove(mine)
                    raise
            self.give()
            raise

    def give(self) -> None:
        """Ends a turn; the next one is that of whoever has waited longest."""
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False
