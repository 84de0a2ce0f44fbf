"""The packets that the two sides of a run exchange: points and values as doubles, and short JSON at the start and end.

A packet between a program and its meter begins with eight bytes that say what it is, so that the doubles are aligned.
"""

import numpy as np
from numpy.typing import NDArray

from llamoco_data.box.frames import ENDED, HEAD_BYTES, Asked, Claim
from llamoco_data.identity import Record
from llamoco_data.outcomes import RunStatus

READY, STOP = b"ready", b"stop"
"""Messages of the server once it is ready, and to the server at the end of each run."""

JSON_BYTES = 8_000
"""Largest packet of JSON."""


class Job(Asked):
    """One run, as the process of its program receives it."""

    folder: str
    """Home folder of this run alone, removed after it; the program starts in an empty folder in it."""
    memory_bytes: int
    """Address space allowed beyond that of the parent process."""


class Ended(Record):
    """The end of a run as the program's process reports it."""

    status: Claim
    detail: str


class Left(Record):
    """Exit code and processor time of a program's process that has ended."""

    code: int
    """Exit code, or the signal that ended it with a minus sign."""
    cpu_s: float


def buffer(num_values: int) -> tuple[bytearray, NDArray[np.int64], NDArray[np.float64]]:
    """A buffer for a packet, with views of its head, shape (1,), and of its values, shape (num_values,)."""
    content = bytearray(HEAD_BYTES + max(8 * num_values, JSON_BYTES))
    head = np.frombuffer(content, np.int64, 1)
    return content, head, np.frombuffer(content, np.float64, num_values, HEAD_BYTES)


def ended_packet(status: RunStatus, detail: str) -> bytes:
    """The packet by which a program's process reports its end."""
    assert status not in ("declined", "timed_out", "crashed"), status
    return ENDED.to_bytes(HEAD_BYTES, "little") + Ended(status=status, detail=detail).to_json().encode()
