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
    """The function, compiled when it is first called; the machine code is kept on disk, because that takes some 20 s.

    numba keeps it beside the source, or in a cache of the user's. Where it may write to neither, as in a read-only
    installation under a user without a home, it is kept in a folder of the user's among the temporary files; where
    there is none, every process compiles anew.
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
    """A folder that nobody else may write to: what lies in it is executed."""
    try:
        folder = Path(tempfile.gettempdir()) / f"llamoco-numba-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o022
    return folder if is_ours and os.access(folder, os.W_OK) else None
