"""The files that a stranger's program can see: libraries to read, a private folder to write, and nothing of the user.

In a mount namespace the program's root holds nothing else; where there is none, Landlock refuses everything else.
"""

import errno
import os
import re
from collections.abc import Sequence
from pathlib import Path

from llamoco_data.box import system

SYSTEM = (
    "/usr",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/bin",
    "/sbin",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/alternatives",
)
"""Parts of the system that every program may read and execute."""
DEVICES = ("/dev/null", "/dev/full", "/dev/random", "/dev/urandom")
"""Without `/dev/zero`, which gives shared memory that nothing counts."""
MACHINE = ("/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/version", "/sys/devices/system/cpu")
"""What numerical libraries ask about the machine."""

PRIVATE_BYTES = 128 << 20
PRIVATE_FILES = 20_000
"""Limits of a run's private folder, where it is a file system of its own."""
SHARED_BYTES = 64 << 20
"""Limit of a run's shared memory."""

PRIVATE = ("/tmp", "/private")
"""Places of a run's private folder, where it is a file system of its own: the usual one, and the other for libraries
that lie beneath the usual one, which it would cover."""

_KEPT = {
    "nodev": system.NO_DEVICES,
    "noexec": system.NO_EXEC,
    "noatime": 0x400,
    "nodiratime": 0x800,
    "relatime": 0x200000,
}
"""Options of a mount, as the kernel lists them, and their flags."""


def private_folder(visible: Sequence[str]) -> str:
    """Where the private folder of a run is, by what its program is to see."""
    usual, other = PRIVATE
    return other if any(path == usual or path.startswith(f"{usual}/") for path in visible) else usual


def change_root(visible: Sequence[str], hidden: Sequence[str], folder: str) -> None:
    """Gives this process, which has a mount namespace of its own, a root that holds only what programs may see.

    Args:
        visible: files and folders to read, besides the system's.
        hidden: folders beneath them that are to look empty.
        folder: an empty folder.

    Raises:
        OSError: the kernel refuses a mount.
    """
    system.mount("none", "/", flags=system.RECURSIVE | system.SLAVE)
    system.mount("tmpfs", folder, "tmpfs", system.NO_SET_ID | system.NO_DEVICES, "size=1m,mode=755")
    for path in _without_parts((*SYSTEM, *visible)):
        _show(path, folder)
    for path in DEVICES:
        _show(path, folder)
    for path in hidden:
        if os.path.isdir(f"{folder}{path}"):
            options = "size=4k,nr_inodes=1,mode=755"
            system.mount("tmpfs", f"{folder}{path}", "tmpfs", system.READ_ONLY | system.NO_SET_ID, options)
    private = private_folder(visible)
    for path in ("/proc", "/tmp", private, "/dev/shm"):
        os.makedirs(f"{folder}{path}", mode=0o755, exist_ok=True)
    _show("/sys/devices/system/cpu", folder)
    for name, target in (("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        os.symlink(target, f"{folder}/dev/{name}")
    _make_read_only(folder)
    # A `proc` of this process namespace can only be mounted while another one, without covers, is in sight.
    system.mount("proc", f"{folder}/proc", "proc", system.NO_SET_ID | system.NO_DEVICES | system.NO_EXEC)
    # Some libraries write a little while they are loaded; a run's own folder covers this one.
    plain = system.NO_SET_ID | system.NO_DEVICES
    system.mount("tmpfs", f"{folder}{private}", "tmpfs", plain, "size=16m,mode=1777")
    os.chdir(folder)
    system.pivot_root(".", ".")  # the old root now lies on the new one
    system.unmount(".")
    os.chdir("/")


def close_root(private: str) -> None:
    """Makes read-only what `change_root` has left writable: a run covers it, and finds a way round the cover closed."""
    plain = system.NO_SET_ID | system.NO_DEVICES | system.BIND | system.REMOUNT | system.READ_ONLY
    system.mount("none", "/proc", flags=plain | system.NO_EXEC)
    system.mount("none", private, flags=plain)


def private_mounts(private: str) -> None:
    """Gives this process, which has a mount namespace of its own, empty folders to write in, which end with it."""
    plain = system.NO_SET_ID | system.NO_DEVICES
    try:
        # Read-only, because the user 0 may write to the kernel's settings there even without privileges.
        system.mount("proc", "/proc", "proc", plain | system.NO_EXEC | system.READ_ONLY)
    except OSError as error:
        if error.errno != errno.EPERM:
            raise
        system.mount("tmpfs", "/proc", "tmpfs", plain | system.READ_ONLY, "size=4k")
    system.mount("tmpfs", private, "tmpfs", plain, f"size={PRIVATE_BYTES},nr_inodes={PRIVATE_FILES},mode=1777")
    system.mount("tmpfs", "/dev/shm", "tmpfs", plain | system.NO_EXEC, f"size={SHARED_BYTES},nr_inodes=1k,mode=1777")


def _show(path: str, folder: str) -> None:
    """Mounts a file or a folder in the new root, where it is; a link becomes the same link, with what it leads to."""
    target = f"{folder}{path}"
    if os.path.lexists(target) and not os.path.isdir(target):
        return
    os.makedirs(os.path.dirname(target), mode=0o755, exist_ok=True)
    if os.path.islink(path):
        if not os.path.lexists(target):
            os.symlink(os.readlink(path), target)
            _show(os.path.normpath(os.path.join(os.path.dirname(path), os.readlink(path))), folder)
        return
    if os.path.isdir(path):
        os.makedirs(target, mode=0o755, exist_ok=True)
    elif os.path.exists(path):
        Path(target).touch()
    else:
        return
    system.mount(path, target, flags=system.BIND | system.RECURSIVE)


def _make_read_only(root: str) -> None:
    """Makes each mount at or beneath a path read-only; the kernel insists on the restrictions that a mount has."""
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        mounts = [line.split()[4:6] for line in file]
    for escaped, options in mounts:
        target = re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), escaped)
        if target == root or target.startswith(f"{root}/"):
            kept = sum(flag for name, flag in _KEPT.items() if name in options.split(","))
            flags = system.BIND | system.REMOUNT | system.READ_ONLY | system.NO_SET_ID
            system.mount("none", target, flags=flags | kept)


