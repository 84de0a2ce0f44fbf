"""The folders of zygotes: each is locked while its zygote is there, so that what a killed one has left can be removed.

In a mount namespace such a folder is only the place of another root; elsewhere it holds the folders of the runs.
"""

import contextlib
import fcntl
import os
import tempfile
import time

from llamoco_data.box.removal import remove_tree

PREFIX = "llamoco-box-"
STALE_S = 60.0
"""Age of a folder without a lock from which it has been left; a younger one may be about to be locked."""
_LOCK = "lock"


def begin() -> str:
    """Makes a folder that is locked until this process and its forks have ended, and removes those that were left."""
    _sweep(tempfile.gettempdir())
    folder = tempfile.mkdtemp(prefix=PREFIX)
    lock = os.open(os.path.join(folder, _LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)  # never closed
    return folder


def _sweep(parent: str) -> None:
    """Removes the folders of this user whose zygotes were killed together with whoever started them."""
    with contextlib.suppress(OSError), os.scandir(parent) as entries:
        for entry in entries:
            if entry.name.startswith(PREFIX) and entry.is_dir(follow_symlinks=False) and _is_left(entry.path):
                remove_tree(entry.path)


def _is_left(folder: str) -> bool:
    try:
        if time.time() - os.stat(folder).st_mtime < STALE_S:
            return False
        lock = os.open(os.path.join(folder, _LOCK), os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:  # it was left before it was locked, or while it was removed
        return True
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(lock)
