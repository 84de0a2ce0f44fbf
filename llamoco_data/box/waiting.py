"""The process of the next program, made ahead: it has its namespaces and its mounts, and waits for its job.

Most of a run's start is the copy of the zygote's memory, which so is over when a job comes. It is made while no program
runs, so that no program ever has such a process beside it.
"""

import os
import socket
from dataclasses import dataclass

from llamoco_data.box import run, system
from llamoco_data.box.frames import RUN
from llamoco_data.box.processes import begin_namespace


@dataclass(frozen=True, slots=True)
class Waiting:
    """A process that waits for a job, as the zygote sees it."""

    process: int
    lane: socket.socket
    """Connection by which it gets its job."""
    output: int
    """Descriptor from which its program's output is read."""
    first: int | None
    """The first process of its namespace, with which the kernel ends all others there; None where it has none."""

    def give(self, job: int, meter: int) -> None:
        """Hands over a job, by the descriptors of its file and of the connection to its meter.

        Raises:
            OSError: the process has ended.
        """
        socket.send_fds(self.lane, [RUN], [job, meter])

    def close(self) -> None:
        """Closes what the zygote has of it."""
        self.lane.close()
        os.close(self.output)


def made(place: run.Place, processes: int) -> Waiting:
    """Forks the process of the next program, in a process namespace of its own where there are any.

    Args:
        place: where runs take place.
        processes: descriptor of the zygote's process namespace; unused without one.

    Raises:
        OSError: the kernel refuses.
    """
    lane, its_lane = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    output, into = os.pipe2(os.O_CLOEXEC)
    try:
        process, first = _forked(place, its_lane.fileno(), into, processes)
    except OSError:
        lane.close()
        os.close(output)
        raise
    finally:
        its_lane.close()
        os.close(into)
    return Waiting(process, lane, output, first)


def _forked(place: run.Place, lane: int, into: int, processes: int) -> tuple[int, int | None]:
    """The process, and the first of its namespace."""
    this, first = os.getpid(), None
    try:
        if place.isolated:
            system.unshare(system.NEW_PIDS)
            first = begin_namespace()
        child = os.fork()
        if child == 0:
            run.begin(place, lane, into, this)
        return child, first
    finally:
        if place.isolated and os.getpid() == this:
            system.enter(processes, system.NEW_PIDS)
