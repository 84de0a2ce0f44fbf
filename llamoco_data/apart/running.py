"""The measuring side of a run in another process: it evaluates the points, keeps the time limit, and records the run.

Better confinement of strangers' programs would replace `run_text` alone. Here they can hang, crash, flood and report
falsely without harm to a measurement; they are not kept from the files and the network of this user.
"""

import contextlib
import os
import select
import socket
import tempfile
import time
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from llamoco_data.apart import frames
from llamoco_data.apart.connection import Server, drop_server, server
from llamoco_data.apart.frames import Ended, Job, Left
from llamoco_data.attempts import AskedPoints, Mark, settled
from llamoco_data.box.frames import CONSTRAINTS, ENDED, HEAD_BYTES, OBJECTIVE, SPENT, VALUES, pair
from llamoco_data.outcomes import BudgetSpent, RunStatus, how_ended, over_budget
from llamoco_data.problems.evaluation import Meter, Problem, build
from llamoco_data.problems.own_spec import AnySpec
from llamoco_data.runs import TIME_LIMIT_S, RunRecord, recorded
from llamoco_data.silence import silence

MEMORY_BYTES = 2 << 30
"""Address space that a program may use beyond that of the loaded libraries."""
CLEAN_UP_S = 20.0
"""Time that the server has to end a program and report its exit."""

_TIMED_OUT = "the run did not end within its time limit"
_BROKEN = "it broke its connection to the meter"


def run_text(
    program: str,
    spec: AnySpec,
    seed: int,
    *,
    problem: Problem | None = None,
    time_limit_s: float = TIME_LIMIT_S,
    waits: bool = False,
) -> RunRecord:
    """Runs a program text in a process of its own, and records the run as `run_program` would, except for `cpu_s`.

    The meter stays in this process, so that evaluations, budget and best point are right whatever the program does to
    its own process. A run takes some milliseconds, and each evaluation some 20 us, more than with `run_program`. Two
    threads must not call it at once.

    Args:
        problem: the built problem, where the caller has it already.
        time_limit_s: limit of the wall clock, after which the process and all that it has started are killed.
        waits: whether a program that timed out without computing much is run again, with a longer limit.

    Raises:
        LlamocoError, OSError: no process can be started, which says nothing about the program.
        TooLargeError: the problem has too many variables or constraints for a run in a process of its own.
    """
    built = build(spec) if problem is None else problem

    def make(limit_s: float, before: Mark | None) -> _Attempt:
        asked = AskedPoints(before)
        return _Attempt(_run_once(program, built, seed, limit_s, asked), asked)

    return settled(make, time_limit_s, waits=waits).record


class _Attempt(NamedTuple):
    record: RunRecord
    asked: AskedPoints


def _run_once(program: str, problem: Problem, seed: int, time_limit_s: float, asked: AskedPoints) -> RunRecord:
    meter = Meter(problem)
    began = time.process_time()
    with tempfile.TemporaryDirectory(prefix="llamoco-run-", ignore_cleanup_errors=True) as folder:
        job = _job(program, problem, seed, folder)
        status, detail, child_s = _measured(job, problem, meter, asked, time_limit_s)
    # A run that was refused an evaluation is over its budget, whatever its program reports.
    if meter.refused and status != "over_budget" and status in ("completed", "raised", "bad_return"):
        status, detail = "over_budget", over_budget(problem.max_evaluations)
    record = recorded(program, problem, seed, meter, status, detail, time.process_time() - began + child_s)
    return record.model_copy(update={"tier": "trusted"})


def _job(program: str, problem: Problem, seed: int, folder: str) -> Job:
    return Job(
        program=program,
        seed=seed,
        lower=tuple(problem.lower.tolist()),
        upper=tuple(problem.upper.tolist()),
        max_evaluations=problem.max_evaluations,
        num_inequality=problem.spec.num_inequality,
        num_constraints=problem.spec.num_constraints,
        folder=folder,
        memory_bytes=MEMORY_BYTES,
    )