def _without_parts(paths: Sequence[str]) -> list[str]:
    """The paths that are not beneath another one of them, in order."""
    unique = list(dict.fromkeys(paths))
    return [path for path in unique if not any(path.startswith(f"{other}/") for other in unique if other != path)]


READ = 0b1101
"""Landlock's rights to execute, to read files and to list folders."""
_OF_FILES = 0xC007
"""Rights that a file can have, and not only a folder."""
_ALL_BELOW = {1: 1 << 13, 2: 1 << 14, 3: 1 << 15, 5: 1 << 16}
"""Version of Landlock -> the first right that it does not know."""


def restrict(version: int, visible: Sequence[str], hidden: Sequence[str], writable: Sequence[str]) -> None:
    """Restricts this process by Landlock to the paths, for good; it then reaches no process outside by a signal.

    Args:
        version: version of Landlock.
        visible: files and folders to read and execute.
        hidden: folders beneath them that stay out of reach.
        writable: files and folders to write, and to make files in.
    """
    every = max(rights for since, rights in _ALL_BELOW.items() if since <= version) - 1
    file_rights = every & _OF_FILES
    rules = [(path, READ if os.path.isdir(path) else READ & file_rights) for path in _around(visible, hidden)]
    rules += [(path, every if os.path.isdir(path) else every & file_rights) for path in writable]
    network, scopes = (0b11 if version >= 4 else 0), (0b11 if version >= 6 else 0)
    system.landlock(version, rules, files=every, network=network, scopes=scopes)


def _around(visible: Sequence[str], hidden: Sequence[str]) -> list[str]:
    """The visible paths; of a folder with hidden ones beneath, what lies beside these."""
    found: list[str] = []
    for path in visible:
        if path in hidden:
            continue
        if any(place.startswith(f"{path}/") for place in hidden):
            found += _around([f"{path}/{name}" for name in sorted(os.listdir(path))], hidden)
        else:
            found.append(path)
    return found
