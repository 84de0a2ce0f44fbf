"""Finds and ends the processes that descend from this one, also those that have left their group or their parent.

This process must have adopted orphans, or be the first of its process namespace: then every descendant can be found.
"""

import contextlib
import os
import select
import signal
import time
from dataclasses import dataclass

SLEEPER = "/bin/sleep"
"""Program of the first process of a namespace."""


def begin_namespace() -> int:
    """Starts the first process of a process namespace, which sleeps until it is killed; returns its process id.

    It is no fork of this process, whose memory would take milliseconds to copy. The kernel reaps its children, because
    it ignores their ends. A program sees it in `/proc`, so that it has nothing open that could be read or written.
    """
    nothing = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_RDWR, 0) for stream in (0, 1, 2)]
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        return os.posix_spawn(SLEEPER, [SLEEPER, str(2**31 - 1)], {}, file_actions=nothing, setsid=True)
    finally:
        signal.signal(signal.SIGCHLD, before)


def descendants() -> list[int]:
    """Process ids of all descendants of this process, parents first."""
    found: list[int] = []
    waiting = [os.getpid()]
    while waiting:
        mine = _children(waiting.pop())
        found += mine
        waiting += mine
    return found


def _children(process: int) -> list[int]:
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{process}/task"):
            with contextlib.suppress(OSError), open(f"/proc/{process}/task/{thread}/children", "rb") as file:
                found += map(int, file.read().split())
    return found


def end_descendants(limit_s: float) -> bool:
    """Ends all descendants and waits for them; returns whether none is left.

    They are stopped before they are killed, until no new one is found, so that none forks its way out.
    """
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        stopped: set[int] = set()
        while new := set(descendants()) - stopped:
            for process in new:
                with contextlib.suppress(OSError):
                    os.kill(process, signal.SIGSTOP)
            stopped |= new
            if time.monotonic() > until:
                break
        for process in stopped:
            with contextlib.suppress(OSError):
                os.kill(process, signal.SIGKILL)
        if reaped_all(until):
            return True
    return False


def end_namespace(first: int, limit_s: float) -> bool:
    """Ends a namespace of processes with its first one, a child of this process; returns whether no child is left.

    The kernel ends all others there, and lets nobody wait for the first before they are gone.
    """
    with contextlib.suppress(ProcessLookupError):
        os.kill(first, signal.SIGKILL)
    ending = os.pidfd_open(first)
    try:
        if not select.select([ending], [], [], limit_s)[0]:
            return False
    finally:
        os.close(ending)
    os.waitpid(first, 0)
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return True
    return False


def reaped_all(until: float) -> bool:
    """Waits for killed children; returns whether none is left, or False once the time is over."""
    while True:
        try:
            done, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return True
        if done:
            continue
        if time.monotonic() > until or any(not _is_ending(child) for child in descendants()):
            return False
        time.sleep(0.001)


def _is_ending(process: int) -> bool:
    try:
        with open(f"/proc/{process}/status", "rb") as file:
            pending = [line.split()[1] for line in file if line.startswith((b"SigPnd", b"ShdPnd"))]
    except OSError:
        return True
    killed = 1 << (signal.SIGKILL - 1)
    return any(int(mask, 16) & killed for mask in pending)


@dataclass(frozen=True, slots=True)
class Load:
    """What the processes of a run take together."""

    num_processes: int
    memory_bytes: int
    """Memory that is no file's and not this process's: an upper bound up to what is allowed, and exact above."""


def load(shared_bytes: int, allowed_bytes: int) -> Load:
    """The load of all descendants of this process.

    The first sum is cheap, some 20 us a process, and counts what forks share once for each of them. Only where that is
    too much, the kernel is asked for the proportion of each process, which takes it milliseconds.

    Args:
        shared_bytes: memory of this process, which each fork of it shares, so that it does not count.
        allowed_bytes: memory that they may take together.
    """
    found = descendants()
    most = {process: _resident_bytes(process, shared_bytes) for process in found}
    if sum(most.values()) <= allowed_bytes:
        return Load(len(found), sum(most.values()))
    exact = {process: _proportional_bytes(process, otherwise) for process, otherwise in most.items()}
    own_part = _proportional_bytes(os.getpid(), shared_bytes)  # the forks have the rest of it
    return Load(len(found), sum(exact.values()) + own_part - shared_bytes)


def own_bytes() -> int:
    """Memory of this process that it does not share with files."""
    return _resident_bytes(os.getpid(), 0)


def _resident_bytes(process: int, shared_bytes: int) -> int:
    """Memory of a process that is no file's, without what it has from this one; 0 once it has ended."""
    try:
        with open(f"/proc/{process}/status", "rb") as file:
            found = _bytes_of(file.read(), b"RssAnon", b"RssShmem")
    except OSError:
        return 0
    return max(0, found.get(b"RssAnon", 0) - shared_bytes) + found.get(b"RssShmem", 0)


def _proportional_bytes(process: int, otherwise: int) -> int:
    """The part of a process in memory that is no file's, each page divided by the processes that have it.

    Args:
        otherwise: what stands for it where the kernel does not tell: it is older than 5.3, or the process hides itself.
    """
    try:
        with open(f"/proc/{process}/smaps_rollup", "rb") as file:
            content = file.read()
    except PermissionError:
        return otherwise
    except OSError:  # it has ended
        return 0
    found = _bytes_of(content, b"Pss_Anon", b"Pss_Shmem")
    return sum(found.values()) if found or not content else otherwise


def _bytes_of(content: bytes, *names: bytes) -> dict[bytes, int]:
    """Values of lines such as `RssAnon:  60 kB`."""
    lines = (line.split() for line in content.splitlines() if line.startswith(names))
    return {name.rstrip(b":"): int(amount) << 10 for name, amount, *_ in lines}
