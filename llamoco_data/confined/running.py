"""The trusted side of a confined run: it evaluates the points, keeps the time limit, and records the run."""

import contextlib
import os
import signal
import socket
import struct
import tempfile
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from llamoco_data.attempts import AskedPoints, Mark, settled
from llamoco_data.box import frames
from llamoco_data.box.frames import Job
from llamoco_data.box.layers import Tier
from llamoco_data.box.removal import remove_tree
from llamoco_data.confined.connection import MEMORY_BYTES, Zygote, drop_zygote, stopped, zygote
from llamoco_data.confined.faults import LEAST, ConfinementFault, machine_at_fault, require
from llamoco_data.outcomes import BudgetSpent, RunStatus, TimedOut, how_ended, over_budget
from llamoco_data.problems.evaluation import Meter, Problem, build
from llamoco_data.problems.own_spec import AnySpec
from llamoco_data.runs import TIME_LIMIT_S, RunRecord, recorded
from llamoco_data.silence import silence

MOST_FAULTS = 3
"""Attempts of one run that the confinement itself may spoil."""
TICK_S = 0.25
"""Longest wait for a packet before the clock is looked at."""

_TIMED_OUT = "the run did not end within its time limit"
_BROKEN = "it broke its connection to the meter"
OVERFULL = "its processes together took too much memory, or were too many"
_PROBLEM_HUNG = "the problem's own code did not answer within the time limit"


@dataclass(frozen=True, slots=True)
class ConfinedRun:
    """A run and what is known of it besides its record."""

    record: RunRecord
    said: str
    """Beginning of what the program printed."""
    meter: Meter
    asked: AskedPoints


def run_confined(
    program: str,
    spec: AnySpec,
    seed: int,
    *,
    problem: Problem | None = None,
    time_limit_s: float = TIME_LIMIT_S,
    least: Tier = LEAST,
    without: tuple[str, ...] = (),
    follow: Callable[[Meter], None] | None = None,
    waits: bool = False,
) -> ConfinedRun:
    """Runs a program text in a confined process of its own, and records the run as `run_program` would, but `cpu_s`.

    Two threads must not call it at once.

    Args:
        problem: the built problem, where the caller has it already.
        time_limit_s: limit of the wall clock, on the program's side and on that of the problem.
        least: tier below which nothing is run.
        without: layers that are left out, as on a machine that lacks them.
        follow: called after each evaluation, with the meter as it is then; a run that is made again begins anew.
        waits: whether a program that timed out without computing much is run again, with a longer limit.

    Raises:
        TooOpenError: this machine confines less than `least`.
        ConfinementFault: no confined process can be started, which says nothing about the program.
        TooLargeError: the problem has too many variables or constraints for a run in a process of its own.
    """
    built = build(spec) if problem is None else problem
    faults = 0

    def make(limit_s: float, before: Mark | None) -> ConfinedRun:
        nonlocal faults
        while True:
            serving = zygote(without)
            require(serving.tier, least, serving.missing)
            attempt = _Attempt(program, built, seed, limit_s, serving, AskedPoints(before), follow)
            ended = attempt.made()
            if ended is not None:
                record = ended.model_copy(update={"tier": serving.tier, "faults": faults})
                return ConfinedRun(record, attempt.said, attempt.meter, attempt.asked)
            drop_zygote(serving)
            faults += 1
            if faults >= MOST_FAULTS:
                raise ConfinementFault(
                    f"the confinement failed {faults} times in a row on one run: {attempt.fault or 'its zygote ended'}"
                )

    with machine_at_fault():
        return settled(make, time_limit_s, waits=waits)


