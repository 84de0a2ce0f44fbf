"""Removes a folder that a program may have filled with anything: deep nests, millions of files, names that are no text.

It recurses nowhere, holds two descriptors, builds no path, and follows no link.
"""

import contextlib
import errno
import os
import stat

_TAKEN = (errno.EEXIST, errno.ENOTDIR, errno.ENOTEMPTY)


def remove_tree(folder: str) -> None:
    """Removes a folder and all in it; what cannot be removed stays, as where another user owns it."""
    with contextlib.suppress(OSError):
        root = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            _empty(root)
        finally:
            os.close(root)
        os.rmdir(folder)


def _empty(root: int) -> None:
    """Removes all beneath a folder: each folder's own folders are first moved up to the root, under new names."""
    number = 0
    flattening = True
    while flattening:
        flattening = False
        for name in os.listdir(root):
            if _is_removed(name, root):
                continue
            flattening = True
            with contextlib.suppress(OSError):
                os.chmod(name, stat.S_IRWXU, dir_fd=root)  # no link: it was found to be a folder
                inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=root)
                try:
                    number = _flatten(inner, root, number)
                finally:
                    os.close(inner)
                os.rmdir(name, dir_fd=root)
                continue
            return


def _flatten(folder: int, root: int, number: int) -> int:
    """Removes a folder's files and moves its folders to the root; returns the number of the next new name."""
    for name in os.listdir(folder):
        moved = _is_removed(name, folder)
        while not moved:
            number += 1
            try:
                os.rename(name, f".llamoco-{number}", src_dir_fd=folder, dst_dir_fd=root)
            except OSError as error:
                if error.errno not in _TAKEN:
                    raise
            else:
                moved = True
    return number


def _is_removed(name: str, folder: int) -> bool:
    """Removes a file; returns False where the name is that of a folder."""
    try:
        os.unlink(name, dir_fd=folder)
    except IsADirectoryError:
        return False
    except PermissionError:
        return not stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    return True
