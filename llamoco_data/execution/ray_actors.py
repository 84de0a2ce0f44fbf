# pyright: reportExplicitAny=false, reportPrivateUsage=false
"""The executor on Ray actors: one call in flight per actor; this side owns deadlines, kills and respawns.

Ray itself restarts and retries nothing: whether a lost slice is tried again is decided by whoever gets it back.
"""

import contextlib
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

from llamoco_data.execution.protocol import Lost, Slice
from llamoco_data.execution.work import Progress, Task, advance, warm_up
from llamoco_data.identity import LlamocoError
from llamoco_data.portfolio.entrants import Entrant

# A lost worker is a record here, and no news for the screen. Ray reads the variable when it is imported.
os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", "^A worker died or was killed while executing a task")

import ray
from ray.exceptions import RayError, RayTaskError

TICK_S = 0.2
CONNECT_LIMIT_S = 20.0
START_LIMIT_S = 180.0
"""For the first actor to come up; it may have to compile the evaluator."""
MARGIN_S = 10.0
"""Added to a slice's deadline for a machine under load, or a pause."""
MAX_FAILED_STARTS = 3
"""Failed starts in a row after which the cause cannot be chance."""
MAX_FAILED_SLICES = 20
"""Slices in a row that raised instead of giving records, after which the cause is no program but a defect of ours."""
OBJECT_STORE_BYTES = 200_000_000
"""Of a Ray of our own: tasks and their results are small."""

_QUIETLY: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class RayExecutor:
    """Advances tasks on the actors of a Ray cluster, or of a local Ray that lives as long as the work."""

    address: str
    """`local`, `auto`, `host:port` or `ray://host:port`. A process that is connected to Ray already stays so."""
    workers: int | None = None
    """Number of actors; one for each processor where None."""
    margin_s: float = MARGIN_S

    def run(
        self, entrants: Sequence[Entrant], pending: Callable[[], Task | None], width: int
    ) -> Generator[Slice | None]:
        """See `Executor.run`.

        Raises:
            LlamocoError: no Ray answers at the address, or none of its actors comes up.
        """
        with _connected(self.address, self.workers):
            warm_up()
            size = self.workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
            pool = _Pool(ray.put(tuple(entrants)), min(size, width), self.margin_s)
            try:
                yield from pool.run(pending)
            finally:
                pool.close()


class _Worker:
    """The actor: holds the programs, so that a task does not carry them."""

    def __init__(self, entrants: Sequence[Entrant]) -> None:
        self._entrants = entrants
        warm_up()

    def ready(self) -> None:
        """Returns once the actor is up."""

    def advance(self, task: Task) -> Progress:
        return advance(task, self._entrants)


@dataclass(slots=True)
class _Call:
    """A slice on its way."""

    actor: Any
    task: Task
    deadline: float
    """On the monotonic clock."""


@dataclass(slots=True)
class _Pool:
    """A number of actors, each with one call at most."""

    entrants: Any
    """Reference of the programs, which every actor gets when it starts."""
    size: int
    margin_s: float
    idle: deque[Any] = field(default_factory=deque)
    starting: dict[Any, Any] = field(default_factory=dict)
    """Reference of `ready` -> actor."""
    calls: dict[Any, _Call] = field(default_factory=dict)
    failed_starts: int = 0
    failed_slices: int = 0
    began: float = field(default_factory=time.monotonic)
    """When the pool last had a working actor."""

    def run(self, pending: Callable[[], Task | None]) -> Generator[Slice | None]:
        for _ in range(self.size):
            self._spawn()
        while True:
            while self.idle and (task := pending()) is not None:
                self._call(self.idle.popleft(), task)
            if self.idle and not self.calls:
                return
            ended = self._ended()
            yield from ended or [None]

    def close(self) -> None:
        actors = [*self.idle, *self.starting.values(), *(call.actor for call in self.calls.values())]
        for actor in actors:
            _kill(actor)

    def _spawn(self) -> None:
        options = {
            "num_cpus": 1,
            "max_restarts": 0,
            "max_task_retries": 0,
            "scheduling_strategy": "SPREAD",
            "runtime_env": {"env_vars": dict.fromkeys(_THREADS, "1")},
        }
        remote: Any = ray.remote(_Worker)
        actor = remote.options(**options).remote(self.entrants)
        self.starting[actor.ready.remote()] = actor

    def _call(self, actor: Any, task: Task) -> None:
        allowed_s = (0.0 if task.single else task.slice_s) + 1.5 * task.time_limit_s + self.margin_s
        self.calls[actor.advance.remote(task)] = _Call(actor, task, time.monotonic() + allowed_s)

    def _ended(self) -> list[Slice]:
        """The slices that have ended since, waiting for one for a tick at most."""
        references = [*self.calls, *self.starting]
        ready, _ = ray.wait(references, num_returns=len(references), timeout=0)
        if not ready:
            ready, _ = ray.wait(references, num_returns=1, timeout=TICK_S)
        slices = [self._result(reference) for reference in ready if reference in self.calls]
        for reference in ready:
            if reference in self.starting:
                self._started(reference)
        slices += [self._overdue(reference) for reference in list(self.calls) if self._is_overdue(reference)]
        if self.idle or self.calls:
            self.began = time.monotonic()
        elif time.monotonic() - self.began > START_LIMIT_S:
            raise LlamocoError(
                f"no worker came up within {START_LIMIT_S:.0f} s: does the Ray cluster have a free processor? "
                "`ray status` tells; nothing is lost, run again when it has"
            )
        return slices

    def _result(self, reference: Any) -> Slice:
        call = self.calls.pop(reference)
        try:
            progress: Any = ray.get(reference)
        except RayTaskError as error:
            # The slice raised, and not its programs, whose errors are records: one of them may have spoilt the process.
            self.failed_slices += 1
            if self.failed_slices >= MAX_FAILED_SLICES:
                raise
            self._replace(call.actor)
            cause = " ".join(str(error.cause).split())
            return Slice(call.task, Lost("crashed", f"its worker failed: {type(error.cause).__name__}: {cause}"))
        except RayError:
            self._replace(call.actor)
            return Slice(call.task, Lost("crashed", "its worker process died"))
        self.failed_slices = 0
        self.idle.append(call.actor)
        return Slice(call.task, progress)

    def _is_overdue(self, reference: Any) -> bool:
        return time.monotonic() > self.calls[reference].deadline

    def _overdue(self, reference: Any) -> Slice:
        call = self.calls.pop(reference)
        self._replace(call.actor)
        return Slice(call.task, Lost("timed_out", "it did not end within its time limit, and was stopped from outside"))

    def _started(self, reference: Any) -> None:
        actor = self.starting.pop(reference)
        try:
            ray.get(reference)
        except RayError as error:
            self.failed_starts += 1
            if self.failed_starts >= MAX_FAILED_STARTS:
                raise LlamocoError(
                    f"workers do not start: {_last_line(error)}; "
                    "every node needs this program's version and its dependencies"
                ) from None
            self._replace(actor)
        else:
            self.failed_starts = 0
            self.idle.append(actor)

    def _replace(self, actor: Any) -> None:
        _kill(actor)
        self._spawn()