class _Attempt:
    """One attempt at a run."""

    def __init__(
        self,
        program: str,
        problem: Problem,
        seed: int,
        time_limit_s: float,
        serving: Zygote,
        asked: AskedPoints,
        follow: Callable[[Meter], None] | None,
    ) -> None:
        self.asked = asked
        self._program, self._problem, self._seed = program, problem, seed
        self._time_limit_s, self._serving, self._follow = time_limit_s, serving, follow
        self.meter = Meter(problem)
        self.said = ""
        self.fault = ""

    def made(self) -> RunRecord | None:
        """The record of the run; None where the confinement failed."""
        began = time.process_time()
        with contextlib.ExitStack() as afterwards:
            folder = ""
            if self._serving.folder:
                try:
                    folder = tempfile.mkdtemp(prefix="run-", dir=self._serving.folder)
                except OSError as error:  # its launcher removes the folder when it ends
                    self.fault = f"the folder of its runs cannot be used: {error.strerror}"
                    return None
                afterwards.callback(remove_tree, folder)
            said = os.memfd_create("llamoco-said")
            afterwards.callback(os.close, said)
            measured = self._measured(folder, said)
            self.said = os.pread(said, frames.SAID_BYTES, 0).decode(errors="replace")
        if measured is None:
            self.fault = self.said
            return None
        status, detail, child_s = measured
        # A run that was refused an evaluation is over its budget, whatever its program reports.
        if self.meter.refused and status in ("completed", "raised", "bad_return"):
            status, detail = "over_budget", over_budget(self._problem.max_evaluations)
        spent = time.process_time() - began + child_s
        return recorded(self._program, self._problem, self._seed, self.meter, status, detail, spent)

    def _measured(self, folder: str, said: int) -> tuple[RunStatus, str, float] | None:
        spec = self._problem.spec
        here, there = frames.pair(max(spec.dimension, spec.num_constraints))
        with here:
            with there:
                if not self._handed_over(folder, there, said):
                    return None
            answering = _Answering(self._problem, self.meter, here, self.asked, self._follow)
            try:
                with silence():  # a user's own problem is evaluated on this side
                    status, detail = _until(time.monotonic() + self._time_limit_s, answering)
            except BaseException:
                drop_zygote(self._serving)  # this ends the run too
                raise
            left = stopped(self._serving)
        if left is None or left.fault or not answering.begun:
            return None
        if left.overfull:
            return "crashed", OVERFULL, left.cpu_s
        return status, detail or ("" if status == "completed" else how_ended(left.code)), left.cpu_s

    def _handed_over(self, folder: str, there: socket.socket, said: int) -> bool:
        """Hands the job to the zygote; returns whether that is still there."""
        job = os.memfd_create("llamoco-job")
        try:
            with os.fdopen(os.dup(job), "wb") as file:
                file.write(self._job(folder).to_json().encode())
            os.lseek(job, 0, os.SEEK_SET)
            socket.send_fds(self._serving.control, [frames.RUN], [job, there.fileno(), said])
        except OSError:
            return False
        finally:
            os.close(job)
        return True

    def _job(self, folder: str) -> Job:
        problem = self._problem
        return Job(
            program=self._program,
            seed=self._seed,
            lower=tuple(problem.lower.tolist()),
            upper=tuple(problem.upper.tolist()),
            max_evaluations=problem.max_evaluations,
            num_inequality=problem.spec.num_inequality,
            num_constraints=problem.spec.num_constraints,
            memory_bytes=MEMORY_BYTES,
            cpu_s=int(self._time_limit_s) + 5,
            folder=folder,
        )


def _until(deadline: float, answering: "_Answering") -> tuple[RunStatus, str]:
    """Answers until the run ends or its time is over, even while the problem's own code does not return."""
    try:
        with _alarm(deadline + 2 * TICK_S):
            return answering.until(deadline)
    except TimedOut:
        return "timed_out", _PROBLEM_HUNG


@contextlib.contextmanager
def _alarm(deadline: float) -> Generator[None]:
    """Raises `TimedOut` in the main thread once the time is over, and again until it is heard."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    running = True

    def ring(_signum: int, _frame: object) -> None:
        if running:
            raise TimedOut

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, max(0.01, deadline - time.monotonic()), 1.0)
    try:
        yield
    finally:
        running = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


class _Answering:
    """Evaluates the points that one program asks for, until it ends."""

    def __init__(
        self,
        problem: Problem,
        meter: Meter,
        program: socket.socket,
        asked: AskedPoints,
        follow: Callable[[Meter], None] | None,
    ) -> None:
        self._spec, self._meter, self._program = problem.spec, meter, program
        self._asked, self._follow = asked, follow
        self._content, self._head, self._values = frames.buffer(max(self._spec.dimension, self._spec.num_constraints))
        self.begun = False
        """Whether the program was confined and its own code began."""

    def until(self, deadline: float) -> tuple[RunStatus, str]:
        """Status and reason of the run; after `crashed`, an empty reason means that the exit code tells it."""
        wait = struct.pack("ll", 0, int(1e6 * TICK_S))
        self._program.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, wait)
        self._program.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, wait)
        length = frames.HEAD_BYTES + 8 * self._spec.dimension
        receive, send, clock = self._program.recv_into, self._program.send, time.monotonic
        content, head, whole = self._content, self._head, memoryview(self._content)
        asked = (frames.OBJECTIVE, frames.CONSTRAINTS) if self._spec.num_constraints else (frames.OBJECTIVE,)
        while clock() < deadline:
            try:
                size = receive(content)
            except BlockingIOError:
                continue
            except OSError:
                size = 0
            if size == 0:  # the program's end is closed by all that held it
                return "crashed", ""
            what = int(head[0]) & 0xFF
            if not self.begun:
                if size != frames.HEAD_BYTES or head[0] != frames.BEGUN:
                    return "crashed", _BROKEN
                self.begun = True
            elif what == frames.ENDED:
                claim = frames.claimed(bytes(whole[:size]))
                return claim or ("crashed", _BROKEN)
            elif size != length or what not in asked:
                return "crashed", _BROKEN
            else:
                try:
                    send(whole[: self._answered(what, head, self._values)])
                except BlockingIOError:  # the program asks without reading the answers
                    return "crashed", _BROKEN
                except OSError:
                    continue
                if self._follow is not None:
                    self._follow(self._meter)
        return "timed_out", _TIMED_OUT

    def _answered(self, what: int, head: NDArray[np.int64], values: NDArray[np.float64]) -> int:
        """Writes the answer to a question into the packet; returns the packet's length."""
        point, count = values[: self._spec.dimension], 0
        answer = frames.VALUES
        try:
            if what == frames.OBJECTIVE:
                self._asked.add(point)
                values[0] = self._meter.objective(point)
                count = 1
            else:
                assert self._meter.constraints is not None
                g, h = self._meter.constraints(point)
                count = self._spec.num_constraints
                values[:count] = np.concatenate([g, h])
        except BudgetSpent:
            answer, count = frames.SPENT, 0
        head[0] += answer - what
        return frames.HEAD_BYTES + 8 * count
