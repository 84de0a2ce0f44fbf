"""The list of system calls that a stranger's program may make, as a seccomp filter of classic BPF.

What is not on the list fails with EPERM, and what this list is too old to know with ENOSYS, so that a C library falls
back to an older call.
"""

import errno
import os
import struct
from collections.abc import Mapping
from types import MappingProxyType

from llamoco_data.box.system_calls import NUMBERS

Instruction = tuple[int, int, int, int]
"""Operation, jump if true, jump if false, constant."""

_LOAD, _AND, _EQUAL, _ANY_BIT, _AT_LEAST, _RETURN = 0x20, 0x54, 0x15, 0x45, 0x35, 0x06
ALLOW, KILL, FAIL = 0x7FFF0000, 0x80000000, 0x00050000
"""Verdicts of a filter; FAIL takes an error number in its low bits, and without one answers that all is done."""
_NUMBER_AT, _MACHINE_AT, _ARGUMENTS_AT = 0, 4, 16

MACHINES: Mapping[str, tuple[int, int]] = MappingProxyType({"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)})
"""Machine -> its number in a filter, and its column in the table of calls."""
_X32_BIT = 0x40000000
"""Calls of x86-64's other interface, which have other numbers, have this bit."""
_NEWEST_KNOWN = 450
"""Calls beyond this number are newer than this list."""

_NEW_NAMESPACES = 0x7E020080
"""Flags of `clone` that begin namespaces."""
_OF_DESCRIPTORS = (*range(8), 9, 36, 37, 38, *range(1030, 1035))
"""Requests of `fcntl`: copies, flags and locks of descriptors, sizes of pipes, seals. Not among them are those by which
a descriptor signals another process (`F_SETOWN`, `F_SETSIG`, `F_SETOWN_EX`), leases, and hints that a file keeps."""
_OF_STREAMS = (0x5401, 0x802C542A, 0x540F, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""Requests of `ioctl`: whether it is a terminal, of which size and of whom (`TCGETS`, `TCGETS2`, `TIOCGPGRP`,
`TIOCGWINSZ`), what can be read (`FIONREAD`), and flags of descriptors (`FIONBIO`, `FIONCLEX`, `FIOCLEX`)."""
_NAMES_ONLY = (15, 16, 0x53564D41)
"""Options of `prctl`: set and get a thread's name, and name memory, as allocators do."""
_KIND_OF_MEMORY, _SHARED_MEMORY = 0x2F, 0x21
"""Flags of `mmap`: the bits that say whether memory is shared and whether it is a file's, and those of shared memory
that is no file's: it stays while any part of it is mapped, and the kernel tells nobody how much of it there is."""
_TRUNCATE, _ACCESS = 0x200, 0x3
"""Flags of `open`: `O_TRUNC`, and the bits that say whether a file is read, written or both; both set is neither."""
_AF_UNIX = 1
_LISTENING = ("bind", "listen", "accept", "accept4", "connect")
"""Calls by which processes without a common parent find each other."""

_OFTEN = ("read", "write", "recvfrom", "sendto", "futex", "munmap", "madvise", "brk", "clock_gettime", "poll")


def instructions(machine: str, own_process: int | None, *, isolated: bool = False) -> list[Instruction]:
    """The filter for a machine.

    Args:
        machine: a key of `MACHINES`.
        own_process: the only process that may get signals; None where something else keeps signals inside.
        isolated: whether namespaces keep the user's files, processes and network from the program.

    Raises:
        OSError: there is no list for the machine.
    """
    if machine not in MACHINES:
        raise OSError(errno.ENOSYS, f"no list of system calls for {machine}")
    code, column = MACHINES[machine]
    numbers = {name: pair[column] for name, pair in NUMBERS.items()}
    filter_ = [(_LOAD, 0, 0, _MACHINE_AT), (_EQUAL, 1, 0, code), (_RETURN, 0, 0, KILL), (_LOAD, 0, 0, _NUMBER_AT)]
    if machine == "x86_64":
        filter_ += [(_AT_LEAST, 0, 1, _X32_BIT), (_RETURN, 0, 0, KILL)]
    special = _by_arguments(own_process, isolated=isolated)
    if not isolated:
        special |= _for_the_owner()
    plain = [name for name in numbers if name not in special and (isolated or name not in _LISTENING)]
    for name in sorted(plain, key=lambda name: name not in _OFTEN):
        filter_ += _case(numbers[name], [_ALLOWED])
    for name, rest in special.items():
        filter_ += _case(numbers[name], rest)
    return [*filter_, (_AT_LEAST, 0, 1, _NEWEST_KNOWN + 1), _fail(errno.ENOSYS), _REFUSED]


def machine() -> str:
    """The machine of this process, as `MACHINES` names it."""
    return os.uname().machine


def packed(filter_: list[Instruction]) -> bytes:
    """The filter as the kernel reads it."""
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in filter_)


def _by_arguments(own_process: int | None, *, isolated: bool) -> dict[str, list[Instruction]]:
    """Name of a call that depends on its arguments -> what decides about it."""
    signals = [_ALLOWED] if own_process is None else _if_argument(0, (own_process,))
    own = _if_argument(0, (0, *((own_process,) if own_process else ())))
    return {
        # `clone3` passes its flags in memory, which no filter can read; C libraries fall back to `clone`.
        "clone3": [_fail(errno.ENOSYS)],
        "clone": [*_load(0), (_ANY_BIT, 0, 1, _NEW_NAMESPACES), _REFUSED, _ALLOWED],
        "fcntl": _if_argument(1, _OF_DESCRIPTORS),
        "ioctl": _if_argument(1, _OF_STREAMS),
        "kill": signals,
        "mmap": _if_argument(3, (_SHARED_MEMORY,), _REFUSED, _ALLOWED, bits=_KIND_OF_MEMORY),
        "tgkill": signals,
        "prctl": _if_argument(0, _NAMES_ONLY),
        "prlimit64": own,
        "sched_setaffinity": [_ALLOWED] if isolated else own,
        "socket": _if_argument(0, (_AF_UNIX,)) if isolated else [_REFUSED],
        "socketpair": _if_argument(0, (_AF_UNIX,)),
    }


def _for_the_owner() -> dict[str, list[Instruction]]:
    """Name of a call by which whoever owns a file changes it -> what decides about it.

    No version of Landlock restricts modes and times, and none before the third the length. A change of mode or time is
    answered as if it were done, because copying a file ends with one. That of a time to the present is refused where a
    path names the file: whoever is told that it succeeded takes the file to be there, and does not make it.
    """
    times = _if_argument(2, (0,), _REFUSED, _DONE)
    without_access = (_TRUNCATE, _TRUNCATE | _ACCESS, _ACCESS)
    return {
        **{name: [_DONE] for name in ("chmod", "fchmod", "fchmodat")},
        **{name: _if_argument(1, (0,), _REFUSED, _DONE) for name in ("utime", "utimes")},
        **{name: [*_load(1), (_EQUAL, 0, 1, 0), _DONE, *times] for name in ("futimesat", "utimensat")},
        "truncate": [_REFUSED],
        # Landlock asks for the right to write where a file is opened for that, and not where it is only emptied.
        "open": _if_argument(1, without_access, _REFUSED, _ALLOWED, bits=_TRUNCATE | _ACCESS),
        "openat": _if_argument(2, without_access, _REFUSED, _ALLOWED, bits=_TRUNCATE | _ACCESS),
        "openat2": [_fail(errno.ENOSYS)],  # its flags are in memory
    }


def _load(number: int) -> list[Instruction]:
    return [(_LOAD, 0, 0, _ARGUMENTS_AT + 8 * number)]


def _fail(error: int) -> Instruction:
    return _RETURN, 0, 0, FAIL | error


_ALLOWED: Instruction = (_RETURN, 0, 0, ALLOW)
_DONE: Instruction = (_RETURN, 0, 0, FAIL)
"""Does nothing, and says that it is done."""
_REFUSED = _fail(errno.EPERM)


def _if_argument(
    number: int,
    values: tuple[int, ...],
    hit: Instruction = _ALLOWED,
    miss: Instruction = _REFUSED,
    bits: int | None = None,
) -> list[Instruction]:
    """Decides about a call by whether an argument, or some bits of it, is one of the values."""
    masked = [] if bits is None else [(_AND, 0, 0, bits)]
    last = len(values) - 1
    tests = [(_EQUAL, last - at, 0 if at < last else 1, value) for at, value in enumerate(values)]
    return [*_load(number), *masked, *tests, hit, miss]


def _case(number: int | None, then: list[Instruction]) -> list[Instruction]:
    return [] if number is None else [(_EQUAL, 0, len(then), number), *then]
