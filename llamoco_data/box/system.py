"""Calls of the Linux kernel that Python 3.11 has no function for; each raises OSError where the kernel refuses."""

import ctypes
import os
import struct
from collections.abc import Iterable

_C = ctypes.CDLL(None, use_errno=True)

LEAVE = os._exit
"""Ends this process at once. It is bound before any program runs, which may put something else in the place of
`os._exit`: its process would then go on with the cleaning up that its launcher has to do."""

NEW_MOUNTS, NEW_IPC, NEW_USERS, NEW_PIDS, NEW_NET, NEW_HOST_NAME = (
    0x00020000,
    0x08000000,
    0x10000000,
    0x20000000,
    0x40000000,
    0x04000000,
)
"""Flags of `unshare` and `setns`."""

READ_ONLY, NO_SET_ID, NO_DEVICES, NO_EXEC, REMOUNT, BIND, RECURSIVE, PRIVATE, SLAVE = (
    0x1,
    0x2,
    0x4,
    0x8,
    0x20,
    0x1000,
    0x4000,
    0x40000,
    0x80000,
)
"""Flags of `mount`."""
_DETACH = 2

_DEATH_SIGNAL, _DUMPABLE, _NAME, _DROP_BOUND, _SECCOMP, _SECURE_BITS, _SUBREAPER, _NO_NEW_PRIVILEGES, _AMBIENT = (
    1,
    4,
    15,
    24,
    22,
    28,
    36,
    38,
    47,
)
"""Options of `prctl`."""
_KEEP_CAPABILITIES = 8
_NO_ROOT_LOCKED = 0x2F
"""Secure bits by which the user 0 has no privileges of its own, for good."""
_CAPABILITY_VERSION = 0x20080522
_NUM_CAPABILITIES = 64

_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}


def _checked(result: int, what: str) -> int:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")
    return result


def _prctl(option: int, value: int = 0, third: int = 0) -> None:
    arguments = [ctypes.c_ulong(number) for number in (value, third, 0, 0)]
    _checked(_C.prctl(option, *arguments), f"prctl {option}")


def die_with_parent(signal: int) -> None:
    """Sends a signal to this process when the thread that forked it ends."""
    _prctl(_DEATH_SIGNAL, signal)


def show_memory(shown: bool) -> None:
    """Keeps other processes of the same user from this one's memory and its `/proc`, or lets them see both."""
    _prctl(_DUMPABLE, int(shown))


def be_called(name: str) -> None:
    """Gives this thread, and the process where it is the first, a name of at most 15 bytes."""
    _checked(_C.prctl(_NAME, name.encode(), 0, 0, 0), "prctl of the name")


def adopt_orphans() -> None:
    """Makes this process the parent of its descendants whose own parents end."""
    _prctl(_SUBREAPER, 1)


def no_new_privileges() -> None:
    """Makes set-user-id programs ordinary ones, for this process and its descendants, for good."""
    _prctl(_NO_NEW_PRIVILEGES, 1)


def keep_capabilities() -> None:
    """Lets capabilities outlast a change of the user."""
    _prctl(_KEEP_CAPABILITIES, 1)


def unshare(flags: int) -> None:
    """Moves this process to new namespaces; of processes, its next child."""
    _checked(_C.unshare(flags), "unshare")


def enter(namespace: int, flag: int) -> None:
    """Moves this process to a namespace that a descriptor stands for; of processes, its later children."""
    _checked(_C.setns(namespace, flag), "setns")


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Mounts a file system, or changes a mount."""
    texts = [os.fsencode(text) if text else None for text in (source, target, kind)]
    result = _C.mount(*texts, ctypes.c_ulong(flags), options.encode() or None)
    _checked(result, f"mount {target}")


def unmount(target: str) -> None:
    """Takes a mount and all beneath it out of view."""
    _checked(_C.umount2(os.fsencode(target), _DETACH), f"umount {target}")


def pivot_root(new: str, old: str) -> None:
    """Makes a mount the root, and puts the old root where a folder in it says."""
    number = _PIVOT_ROOT.get(os.uname().machine, -1)
    _checked(_C.syscall(number, os.fsencode(new), os.fsencode(old)), "pivot_root")


def raise_capabilities() -> None:
    """Makes all permitted capabilities effective."""
    header = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITY_VERSION, 0))
    sets = ctypes.create_string_buffer(24)
    _checked(_C.capget(header, sets), "capget")
    low = struct.unpack("=6I", sets.raw)
    _checked(_C.capset(header, struct.pack("=6I", low[1], low[1], low[2], low[4], low[4], low[5])), "capset")


def bound_capabilities() -> None:
    """Lets no program that this process or a descendant executes get capabilities, for good; it keeps its own."""
    for number in range(_NUM_CAPABILITIES):
        if _C.prctl(_DROP_BOUND, ctypes.c_ulong(number), 0, 0, 0) < 0:
            break  # the kernel knows no more, or the process has none to give up
    _C.prctl(_SECURE_BITS, ctypes.c_ulong(_NO_ROOT_LOCKED), 0, 0, 0)  # needs a capability that an ordinary user lacks


def drop_capabilities() -> None:
    """Gives up all capabilities, for this process and its descendants, for good."""
    _C.prctl(_AMBIENT, ctypes.c_ulong(4), 0, 0, 0)
    header = ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITY_VERSION, 0))
    _checked(_C.capset(header, ctypes.create_string_buffer(24)), "capset")


def filter_calls(code: bytes) -> None:
    """Lets this process make only the system calls that a filter, as `filter.packed` makes it, allows, for good."""
    held = ctypes.create_string_buffer(code, len(code))
    program = ctypes.create_string_buffer(struct.pack("=HxxxxxxQ", len(code) // 8, ctypes.addressof(held)))
    no_new_privileges()
    _prctl(_SECCOMP, 2, ctypes.addressof(program))


def landlock_version() -> int:
    """Version of Landlock; 0 where the kernel has none."""
    return max(0, _C.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1))


def landlock(version: int, rules: Iterable[tuple[str, int]], *, files: int, network: int, scopes: int) -> None:
    """Restricts this process to paths, for good.

    Args:
        version: what `landlock_version` says.
        rules: paths with the rights beneath them; a path that does not exist is passed over.
        files: rights that only the rules give.
        network: rights of the network that nothing gives.
        scopes: what reaches only processes that are restricted by this call.
    """
    size = 8 if version < 4 else 16 if version < 6 else 24
    attributes = struct.pack("=QQQ", files, network, scopes)[:size]
    ruleset = _checked(_C.syscall(_LANDLOCK_CREATE, attributes, ctypes.c_size_t(size), 0), "landlock_create_ruleset")
    try:
        for path, rights in rules:
            try:
                place = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except OSError:
                continue
            try:
                rule = struct.pack("=Qi", rights, place)
                _checked(_C.syscall(_LANDLOCK_ADD, ruleset, 1, rule, 0), f"landlock_add_rule {path}")
            finally:
                os.close(place)
        no_new_privileges()
        _checked(_C.syscall(_LANDLOCK_RESTRICT, ruleset, 0), "landlock_restrict_self")
    finally:
        os.close(ruleset)