def _measured(
    job: Job, problem: Problem, meter: Meter, asked: AskedPoints, time_limit_s: float
) -> tuple[RunStatus, str, float]:
    """Status and reason of a run, and the processor time of its process."""
    here, there = pair(max(problem.spec.dimension, problem.spec.num_constraints))
    with here:
        with there:
            serving = _handed_over(job, there)
        try:
            with silence():  # a user's own problem is evaluated on this side
                answering = _Answering(problem, meter, here, serving, asked)
                status, detail = answering.until(time.monotonic() + time_limit_s)
        except BaseException:
            drop_server()  # this ends the run too
            raise
        left = _stopped(serving)
    if left is None:
        return "crashed", "it took down the process that started it", 0.0
    return status, detail or ("" if status == "completed" else how_ended(left.code)), left.cpu_s


def _handed_over(job: Job, there: socket.socket) -> Server:
    """Hands a job to the server, which is replaced if it has died since its last run; returns the server."""
    content = os.memfd_create("llamoco-job")
    try:
        with os.fdopen(os.dup(content), "wb") as file:
            file.write(job.to_json().encode())
        os.lseek(content, 0, os.SEEK_SET)
        with contextlib.suppress(OSError):
            socket.send_fds(server().control, [b"run"], [content, there.fileno()])
            return server()
        drop_server()
        socket.send_fds(server().control, [b"run"], [content, there.fileno()])
        return server()
    finally:
        os.close(content)


def _stopped(serving: Server) -> Left | None:
    """Ends the run if it is still going; returns its exit, or None where the server is gone or does not answer."""
    left = b""
    try:
        serving.control.settimeout(CLEAN_UP_S)
        serving.control.send(frames.STOP)
        left = serving.control.recv(frames.JSON_BYTES)
        serving.control.settimeout(None)
        return Left.from_json(left)
    except (OSError, ValidationError):
        drop_server()
        return None


def _said(content: bytes) -> tuple[RunStatus, str]:
    try:
        ended = Ended.from_json(content)
    except ValidationError:
        return "crashed", _BROKEN
    return ended.status, ended.detail


@dataclass(frozen=True, slots=True)
class _Answering:
    """Evaluates the points that one program asks for, until it ends."""

    problem: Problem
    meter: Meter
    program: socket.socket
    serving: Server
    asked: AskedPoints

    def until(self, deadline: float) -> tuple[RunStatus, str]:
        """Status and reason of the run; after `crashed`, an empty reason means that the exit code tells it."""
        spec = self.problem.spec
        content, head, values = frames.buffer(max(spec.dimension, spec.num_constraints))
        length = HEAD_BYTES + 8 * spec.dimension
        questions = (OBJECTIVE, CONSTRAINTS) if spec.num_constraints else (OBJECTIVE,)
        self.program.setblocking(False)
        poller = select.poll()
        poller.register(self.program, select.POLLIN)
        poller.register(self.serving.control, select.POLLIN)
        while (left_s := deadline - time.monotonic()) > 0:
            ready = {descriptor for descriptor, _ in poller.poll(1000 * left_s)}
            if self.program.fileno() not in ready:
                if ready:  # the process has ended, and all that it sent has been read
                    return "crashed", ""
                continue
            try:
                size = self.program.recv_into(content)
            except OSError:
                size = 0
            if size == 0:
                poller.unregister(self.program)  # the program's end is closed; the server will report its exit
                continue
            if head[0] == ENDED:
                return _said(bytes(content[HEAD_BYTES:size]))
            if size != length or head[0] not in questions:
                return "crashed", _BROKEN
            try:
                self.program.send(memoryview(content)[: self._answered(head, values)])
            except BlockingIOError:  # the program asks without reading the answers
                return "crashed", _BROKEN
            except OSError:
                continue
        return "timed_out", _TIMED_OUT

    def _answered(self, head: NDArray[np.int64], values: NDArray[np.float64]) -> int:
        """Writes the answer to a question into the packet; returns the packet's length."""
        spec = self.problem.spec
        point = values[: spec.dimension]
        try:
            if head[0] == OBJECTIVE:
                self.asked.add(point)
                values[0] = self.meter.objective(point)
                count = 1
            else:
                assert self.meter.constraints is not None
                g, h = self.meter.constraints(point)
                count = spec.num_constraints
                values[:count] = np.concatenate([g, h])
        except BudgetSpent:
            head[0], count = SPENT, 0
        else:
            head[0] = VALUES
        return HEAD_BYTES + 8 * count
