"""The packets that the sides of a run exchange: fixed sizes, whole numbers and doubles, and one short text at the end.

A packet begins with eight bytes that say what it is, so that the doubles after them are aligned. Nothing here is
unpickled, and what a packet holds is checked by whoever receives it.
"""

import socket
import struct
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from llamoco_data.identity import LlamocoError, Record
from llamoco_data.outcomes import RunStatus

OBJECTIVE, CONSTRAINTS, ENDED, BEGUN = 1, 2, 3, 6
"""Packets of the program's side: two questions about a point, the end, and before the program all is set up."""
VALUES, SPENT = 4, 5
"""Packets of the meter: the values at a point, or none because the budget is spent."""

RUN, STOP = b"run", b"stop"
"""Messages to the zygote: a new run, with its descriptors, and the end of the present one."""

HEAD_BYTES = 8
TEXT_BYTES = 1_000
ENDED_BYTES = HEAD_BYTES + 8 + TEXT_BYTES
READY_BYTES = 4_000
"""Largest packet of JSON, which only trusted processes send."""
SAID_BYTES = 65_536
"""Amount of a program's output that is kept."""

MOST_BYTES = 1 << 20
"""Largest packet of a question or an answer, which the kernel keeps in one piece of memory."""
_KERNEL_BYTES = 32
"""Part of a socket's room for packets that the kernel keeps for itself."""

Claim = Literal["completed", "over_budget", "invalid_program", "raised", "bad_return"]
CLAIMS: tuple[Claim, ...] = ("completed", "over_budget", "invalid_program", "raised", "bad_return")
"""What a program's process can say of its end, in the order of their numbers."""


class TooLargeError(LlamocoError):
    """A problem has more variables or constraints than a packet between a program and its meter can hold here."""


def pair(num_values: int) -> tuple[socket.socket, socket.socket]:
    """Both ends of a connection whose packets can hold so many values.

    Raises:
        TooLargeError: the kernel passes no such packets.
    """
    size = HEAD_BYTES + 8 * num_values
    if size > MOST_BYTES:
        raise _too_large(num_values, MOST_BYTES)
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in ends:
        if _packet_bytes(end) < size:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, size)  # the kernel doubles what it grants
    most = min(map(_packet_bytes, ends))
    if most < size:
        for end in ends:
            end.close()
        raise _too_large(num_values, most, "; the system's setting net.core.wmem_max allows no more")
    return ends


def _packet_bytes(end: socket.socket) -> int:
    return end.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) - _KERNEL_BYTES


def _too_large(num_values: int, most_bytes: int, why: str = "") -> TooLargeError:
    most = (most_bytes - HEAD_BYTES) // 8
    return TooLargeError(
        f"runs in processes of their own take at most {most:,} variables or constraints here, and this problem has "
        f"{num_values:,}{why}"
    )


class Asked(Record):
    """What a program is to do: its text, and all that it may know of the problem."""

    program: str
    seed: int
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    max_evaluations: int
    num_inequality: int
    num_constraints: int


class Job(Asked):
    """One run, as the process of its program receives it."""

    memory_bytes: int
    """Address space allowed beyond that of the loaded libraries."""
    cpu_s: int
    """Processor time after which the kernel ends the program: a backstop behind the clock of the trusted side."""
    folder: str
    """Folder of the run where it has no file system of its own; empty where it has."""


class Ready(Record):
    """What a zygote says once it is ready, or why it cannot be."""

    layers: tuple[str, ...] = ()
    """Names of the layers that hold here."""
    missing: tuple[str, ...] = ()
    """Layers that do not, each with the reason."""
    folder: str = ""
    """Folder for the folders of runs that have no file system of their own; empty where they have."""
    fault: str = ""
    """Why the zygote cannot serve; empty where it can."""


@dataclass(frozen=True, slots=True)
class Left:
    """How the processes of a run ended, as the zygote saw it."""

    code: int
    """Exit code of the program's process, or the signal that ended it with a minus sign."""
    cpu_s: float
    overfull: bool
    """Whether the run was ended because its processes together took too much memory, or were too many."""
    fault: bool
    """Whether no process could be started for it."""

    _FORM = struct.Struct("=qd??")

    def packed(self) -> bytes:
        """The packet."""
        return self._FORM.pack(self.code, self.cpu_s, self.overfull, self.fault)

    @classmethod
    def of(cls, packet: bytes) -> "Left":
        """What a packet holds.

        Raises:
            struct.error: it is no such packet.
        """
        return cls(*cls._FORM.unpack(packet))


def buffer(num_values: int) -> tuple[bytearray, NDArray[np.int64], NDArray[np.float64]]:
    """A buffer for a packet, with views of its head, shape (1,), and of its values, shape (num_values,).

    It has room for one byte more than the largest packet, so that one that is too long is seen to be.
    """
    content = bytearray(max(HEAD_BYTES + 8 * num_values, ENDED_BYTES) + 1)
    head = np.frombuffer(content, np.int64, 1)
    return content, head, np.frombuffer(content, np.float64, num_values, HEAD_BYTES)


def ended(status: RunStatus, detail: str) -> bytes:
    """The packet by which a program's process reports its end."""
    assert status not in ("declined", "timed_out", "crashed"), status
    text = detail.encode("utf-8", "replace")[:TEXT_BYTES]
    return struct.pack(f"=qq{TEXT_BYTES}s", ENDED, CLAIMS.index(status), text)


def claimed(packet: bytes) -> tuple[Claim, str] | None:
    """Status and reason in the packet of an end; None where it is malformed."""
    if len(packet) != ENDED_BYTES:
        return None
    _, number, text = struct.unpack(f"=qq{TEXT_BYTES}s", packet)
    if not 0 <= number < len(CLAIMS):
        return None
    return CLAIMS[number], text.rstrip(b"\0").decode("utf-8", "replace")
