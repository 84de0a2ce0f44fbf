"""The protocol of executors, which advance tasks somewhere and return what came back or was lost."""

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from llamoco_data.execution.work import Program, Progress, Task


@dataclass(frozen=True, slots=True)
class Lost:
    """A slice that took its worker down, or kept it beyond its deadline."""

    status: Literal["crashed", "timed_out"]
    detail: str
    by_node: bool = False
    """Whether the node, or the way to it, was lost, which says nothing about the run."""


@dataclass(frozen=True, slots=True)
class Slice:
    """The end of one slice of a task."""

    task: Task
    result: Progress | Lost


class Executor(Protocol):
    """Advances tasks. Every executor gives the same records, except their `cpu_s`."""

    def connected(self) -> AbstractContextManager[None]:
        """Keeps a connection to the place of execution; without it, `run` makes one of its own.

        Enter it before anything is written, so that no folder is left behind where nothing answers.

        Raises:
            LlamocoError: nothing answers there.
        """
        ...

    def run(
        self, programs: Sequence[Program], pending: Callable[[], Task | None], width: int
    ) -> Generator[Slice | None]:
        """Advances tasks until `pending` has none and none is on its way.

        `pending` is asked whenever a worker is free, after the caller has dealt with every slice yielded so far: what
        the caller makes of a slice (the rest of its problem, say) can be the next task. None is yielded about five
        times a second while nothing ends. Closing the iterator ends the workers.

        Args:
            programs: all programs that a task may name.
            width: most tasks that can be under way at once; more workers would have nothing to do.

        Raises:
            LlamocoError: no worker can be started.
        """
        ...
