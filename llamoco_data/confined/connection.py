"""The zygote of this process: started when first needed, ended with it, replaced when it fails."""

import atexit
import os
import select
import socket
import struct
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from llamoco_data.box import frames
from llamoco_data.box.frames import READY_BYTES, Ready
from llamoco_data.box.layers import OWN_USER, Tier, tier_of
from llamoco_data.box.zygote import Settings
from llamoco_data.confined.faults import ConfinementFault
from llamoco_data.libraries import PRELOADED
from llamoco_data.texts import HASH_SEED
from llamoco_data.threads import ONE_THREAD

START_LIMIT_S = 180.0
"""Time that a zygote has to load its libraries; generous, for a slow disk under load."""
END_LIMIT_S = 15.0
"""Time that a zygote has to end, with whatever it runs."""
MEMORY_BYTES = 2 << 30
"""Memory that a program may use beyond that of the loaded libraries: of each of its processes, and of all together."""
NUM_PROCESSES = 128
"""Processes of a run above which it is ended, where the kernel keeps no count."""

PASSED_OVER = ("matplotlib",)
"""Modules that libraries load where they are installed, only to draw: a third of a zygote's memory, for which each
run's fork pays."""

_KEPT = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR")
"""Variables of this process's environment that its zygote has, and all but the last its programs; others may hold
secrets."""
_PROJECT = ("llamoco_data", "llamoco_tune")


@dataclass(frozen=True, slots=True)
class Zygote:
    """A process that forks the confined processes of programs."""

    process: subprocess.Popen[bytes]
    control: socket.socket
    layers: tuple[str, ...]
    missing: tuple[str, ...]
    """Layers that do not hold, each with the reason."""
    folder: str
    """Folder for the folders of runs; empty where each run has a file system of its own."""

    @property
    def tier(self) -> Tier:
        """How well it confines."""
        return tier_of(self.layers)

    def close(self) -> None:
        """Ends the zygote and whatever it runs."""
        self.control.close()
        try:
            self.process.wait(END_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


_zygotes: dict[tuple[int, tuple[str, ...]], Zygote] = {}
"""Process id of the owner, and the layers left out -> its zygote; a fork of the owner starts its own."""


def zygote(without: tuple[str, ...] = ()) -> Zygote:
    """The zygote of this process.

    Args:
        without: layers that are left out, as on a machine that lacks them.

    Raises:
        ConfinementFault: the zygote does not start.
    """
    key = os.getpid(), without
    if key not in _zygotes:
        try:
            _zygotes[key] = _started(without)
        except ConfinementFault:
            if os.geteuid() != 0 or OWN_USER in without:
                raise
            # The libraries of root may be readable by nobody else.
            _zygotes[key] = _started((*without, OWN_USER))
    return _zygotes[key]


def close_zygote(without: tuple[str, ...] = ()) -> None:
    """Ends the zygote, if there is one; the next run starts another."""
    found = _zygotes.pop((os.getpid(), without), None)
    if found is not None:
        found.close()


def drop_zygote(failed: Zygote) -> None:
    """Ends a zygote that failed, or whose run is not waited for; the next run starts another."""
    for key in [key for key, each in _zygotes.items() if each is failed]:
        del _zygotes[key]
    failed.close()


@atexit.register
def _close_all() -> None:
    for owner, without in list(_zygotes):
        if owner == os.getpid():
            close_zygote(without)


def _started(without: tuple[str, ...]) -> Zygote:
    control, its_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its_end, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, "-P", str(_START), str(its_end.fileno()), settings(without).to_json()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            pass_fds=[its_end.fileno()],
            env=_environment(),
            cwd="/",
            start_new_session=True,
        )
        its_end.close()
        ready = _ready(control)
        if ready.fault:
            control.close()
            process.kill()
            process.wait()
            errors.seek(0)
            last = errors.read().decode(errors="replace").strip().splitlines()[-1:] or [""]
            raise ConfinementFault(f"the process that is to run programs does not start: {ready.fault} {last[0]}")
    return Zygote(process, control, ready.layers, ready.missing, ready.folder)


_START = Path(__file__).resolve().parents[1] / "box" / "start.py"


def _ready(control: socket.socket) -> Ready:
    control.settimeout(START_LIMIT_S)
    try:
        content = control.recv(READY_BYTES)
        control.settimeout(None)
        return Ready.from_json(content)
    except TimeoutError:
        return Ready(fault=f"it was not ready after {START_LIMIT_S:.0f} s;")
    except (OSError, ValidationError):
        return Ready(fault="it ended while it started;")


def settings(without: tuple[str, ...]) -> Settings:
    """What a zygote of this installation is told."""
    path = list(dict.fromkeys(entry for entry in map(os.path.realpath, filter(None, sys.path)) if _is_library(entry)))
    programs = [sys.executable, os.path.realpath(sys.executable), os.path.join(sys.prefix, "pyvenv.cfg")]
    visible = [*path, *_libraries(), *programs]
    hidden = [os.path.join(place, name) for place in path for name in _PROJECT]
    return Settings(
        visible=tuple(dict.fromkeys(filter(os.path.exists, visible))),
        hidden=tuple(filter(os.path.isdir, hidden)),
        path=tuple(path),
        preloaded=PRELOADED,
        passed_over=PASSED_OVER,
        without=without,
        memory_bytes=MEMORY_BYTES,
        num_processes=NUM_PROCESSES,
    )


def _libraries() -> list[str]:
    """Folders of Python's own library and its shared objects."""
    return [os.path.realpath(os.path.join(prefix, "lib")) for prefix in (sys.base_prefix, sys.prefix)]


def _is_library(entry: str) -> bool:
    """Whether a place of imports holds installed libraries, and not scripts or projects of the user."""
    installed = os.path.basename(entry) in ("site-packages", "dist-packages")
    return os.path.exists(entry) and (installed or any(entry.startswith(f"{place}/") for place in _libraries()))


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, **ONE_THREAD, "PATH": "/usr/bin:/bin", "PYTHONHASHSEED": HASH_SEED, "MALLOC_ARENA_MAX": "2"}


def stopped(serving: Zygote) -> frames.Left | None:
    """Ends the run if it is still going; returns how it ended, or None where the zygote is gone or does not answer."""
    try:
        serving.control.send(frames.STOP)
        ready, _, _ = select.select([serving.control], [], [], END_LIMIT_S)
        if not ready:
            return None
        return frames.Left.of(serving.control.recv(READY_BYTES))
    except (OSError, struct.error):
        return None
