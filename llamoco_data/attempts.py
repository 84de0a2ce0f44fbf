"""When a run in a process of its own is made a second time, and which of the two counts.

A run may fail for no fault of its program: the system ends processes when memory is short, and on a busy machine a
program waits for a processor. So it is made once more. The second run counts only if its program first asks for the
same points as before: a program that draws others would have had its budget twice, and shown the better half.
"""

import hashlib
from collections.abc import Callable
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from llamoco_data.runs import RunRecord

WAITED_SHARE = 0.5
"""A program that times out after less processor time than this share of its limit is run once more."""
AGAIN = 2.0
"""Limit of the second run of a program that waited, in limits of the first."""
LONGEST = 1.0 + AGAIN
"""Most wall time that a run takes with its second attempt, in limits."""


class Mark(NamedTuple):
    """The points that a program asked for, up to some number."""

    num_points: int
    digest: bytes


class AskedPoints:
    """The points that a program asks for, as they come; about a microsecond each."""

    def __init__(self, before: Mark | None = None) -> None:
        """Begins with no point.

        Args:
            before: what an earlier attempt asked for, to compare with.
        """
        self._before, self._count, self._digest = before, 0, hashlib.blake2b(digest_size=16)
        self.repeats = before is None or before == self.mark
        """Whether the first points are those of the attempt before."""

    @property
    def mark(self) -> Mark:
        """What was asked for so far."""
        return Mark(self._count, self._digest.digest())

    def add(self, x_D: NDArray[np.float64]) -> None:
        """Takes in the next point."""
        self._count += 1
        self._digest.update(x_D.tobytes())
        if self._before is not None and self._count == self._before.num_points:
            self.repeats = self._before == self.mark


class Attempt(Protocol):
    """One attempt at a run."""

    @property
    def record(self) -> RunRecord: ...

    @property
    def asked(self) -> AskedPoints: ...


Made = TypeVar("Made", bound=Attempt)


def settled(make: Callable[[float, Mark | None], Made], time_limit_s: float, *, waits: bool) -> Made:
    """The attempt that counts, of one or two.

    Args:
        make: makes an attempt with a time limit, and compares its points with those of an attempt before.
        waits: whether a program that timed out without computing much is run again, with a longer limit.
    """
    first = make(time_limit_s, None)
    if first.record.status == "crashed":
        limit_s = time_limit_s
    elif waits and first.record.status == "timed_out" and first.record.cpu_s < WAITED_SHARE * time_limit_s:
        limit_s = AGAIN * time_limit_s
    else:
        return first
    second = make(limit_s, first.asked.mark)
    return second if second.asked.repeats else first
