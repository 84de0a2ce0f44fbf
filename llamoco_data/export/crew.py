"""Applies a function to chunk after chunk, here or in several processes; the results come in the order of the chunks.

Nothing is shared and nothing is written: the work is a pure function, so the number of processes changes no result.
"""

import contextlib
import os
import pickle
import subprocess
import sys
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from math import ceil
from queue import SimpleQueue
from typing import Generic, TypeVar

import pyarrow as pa

from llamoco_data.identity import LlamocoError
from llamoco_data.threads import ONE_THREAD

FROM_PROBLEMS = 500
"""Least number of problems for several processes; with fewer, starting them takes longer than they save."""
MOST_PROCESSES = 8
"""Most processes that are started by default: the one that puts the results together keeps about so many busy."""
AHEAD = 2
"""Chunks handed out for each process, so that what waits in memory is bounded."""
CHUNK = 50
"""Most items of a chunk."""

Item = TypeVar("Item")
Tool = TypeVar("Tool")
Chunk = TypeVar("Chunk")
Result = TypeVar("Result")

Process = subprocess.Popen[bytes]


def number_for(num_problems: int, asked: int | None = None) -> int:
    """Processes for so many problems: as many as were asked for, or one for each processor that may be used."""
    if asked is not None:
        return asked
    return min(len(os.sched_getaffinity(0)), MOST_PROCESSES) if num_problems >= FROM_PROBLEMS else 1


def chunks_of(items: Sequence[Item], num_processes: int) -> Iterator[Sequence[Item]]:
    """The items in order, in pieces that keep so many processes busy to the end."""
    size = max(1, min(CHUNK, ceil(len(items) / (4 * num_processes))))
    return (items[first : first + size] for first in range(0, len(items), size))


@dataclass(frozen=True, slots=True)
class Crew(Generic[Tool]):
    """Processes that each hold a tool of their own, such as open files; without any, this process alone."""

    tool: Callable[[], Tool]
    """Makes the tool of this process, for a crew without others."""
    threads: ThreadPoolExecutor
    """Threads that wait for the processes, one for each."""
    idle: SimpleQueue[Process]
    size: int
    """Number of processes that work, this one counted where it works alone."""

    def results(self, work: Callable[[Tool, Chunk], Result], chunks: Iterable[Chunk]) -> Iterator[Result]:
        """What the work makes of each chunk; work and chunks can be pickled.

        Raises:
            LlamocoError: a process died.
            BaseException: whatever the work raises.
        """
        if self.size == 1:
            tool = self.tool()
            yield from (work(tool, chunk) for chunk in chunks)
            return
        waiting: deque[Future[Result]] = deque()
        for chunk in chunks:
            waiting.append(self.threads.submit(_asked, self.idle, work, chunk))
            if len(waiting) >= AHEAD * self.size:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@contextlib.contextmanager
def crew(tool: Callable[[], Tool], processes: int) -> Generator[Crew[Tool]]:
    """A crew of so many processes, or of this one alone. They end with the context, and when this process dies.

    They are not forked, because locks that libraries' threads hold would stay held; nor are they those of
    `multiprocessing`, which execute the caller's script again, whether or not it is written for that.

    Args:
        tool: makes what the work is done with, once in each process; it can be pickled.
    """
    idle: SimpleQueue[Process] = SimpleQueue()
    with contextlib.ExitStack() as stack:
        begun = [stack.enter_context(_begun(tool)) for _ in range(processes if processes > 1 else 0)]
        for process in begun:
            idle.put(process)
        threads = ThreadPoolExecutor(max(processes, 1))
        try:
            yield Crew(cache(tool), threads, idle, max(processes, 1))
        finally:
            for process in begun:
                process.kill()
            threads.shutdown(cancel_futures=True)


@contextlib.contextmanager
def _begun(tool: Callable[[], object]) -> Generator[Process]:
    """A process that serves requests. A Ctrl-C at the terminal does not reach it, because this process handles that."""
    path = os.pathsep.join(filter(None, sys.path))
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", f"from {__name__} import serve; serve()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **ONE_THREAD, "PYTHONPATH": path},
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        _send(process, tool)
        yield process
    finally:
        process.kill()
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        process.stdout.close()
        process.wait()


def _send(process: Process, value: object) -> None:
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):  # the process is dead, which is noticed when it does not answer
        pickle.dump(value, process.stdin, pickle.HIGHEST_PROTOCOL)
        process.stdin.flush()


def _asked(idle: SimpleQueue[Process], work: Callable[[Tool, Chunk], Result], chunk: Chunk) -> Result:
    """The result of a chunk, from an idle process.

    Raises:
        LlamocoError: the process died.
        BaseException: whatever the work raises.
    """
    process = idle.get()
    assert process.stdout is not None
    try:
        _send(process, partial(_done, work, chunk))
        result, error = pickle.load(process.stdout)
    except (EOFError, pickle.UnpicklingError):
        raise LlamocoError(
            "a process that did part of the work was ended by the system, as a rule for want of memory; nothing was "
            "written, run the same command again with --processes 1, or with more memory"
        ) from None
    finally:
        idle.put(process)
    if error is not None:
        raise error
    return result


def _done(
    work: Callable[[Tool, Chunk], Result], chunk: Chunk, tool: Callable[[], Tool]
) -> tuple[Result | None, BaseException | None]:
    """The result of a chunk, or why there is none."""
    try:
        return work(tool(), chunk), None
    except LlamocoError as error:
        return None, error
    except Exception as error:  # noqa: BLE001 - it is raised in the process that asked
        error.add_note(traceback.format_exc())
        return None, error


def serve() -> None:
    """Serves requests on standard input until it ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    pa.set_cpu_count(1)
    with contextlib.suppress(EOFError):
        tool = cache(pickle.load(sys.stdin.buffer))
        while True:
            done = pickle.load(sys.stdin.buffer)
            pickle.dump(done(tool), answers, pickle.HIGHEST_PROTOCOL)
            answers.flush()
