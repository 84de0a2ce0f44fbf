# pyright: reportExplicitAny=false, reportPrivateUsage=false
"""The executor on Ray actors: one call in flight per actor; this side owns deadlines, kills and respawns.

Ray itself restarts and retries nothing: the caller, who gets a lost slice back, decides whether it is tried again.
Before a run is blamed for a loss, the node that it was on has to show that it is there.
"""

import contextlib
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

from llamoco_data.box.frames import TooLargeError
from llamoco_data.confined import ConfinementError
from llamoco_data.execution.protocol import Lost, Slice
from llamoco_data.execution.work import Program, Progress, Task, advance, longest_s, warm_up
from llamoco_data.identity import LlamocoError
from llamoco_data.plugins import PluginMissing
from llamoco_data.texts import HASH_SEED
from llamoco_data.threads import ONE_THREAD

# Lost workers and nodes are handled here; Ray's own messages about them are silenced. Ray reads the variable when it is
# imported.
os.environ.setdefault(
    "RAY_DEDUP_LOGS_SKIP_REGEX",
    "^(A worker died or was killed while executing a task|Raylet is terminated|The node with node id|"
    r"\d+ worker\(s\) were killed due to|Task was killed due to)",
)

import ray
from ray.exceptions import ActorDiedError, OutOfMemoryError, RayError, RayTaskError, RuntimeEnvSetupError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from llamoco_data.execution.ray_connection import connected

TICK_S = 0.2
"""Longest wait for a slice to end."""
START_LIMIT_S = 180.0
"""Time without an actor after which a Ray of our own has failed; an actor may have to compile the evaluator."""
NODE_LIMIT_S = 900.0
"""Time without an actor after which a cluster has failed; a node may have to be brought up first."""
GROW_S = 5.0
"""Time between two looks at how many processors the cluster has."""
SETTLE_S = 2.0
"""Time after a loss on a node until a task may be alone there. A worker that Ray ends for want of memory holds it for
some tenths of a second more, and Ray, which looks every quarter of a second, would end the next worker for it."""
ANSWER_S = 10.0
"""Time for a node to show that it is there: it starts a process, which takes a second or two."""
MARGIN_S = 10.0
"""Time added to a slice's deadline for a machine under load, or a pause."""
APART_S = 60.0
"""Time added for programs in processes of their own: before the first of them a worker loads the libraries."""
MAX_FAILED_STARTS = 3
"""Failed starts in a row, on nodes that are there, after which the cause cannot be chance."""
MAX_FAILED_SLICES = 20
"""Slices in a row that raised instead of giving records, after which the cause is a defect of ours and no program."""

_DEAD = "its worker process died"
_OVERDUE = "it did not end within its time limit, and was stopped from outside"


@dataclass(frozen=True, slots=True)
class RayExecutor:
    """Advances tasks on the actors of a Ray cluster, or of a local Ray that lives as long as the work."""

    address: str
    """`local`, `auto`, `host:port` or `ray://host:port`. A process that is connected to Ray already stays so."""
    workers: int | None = None
    """Number of actors; where None, one for each processor, and more when the cluster grows."""
    margin_s: float = MARGIN_S
    """Time added to a slice's deadline."""

    def connected(self) -> AbstractContextManager[None]:
        """See `Executor.connected`."""
        return connected(self.address, self.workers)

    def run(
        self, programs: Sequence[Program], pending: Callable[[], Task | None], width: int
    ) -> Generator[Slice | None]:
        """See `Executor.run`.

        Raises:
            LlamocoError: no Ray answers at the address, or none of its actors comes up.
        """
        with self.connected():
            warm_up()
            pool = _Pool(
                programs=ray.put(tuple(programs)),
                workers=self.workers,
                width=width,
                margin_s=self.margin_s,
                start_limit_s=START_LIMIT_S if self.address == "local" else NODE_LIMIT_S,
            )
            try:
                yield from pool.run(pending)
            finally:
                pool.close()


class _Worker:
    """The actor: holds the programs, so that a task does not carry them."""

    def __init__(self, programs: Sequence[Program]) -> None:
        self._programs = programs

    def node_id(self) -> str:
        return ray.get_runtime_context().get_node_id()

    def warm_up(self) -> None:
        warm_up()

    def advance(self, task: Task) -> Progress:
        return advance(task, self._programs)


@dataclass(slots=True)
class _Actor:
    """A worker that was started."""

    handle: Any
    node_id: str = ""
    """The node that it is on; empty until it has answered."""


@dataclass(slots=True)
class _Call:
    """A slice under way."""

    actor: _Actor
    task: Task
    deadline: float
    """On the monotonic clock."""
    greeting: Any = None
    """Reference of the actor's answer just before the slice, where the task could be blamed for a loss."""


@dataclass(frozen=True, slots=True)
class _Question:
    """Whether a node is there: asked after a loss on it."""

    node_id: str
    deadline: float
    then: Callable[[bool], list[Slice]]
    """Makes the slices that follow from the answer."""


