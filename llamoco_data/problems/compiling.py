"""Compiles the kernel's entries with numba, and finds a folder for the machine code where numba itself finds none."""

import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from numba import config, njit

CACHE_VARIABLE = "NUMBA_CACHE_DIR"
"""Environment variable with the folder of machine code; processes that are started from this one inherit it."""

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def compiled(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """The function, compiled at its first call; the machine code is cached on disk, because this takes about 20 s.

    numba caches it beside the source or in the user's cache folder. Where it can write to neither, as in a read-only
    installation under a user without a home, the cache is a folder of this user among the temporary files; without
    that, every process compiles anew.
    """
    try:
        return njit(cache=True)(function)
    except RuntimeError:  # numba finds no folder
        folder = _temporary_folder()
    if folder is None:
        return njit(function)
    os.environ[CACHE_VARIABLE] = str(folder)
    config.CACHE_DIR = str(folder)  # pyright: ignore[reportAttributeAccessIssue] - made when numba is imported
    return njit(cache=True)(function)


def _temporary_folder() -> Path | None:
    """The user's folder among the temporary files; None if others can write to it, since what it holds is executed."""
    try:
        folder = Path(tempfile.gettempdir()) / f"llamoco-numba-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o022
    return folder if is_ours and os.access(folder, os.W_OK) else None