def _kill(actor: Any) -> None:
    with contextlib.suppress(RayError):
        ray.kill(actor, no_restart=True)


def _last_line(error: RayError) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


@contextlib.contextmanager
def _connected(address: str, workers: int | None) -> Generator[None]:
    """Connects the process to Ray, unless it is connected already, and undoes at the end what it did."""
    if ray.is_initialized():
        here = ray.get_runtime_context().gcs_address
        if address not in ("local", "auto", here):
            raise LlamocoError(
                f"this process is connected to the Ray at {here}, not {address}; use that, or disconnect first"
            )
        yield
        return
    try:
        _connect(address, workers)
        yield
    finally:
        ray.shutdown()


def _connect(address: str, workers: int | None) -> None:
    options = dict(_QUIETLY)
    if address == "local":
        # Without a number Ray counts the processors that this process may use, in a container too.
        options |= {"num_cpus": workers, "include_dashboard": False, "object_store_memory": OBJECT_STORE_BYTES}
    else:
        _check_answers(address)
    try:
        with _callers_sigterm():
            ray.init(address=address, **options)
    except (ConnectionError, RuntimeError, ValueError, OSError, RayError) as error:
        raise _unreachable(address, str(error)) from None


@contextlib.contextmanager
def _callers_sigterm() -> Generator[None]:
    """Gives SIGTERM back to a caller that handles it: Ray takes it when it connects, and ends the process on it."""
    handler = signal.getsignal(signal.SIGTERM)
    yield
    if callable(handler) and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, handler)


def _check_answers(address: str) -> None:
    """Tries to connect in another process, which can be stopped: Ray itself would try for minutes, not quietly.

    Raises:
        LlamocoError: no Ray answers.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        try:
            socket.create_connection((host.strip("[]"), int(port)), CONNECT_LIMIT_S).close()
        except (OSError, OverflowError) as error:
            raise _unreachable(address, getattr(error, "strerror", None) or str(error)) from None
    script = f"import sys, ray; ray.init(sys.argv[1], **{_QUIETLY!r})"
    try:
        attempt = subprocess.run(
            [sys.executable, "-c", script, address],
            capture_output=True,
            check=False,
            text=True,
            timeout=CONNECT_LIMIT_S,
        )
    except subprocess.TimeoutExpired:
        raise _unreachable(address, f"nothing answered within {CONNECT_LIMIT_S:.0f} s") from None
    if attempt.returncode != 0:
        last = (attempt.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        raise _unreachable(address, re.sub(r"^[\w.]+(Error|Exception): ", "", last))


def _unreachable(address: str, reason: str) -> LlamocoError:
    reason = " ".join(reason.split())[:200].rstrip(".")
    if address == "local":
        return LlamocoError(f"Ray does not start here: {reason}; free some memory, or run with --address inline")
    return LlamocoError(
        f"no Ray answers at address {address!r}: {reason}; "
        "check the address and that its head node runs, or run with --address local"
    )