@dataclass(slots=True)
class _Pool:
    """A number of actors, each with one call at most."""

    programs: Any
    """Reference of the programs, which every actor gets when it starts."""
    workers: int | None
    width: int
    margin_s: float
    start_limit_s: float
    size: int = 0
    """Number of actors that were asked for; those that find no processor wait."""
    idle: deque[_Actor] = field(default_factory=deque)
    starting: dict[Any, _Actor] = field(default_factory=dict)
    """Reference of its first call -> actor."""
    calls: dict[Any, _Call] = field(default_factory=dict)
    """Reference of the result -> call."""
    questions: dict[Any, _Question] = field(default_factory=dict)
    """Reference of the answer -> question."""
    alone: deque[Task] = field(default_factory=deque)
    """Tasks that wait for a node without other work."""
    kept_free: str = ""
    """The node that gets no other work, for a task that is to be alone there."""
    lost: dict[str, float] = field(default_factory=dict)
    """Node -> when an actor was last lost there."""
    failed_starts: int = 0
    failed_slices: int = 0
    began: float = field(default_factory=time.monotonic)
    """When the pool last had a working actor."""
    looked: float = float("-inf")
    """When the number of processors was last looked at."""

    def run(self, pending: Callable[[], Task | None]) -> Generator[Slice | None]:
        while True:
            self._grow()
            self._hand_out(pending)
            if self.idle and not (self.calls or self.questions or self.alone):
                return
            ended = self._ended()
            yield from ended or [None]

    def close(self) -> None:
        actors = [*self.idle, *self.starting.values(), *(call.actor for call in self.calls.values())]
        for actor in actors:
            _kill(actor)

    def _grow(self) -> None:
        """Adds actors up to the number wanted; without a number, up to the processors that the cluster has now."""
        if self.size and (self.workers is not None or time.monotonic() - self.looked < GROW_S):
            return
        self.looked = time.monotonic()
        wanted = self.workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
        while self.size < min(wanted, self.width):
            self.size += 1
            self._spawn()

    def _spawn(self) -> None:
        options = {
            "num_cpus": 1,
            "max_restarts": 0,
            "max_task_retries": 0,
            "scheduling_strategy": "SPREAD",
            "runtime_env": {"env_vars": {**ONE_THREAD, "PYTHONHASHSEED": HASH_SEED}},
        }
        remote: Any = ray.remote(_Worker)
        actor = _Actor(remote.options(**options).remote(self.programs))
        self.starting[actor.handle.node_id.remote()] = actor

    def _hand_out(self, pending: Callable[[], Task | None]) -> None:
        self._hand_out_alone()
        while (actor := next((each for each in self.idle if each.node_id != self.kept_free), None)) is not None:
            task = pending()
            if task is None:
                return
            if task.alone:
                self.alone.append(task)
                self._hand_out_alone()
            else:
                self._call(actor, task)

    def _hand_out_alone(self) -> None:
        """Keeps the node with the least work from getting more, until a task can be alone on it."""
        work = Counter(call.actor.node_id for call in self.calls.values())
        self.kept_free = next((call.actor.node_id for call in self.calls.values() if call.task.alone), "")
        if self.kept_free or not self.alone or not self.idle:
            return
        actor = min(self.idle, key=lambda each: work[each.node_id])
        self.kept_free = actor.node_id
        settled = time.monotonic() - self.lost.get(actor.node_id, float("-inf")) > SETTLE_S
        if settled and not work[actor.node_id]:
            self._call(actor, self.alone.popleft())

    def _call(self, actor: _Actor, task: Task) -> None:
        self.idle.remove(actor)
        allowed_s = (0.0 if task.single else task.slice_s) + 1.5 * longest_s(task) + self.margin_s
        allowed_s += APART_S if task.confined is not None else 0.0
        greeting = actor.handle.node_id.remote() if task.single else None
        reference = actor.handle.advance.remote(task)
        self.calls[reference] = _Call(actor, task, time.monotonic() + allowed_s, greeting)

    def _ended(self) -> list[Slice]:
        """The slices that have ended since the last look, after a wait of a tick at most."""
        references = [*self.calls, *self.starting, *self.questions]
        if not references:  # only a task is left that waits until its node has settled
            time.sleep(TICK_S)
            return []
        ready, _ = ray.wait(references, num_returns=len(references), timeout=0)
        if not ready:
            ready, _ = ray.wait(references, num_returns=1, timeout=TICK_S)
        slices = [slice_ for reference in ready if reference in self.calls for slice_ in self._result(reference)]
        for reference in ready:
            if reference in self.starting:
                self._started(reference)
        # Results that are here by now are taken before a call counts as overdue.
        for reference, question in list(self.questions.items()):
            if reference in ready or time.monotonic() > question.deadline:
                del self.questions[reference]
                # A node that ends the answering process for want of memory is there.
                there = reference in ready and isinstance(_error_of(reference), OutOfMemoryError | None)
                slices += self._answered(question, there)
        for reference, call in self.calls.items():
            if time.monotonic() > call.deadline:
                self._overdue(reference, call)
        if self.idle or self.calls:
            self.began = time.monotonic()
        elif time.monotonic() - self.began > self.start_limit_s:
            raise LlamocoError(
                f"no worker came up within {self.start_limit_s:.0f} s: does the Ray cluster have a free processor? "
                "see `ray status`; nothing is lost, run again when it has one"
            )
        return slices

    def _result(self, reference: Any) -> list[Slice]:
        call = self.calls.pop(reference)
        try:
            progress: Any = ray.get(reference)
        except RayTaskError as error:
            if isinstance(error.cause, ConfinementError | PluginMissing | TooLargeError):  # whatever the program
                raise LlamocoError(str(error.cause)) from None
            # Errors of programs are records, so the slice itself raised; a program may have spoilt the process.
            self.failed_slices += 1
            if self.failed_slices >= MAX_FAILED_SLICES:
                raise
            self._replace(call.actor)
            cause = " ".join(str(error.cause).split())
            return [Slice(call.task, Lost("crashed", f"its worker failed: {type(error.cause).__name__}: {cause}"))]
        except (ActorDiedError, OutOfMemoryError) as error:
            self._replace(call.actor)
            out_of_memory = isinstance(error, OutOfMemoryError)
            lost = Lost("crashed", "its worker was ended for want of memory" if out_of_memory else _DEAD)
            # An idle actor may have died before the call, as when Ray needs memory: that is not the task's fault.
            begun = call.greeting is None or _error_of(call.greeting) is None
            self._ask(
                call.actor.node_id, lambda there: [Slice(call.task, replace(lost, by_node=not (there and begun)))]
            )
            return []
        except RayError:
            # The connection to the worker broke, or a part of Ray did; nothing says that the worker died.
            self._replace(call.actor)
            return self._without(call.actor.node_id, [Slice(call.task, Lost("crashed", _DEAD, by_node=True))])
        self.failed_slices = 0
        self.idle.append(call.actor)
        return [Slice(call.task, progress)]

    def _overdue(self, reference: Any, call: _Call) -> None:
        call.deadline = float("inf")

        def verdict(there: bool) -> list[Slice]:
            if reference not in self.calls:
                return []
            del self.calls[reference]
            self._replace(call.actor)
            return [Slice(call.task, Lost("timed_out", _OVERDUE, by_node=not there))]

        self._ask(call.actor.node_id, verdict)

    def _started(self, reference: Any) -> None:
        actor = self.starting.pop(reference)
        try:
            told: Any = ray.get(reference)
        except RayError as error:
            self._replace(actor)
            if _is_at_fault(error):
                self._failed_start(error)
            elif actor.node_id:
                failure = error
                self._ask(actor.node_id, lambda there: self._failed_start(failure) if there else [])
            return
        if not actor.node_id:
            actor.node_id = told
            self.starting[actor.handle.warm_up.remote()] = actor
            return
        self.failed_starts = 0
        self.idle.append(actor)

    def _failed_start(self, error: RayError) -> list[Slice]:
        self.failed_starts += 1
        if self.failed_starts >= MAX_FAILED_STARTS:
            raise LlamocoError(
                f"workers do not start: {_last_line(error)}; "
                "every node needs this program's version and its dependencies"
            ) from None
        return []

    def _ask(self, node_id: str, then: Callable[[bool], list[Slice]]) -> None:
        """Asks a node to show that it is there, by a process other than the worker's, which may hang or be dead."""
        if node_id == ray.get_runtime_context().get_node_id():
            answer = ray.put(None)
        else:
            strategy = NodeAffinitySchedulingStrategy(node_id, soft=False)
            remote: Any = ray.remote(_here)
            answer = remote.options(num_cpus=0, max_retries=0, scheduling_strategy=strategy).remote()
        self.questions[answer] = _Question(node_id, time.monotonic() + ANSWER_S, then)

    def _answered(self, question: _Question, there: bool) -> list[Slice]:
        slices = question.then(there)
        return slices if there else self._without(question.node_id, slices)

    def _without(self, node_id: str, slices: list[Slice]) -> list[Slice]:
        """The slices, after the idle actors of a node that is gone were replaced, so that they get no task."""
        for actor in [each for each in self.idle if each.node_id == node_id]:
            self.idle.remove(actor)
            self._replace(actor)
        return slices

    def _replace(self, actor: _Actor) -> None:
        _kill(actor)
        self.lost[actor.node_id] = time.monotonic()
        self._spawn()


def _here() -> None:
    """What a node runs to show that it is there."""


def _error_of(reference: Any) -> RayError | None:
    try:
        ray.get(reference)
    except RayError as error:
        return error
    return None


def _is_at_fault(error: RayError) -> bool:
    """Whether a start failed because of what was started, and not because of the node."""
    return isinstance(error, RayTaskError | RuntimeEnvSetupError) or getattr(error, "actor_init_failed", False)


def _kill(actor: _Actor) -> None:
    with contextlib.suppress(RayError):
        ray.kill(actor.handle, no_restart=True)


def _last_line(error: RayError) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
