# pyright: reportUnknownParameterType=false
"""A folder on a file system of this machine: files are linked into place whole, and survive a power cut."""

import contextlib
import errno
import hashlib
import os
import secrets
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from llamoco_data.identity import LlamocoError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK)


@dataclass(frozen=True, slots=True)
class LocalFiles:
    """See `Files`."""

    folder: Path

    def where(self, name: str = "") -> str:
        return str(self.folder / name)

    def read(self, name: str) -> bytes:
        with self._reading(name):
            return (self.folder / name).read_bytes()

    def read_all(self, names: Sequence[str]) -> Iterator[bytes]:
        return map(self.read, names)

    def open(self, name: str) -> pa.NativeFile:
        with self._reading(name):
            return pa.OSFile(self.where(name), "rb")

    def sha256(self, name: str) -> str:
        with self._reading(name), (self.folder / name).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def names(self, sub: str = "") -> list[str]:
        path = self.folder / sub
        try:
            return sorted(entry.name for entry in path.iterdir() if not entry.name.startswith("."))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise LlamocoError(f"cannot list {path}: {_reason(error)}; choose another folder") from None

    def put_if_absent(self, name: str, data: bytes) -> bool:
        with self._written(name, data) as temporary:
            try:
                os.link(temporary, self.folder / name)
            except FileExistsError:
                return False
            return True

    def replace(self, name: str, data: bytes) -> None:
        with self._written(name, data) as temporary:
            temporary.replace(self.folder / name)

    def move(self, name: str, to: str) -> None:
        source, target = self.folder / name, self.folder / to
        if not source.exists():
            raise FileNotFoundError(self.where(name))
        with self._writing(to):
            target.parent.mkdir(parents=True, exist_ok=True)
            source.rename(target)
            _sync_folder(target.parent)
            _sync_folder(source.parent)

    def remove(self, name: str) -> None:
        with self._writing(name):
            (self.folder / name).unlink(missing_ok=True)

    @contextlib.contextmanager
    def _reading(self, name: str) -> Generator[None]:
        try:
            yield
        except FileNotFoundError:
            raise
        except NotADirectoryError:  # a part of the path is a file, which holds nothing
            raise FileNotFoundError(self.where(name)) from None
        except OSError as error:
            what = f"cannot read {self.where(name)}: {_reason(error)}"
            raise LlamocoError(f"{what}; check the path and its permissions") from None

    @contextlib.contextmanager
    def _writing(self, name: str) -> Generator[None]:
        try:
            yield
        except OSError as error:
            raise LlamocoError(
                f"cannot write {self.where(name)}: {_reason(error)}; {_advice(error)} and run again, "
                "nothing committed before is lost"
            ) from None

    @contextlib.contextmanager
    def _written(self, name: str, data: bytes) -> Generator[Path]:
        """A hidden file beside the final one, with the data on disk; at the end it is gone and the folder synced."""
        path = self.folder / name
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
        with self._writing(name):
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


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


def _advice(error: OSError) -> str:
    if error.errno in _FULL:
        return "free some space"
    if error.errno in _NO_LINKS:
        return "choose a folder that you may write to, on a file system that has hard links,"
    return "choose a folder that you may write to"
