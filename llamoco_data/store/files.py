# pyright: reportUnknownParameterType=false
"""Whole files in a campaign folder: each is there completely or not at all, and survives a power cut once written.

All access to the campaign's file system goes through here; nothing here knows what the files mean.
"""

import contextlib
import errno
import hashlib
import os
import secrets
from collections.abc import Generator
from pathlib import Path

import pyarrow as pa

from llamoco_data.identity import LlamocoError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def read(folder: Path, name: str) -> bytes:
    """The content of a file.

    Raises:
        FileNotFoundError: there is no such file.
        LlamocoError: it cannot be read.
    """
    path = folder / name
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise LlamocoError(f"cannot read {path}: {_reason(error)}; check the path and its permissions") from None


def open_random_access(folder: Path, name: str) -> pa.NativeFile:
    """A file to read parts of.

    Raises:
        OSError: it cannot be opened.
    """
    return pa.OSFile(str(folder / name), "rb")


def sha256(folder: Path, name: str) -> str:
    """The SHA-256 of a file's content, in hexadecimal.

    Raises:
        OSError: it cannot be read.
    """
    with (folder / name).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def names(folder: Path, sub: str = "") -> list[str]:
    """Names of the files and folders in a folder that are not hidden, sorted; none where the folder does not exist.

    Raises:
        LlamocoError: it cannot be listed.
    """
    path = folder / sub
    try:
        return sorted(entry.name for entry in path.iterdir() if not entry.name.startswith("."))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise LlamocoError(f"cannot list {path}: {_reason(error)}; choose another folder") from None


def put_if_absent(folder: Path, name: str, data: bytes) -> bool:
    """Writes a file unless one of its name exists; whether it did. Of two writers exactly one succeeds.

    Raises:
        LlamocoError: it cannot be written; nothing is left behind.
    """
    with _written(folder / name, data) as temporary:
        try:
            os.link(temporary, folder / name)
        except FileExistsError:
            return False
        return True


def replace(folder: Path, name: str, data: bytes) -> None:
    """Writes a file, in place of one of its name if there is one: a reader sees the old content or the new.

    Raises:
        LlamocoError: it cannot be written; the old content stands.
    """
    with _written(folder / name, data) as temporary:
        temporary.replace(folder / name)


@contextlib.contextmanager
def _written(path: Path, data: bytes) -> Generator[Path]:
    """A hidden file beside `path` that holds the data on disk; at the end it is gone, and the folder is on disk too."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            yield temporary
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
        _sync_folder(path.parent)
    except OSError as error:
        advice = "free some space" if error.errno in _FULL else "choose a folder that you may write to"
        raise LlamocoError(
            f"cannot write {path}: {_reason(error)}; {advice} and run again, nothing committed before is lost"
        ) from None


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
