"""Who works on a folder of runs: a lease that a driver renews while it lives, so that a second one can name the first.

It avoids doubled work and protects nothing: the log takes the entries of two drivers like those of one. No wall clock
is read, on this machine or another: a lease is alive when it changes while it is watched.
"""

import contextlib
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from llamoco_data.files import Files
from llamoco_data.identity import LlamocoError, Record
from llamoco_data.store.manifest import MANIFEST

LEASE_FILE = f"{MANIFEST}/.lease"
BEAT_S = 5.0
"""Time between two renewals."""
STALE_S = 30.0
"""Time without a change after which the driver counts as dead, paused or cut off."""
LOOK_S = 0.5
"""Time between two looks at the lease of another driver."""


class Lease(Record):
    """The driver that works on a folder."""

    driver_id: str
    """Random, so that no two are equal."""
    host: str
    pid: int
    machine: str
    """Kernel and process namespace in which `pid` is a process; empty where they are unknown."""
    began: int
    """When the process began, in ticks of that kernel, which tells it from a later process with the same `pid`."""
    beats: int = 0
    """Number of renewals."""

    @property
    def driver(self) -> str:
        return f"process {self.pid} on {self.host}"


@dataclass(slots=True)
class Hold:
    """A lease of this process, while it is held."""

    place: Files
    lease: Lease
    taken_by: str = ""
    """The driver that has taken the folder over, after this one gave no sign for too long; empty where none has."""
    _ended: threading.Event = field(default_factory=threading.Event)

    def check(self) -> None:
        """Ends the work of a driver that has lost the folder.

        Raises:
            LlamocoError: another driver has taken the folder over.
        """
        if self.taken_by:
            raise LlamocoError(
                f"{self.taken_by} has taken {self.place.where()} over, because this process gave no sign for "
                f"{STALE_S:.0f} s; the work goes on there, and what was evaluated here is in the folder"
            )

    def beat(self) -> None:
        """Renews the lease until it is let go or taken."""
        while not self._ended.wait(BEAT_S) and not self.taken_by:
            # A full disk or an outage is reported where results are written.
            with contextlib.suppress(LlamocoError):
                self._renew()

    def let_go(self) -> None:
        """Removes the lease, unless another driver has taken it."""
        with contextlib.suppress(LlamocoError):
            if _holder(_content(self.place), self.lease.driver_id) is None:
                self.place.remove(LEASE_FILE)

    def end(self) -> None:
        self._ended.set()

    def _renew(self) -> None:
        other = _holder(_content(self.place), self.lease.driver_id)
        if other is not None:
            self.taken_by = other
            return
        self.lease = self.lease.model_copy(update={"beats": self.lease.beats + 1})
        self.place.replace(LEASE_FILE, _bytes(self.lease))


@contextlib.contextmanager
def holding(place: Files, notice: Callable[[str], None]) -> Generator[Hold]:
    """Holds the lease of a folder; where a dead driver has left one, this waits for at most `STALE_S`.

    Raises:
        LlamocoError: a living driver holds it; or the folder cannot be written, or cannot put if absent.
    """
    hold = Hold(place, _own_lease())
    _acquire(place, hold.lease, notice)
    thread = threading.Thread(target=hold.beat, name="lease", daemon=True)
    thread.start()
    try:
        yield hold
    finally:
        hold.end()
        thread.join()
        hold.let_go()


def _acquire(place: Files, lease: Lease, notice: Callable[[str], None]) -> None:
    while not place.put_if_absent(LEASE_FILE, _bytes(lease)):
        content = _content(place)
        if content is not None and _is_over(place, content, notice):
            place.replace(LEASE_FILE, _bytes(lease))
            return
    if place.put_if_absent(LEASE_FILE, b"another"):
        raise LlamocoError(
            f"{place.where()} lies on a storage that overwrites what must be kept (it ignores If-None-Match): "
            "what is kept there is not safe; choose another"
        )


def _is_over(place: Files, content: bytes, notice: Callable[[str], None]) -> bool:
    """Whether the driver of this lease is gone; False where the lease itself is gone.

    Raises:
        LlamocoError: the driver is alive.
    """
    lease = _read_back(content)
    if lease is not None and lease.machine and lease.machine == _machine():
        lives = _lives(lease)
        if lives is not None:
            if lives:
                raise _held(place, lease)
            return True
    who = "another driver" if lease is None else lease.driver
    notice(f"{place.where()} was worked on by {who}; watching for up to {STALE_S:.0f} s whether it is alive")
    deadline = time.monotonic() + STALE_S
    while time.monotonic() < deadline:
        time.sleep(LOOK_S)
        now = _content(place)
        if now is None:
            return False
        if now != content:
            raise _held(place, _read_back(now) or lease)
    return True


def _held(place: Files, lease: Lease | None) -> LlamocoError:
    who = "another driver" if lease is None else lease.driver
    return LlamocoError(
        f"{place.where()} is being worked on by {who}; wait until that ends, or stop it there; "
        f"it takes {STALE_S:.0f} s at most to find out that a driver is gone"
    )


def _holder(content: bytes | None, driver_id: str) -> str | None:
    """The driver that a lease names; None where it is this one, or names none."""
    lease = None if content is None else _read_back(content)
    return None if lease is None or lease.driver_id == driver_id else lease.driver


def _content(place: Files) -> bytes | None:
    """The content of the lease, which a copy onto a full disk leaves empty; None where there is none."""
    try:
        return place.read(LEASE_FILE)
    except FileNotFoundError:
        return None


def _bytes(lease: Lease) -> bytes:
    return lease.to_json().encode()


def _read_back(content: bytes) -> Lease | None:
    try:
        return Lease.from_json(content)
    except ValidationError:
        return None


def _own_lease() -> Lease:
    pid = os.getpid()
    return Lease(
        driver_id=secrets.token_hex(10),
        host=socket.gethostname(),
        pid=pid,
        machine=_machine(),
        began=_began(pid) or 0,
    )


def _machine() -> str:
    """Kernel and process namespace, which processes share that see each other's pids; empty where they are unknown."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _lives(lease: Lease) -> bool | None:
    """Whether the process of a lease of this machine lives; None where the system hides other users' processes."""
    began = _began(lease.pid)
    if began is not None:
        return began == lease.began
    try:
        os.kill(lease.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return None  # a process of another user has this pid, and may be a later one


def _began(pid: int) -> int | None:
    """When a process began, in ticks since the start of the kernel; 0 where it has ended, None where none is shown."""
    try:
        # The name, in parentheses, may hold anything; after it come the state and, as the 20th field, the start.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return 0 if fields[0] in "ZX" else int(fields[19])
