"""What the two sides of a run say to each other: packets of whole numbers and doubles, and short JSON at either end.

A packet begins with eight bytes that say what it is, so that the doubles behind them are aligned.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from llamoco_data.identity import Record
from llamoco_data.runs import RunStatus

OBJECTIVE, CONSTRAINTS, ENDED = 1, 2, 3
"""The program's side: a point to evaluate, the same for its constraints, the end."""
VALUES, SPENT = 4, 5
"""The meter's side: the values of the point, or none, because the budget is spent."""

READY, STOP = b"ready", b"stop"
"""What the process that starts programs says once, and is told at the end of each."""

HEAD_BYTES = 8
JSON_BYTES = 8_000
"""No packet of JSON is longer."""


class Job(Record):
    """What a program's process gets."""

    program: str
    seed: int
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    max_evaluations: int
    num_inequality: int
    num_constraints: int
    folder: str
    """Its home, and where it begins in an empty folder: nobody else's, and removed after it."""
    memory_bytes: int
    """It may map so much more than the process that it is a copy of."""


class Ended(Record):
    """How the program says that it ended."""

    status: Literal["completed", "over_budget", "invalid_program", "raised", "bad_return"]
    detail: str


class Left(Record):
    """What the system says of a program's process that has ended."""

    code: int
    """Exit code, or the signal that ended it with a minus sign."""
    cpu_s: float


def buffer(num_values: int) -> tuple[bytearray, NDArray[np.int64], NDArray[np.float64]]:
    """Room for a packet: its bytes, and of them the head, shape (1,), and the values, shape (num_values,)."""
    content = bytearray(HEAD_BYTES + max(8 * num_values, JSON_BYTES))
    head = np.frombuffer(content, np.int64, 1)
    return content, head, np.frombuffer(content, np.float64, num_values, HEAD_BYTES)


def ended_packet(status: RunStatus, detail: str) -> bytes:
    """The packet that says how a program ended."""
    assert status not in ("declined", "timed_out", "crashed"), status
    return ENDED.to_bytes(HEAD_BYTES, "little") + Ended(status=status, detail=detail).to_json().encode()
