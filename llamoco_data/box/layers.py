"""The layers of confinement and the tiers that they make: which hold on this machine is found by trying each.

Most machines refuse some of them: containers refuse namespaces, older kernels have no Landlock.
"""

import os
import platform
import resource
import signal
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from llamoco_data.box import filter as calls
from llamoco_data.box import system, view
from llamoco_data.box.processes import SLEEPER

Tier = Literal["trusted", "limited", "filtered", "isolated"]
TIERS: tuple[Tier, ...] = ("trusted", "limited", "filtered", "isolated")
"""How well a program is confined, from not at all.

trusted    it runs as the user, in a process of its own;
limited    its resources are limited, and its processes end with it, but files, network or processes are open to it;
filtered   files, network and other processes are closed to it, in the namespaces of the user;
isolated   it has namespaces of its own, and may make only the system calls of a list.
"""

NAMESPACES, LANDLOCK, FILTER, OWN_USER = "namespaces", "landlock", "filter", "own user"
LAYERS = (NAMESPACES, LANDLOCK, FILTER, OWN_USER)
"""Optional layers; limits of resources are always there.

namespaces  mounts, processes, network, shared memory and users of its own;
landlock    the kernel's refusal of every path that is not listed;
filter      the kernel's refusal of every system call that is not listed;
own user    another user than root, where the command runs as root.
"""

STRANGER = 65534
"""User and group of programs where the command runs as root: nobody."""
SIGNALS_SINCE = 6
"""Version of Landlock from which no signal leaves a restricted process's own kind."""


@dataclass(frozen=True, slots=True)
class Layers:
    """What holds on this machine."""

    holding: frozenset[str]
    missing: Mapping[str, str]
    """Layer -> why it does not hold."""
    landlock: int
    """Version of Landlock; 0 without it."""


def tier_of(holding: Collection[str]) -> Tier:
    """The tier that layers make together."""
    if FILTER in holding and NAMESPACES in holding:
        return "isolated"
    # The filter closes the network and other processes to a program, Landlock its files.
    return "filtered" if FILTER in holding and LANDLOCK in holding else "limited"


def probed(without: Collection[str] = ()) -> Layers:
    """The layers that hold here, each tried in a process of its own.

    Args:
        without: layers that are left out, as on a machine that lacks them.
    """
    tries: Mapping[str, Callable[[], None]] = MappingProxyType(
        {NAMESPACES: _try_namespaces, LANDLOCK: _try_landlock, FILTER: _try_filter}
    )
    missing = dict.fromkeys(without, "left out")
    for layer, attempt in tries.items():
        if layer not in missing and (refusal := _refusal(attempt)):
            missing[layer] = refusal
    if NAMESPACES in missing:
        missing.setdefault(OWN_USER, "there are no namespaces")
    elif os.geteuid() != 0:
        missing.setdefault(OWN_USER, "only root needs one")
    elif OWN_USER not in missing and (refusal := _refusal(_try_own_user)):
        missing[OWN_USER] = refusal
    holding = frozenset(LAYERS) - missing.keys()
    return Layers(holding, missing, system.landlock_version() if LANDLOCK in holding else 0)


def enter_namespaces(*, own_user: bool) -> None:
    """Moves this process to namespaces of its own, with all privileges there and none outside; root's own included.

    The process namespace is that of the next child.
    """
    user, group = os.geteuid(), os.getegid()
    flags = system.NEW_USERS | system.NEW_MOUNTS | system.NEW_PIDS | system.NEW_NET | system.NEW_IPC
    if not own_user:
        system.unshare(flags | system.NEW_HOST_NAME)
        _write("setgroups", "deny")
        _write("uid_map", f"{user} {user} 1")
        _write("gid_map", f"{group} {group} 1")
        return
    # Only a process outside may map a second user, so a child that stays outside writes the map.
    asked, answered = os.pipe(), os.pipe()
    this = os.getpid()
    child = os.fork()
    if child == 0:
        try:
            os.close(asked[1])
            os.read(asked[0], 1)
            for kind in ("uid_map", "gid_map"):
                with open(f"/proc/{this}/{kind}", "w", encoding="ascii") as file:
                    file.write(f"0 0 1\n{STRANGER} {STRANGER} 1\n")
            os.write(answered[1], b"1")
        finally:
            os._exit(0)
    system.unshare(flags | system.NEW_HOST_NAME)
    for end in (asked[0], asked[1], answered[1]):
        os.close(end)
    done = os.read(answered[0], 1)
    os.close(answered[0])
    os.waitpid(child, 0)
    if not done:
        raise PermissionError("the users of a new namespace cannot be set")


def change_user() -> None:
    """Changes from root to a user without rights, and keeps the privileges in this namespace."""
    system.keep_capabilities()
    os.setgroups([])
    os.setresgid(STRANGER, STRANGER, STRANGER)
    os.setresuid(STRANGER, STRANGER, STRANGER)
    system.raise_capabilities()


def limit(*, memory_bytes: int, file_bytes: int, cpu_s: int, num_processes: int) -> None:
    """Limits the resources of this process and its descendants, for good.

    Args:
        memory_bytes: address space of each process.
        file_bytes: size of each file.
        cpu_s: processor time of each process.
        num_processes: processes and threads of this user; the kernel sets root no such limit.
    """
    limits = {
        resource.RLIMIT_AS: memory_bytes,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: cpu_s,
        resource.RLIMIT_FSIZE: file_bytes,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_NOFILE: 256,
        resource.RLIMIT_NPROC: num_processes,
    }
    for which, most in limits.items():
        _, hard = resource.getrlimit(which)
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (allowed, allowed))


def _write(name: str, content: str) -> None:
    with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
        file.write(content)


def _refusal(attempt: Callable[[], None]) -> str:
    """Why an attempt fails in a process of its own; empty where it succeeds."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(out)
        try:
            attempt()
        except BaseException as error:  # noqa: BLE001 - whatever it is, the layer does not hold
            os.write(into, (str(error) or type(error).__name__).encode()[:500])
        finally:
            os._exit(0)
    os.close(into)
    with os.fdopen(out, "rb") as told:
        refusal = told.read().decode(errors="replace")
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return refusal or f"ended by {signal.Signals(os.WTERMSIG(status)).name}"
    return refusal


def _try_namespaces() -> None:
    """Enters namespaces, and mounts the two kinds of file system that a run needs, in a process of theirs."""
    if not os.access(SLEEPER, os.X_OK):
        raise OSError(f"there is no program {SLEEPER}")
    enter_namespaces(own_user=False)
    refusal = _refusal(_try_mounts)
    if refusal:
        raise OSError(refusal)


def _try_own_user() -> None:
    enter_namespaces(own_user=True)
    change_user()


def _try_mounts() -> None:
    system.mount("none", "/", flags=system.RECURSIVE | system.SLAVE)
    system.mount("tmpfs", "/tmp", "tmpfs", system.NO_SET_ID, "size=1m")
    os.mkdir("/tmp/proc")
    system.mount("proc", "/tmp/proc", "proc", system.NO_SET_ID)


def _try_landlock() -> None:
    version = system.landlock_version()
    if not version:
        raise OSError("the kernel has no Landlock")
    view.restrict(version, ("/usr",), (), ())
    try:
        os.listdir("/")
    except PermissionError:
        return
    raise OSError("Landlock is there, but restricts nothing")


def _try_filter() -> None:
    if platform.system() != "Linux":
        raise OSError("the system is not Linux")
    system.filter_calls(calls.packed(calls.instructions(calls.machine(), os.getpid())))
    try:
        system.unshare(system.NEW_USERS)
    except PermissionError:
        return
    raise OSError("the filter is there, but refuses nothing")
