# pyright: reportUnknownParameterType=false
"""The interface to a folder of whole files: each is there completely or not at all, and stays once it was written."""

from collections.abc import Iterator, Sequence
from typing import Protocol

import pyarrow as pa


class Files(Protocol):
    """A folder, in which files have relative names with slashes; it knows nothing of what they mean.

    Every method raises LlamocoError where the folder cannot be reached, read or written: one line that says where and
    what to do, and holds no credentials. The operation has then not happened, or has not been acknowledged.
    """

    def where(self, name: str = "") -> str:
        """The place of a file, or of the folder, as a person would write it."""
        ...

    def read(self, name: str) -> bytes:
        """The content of a file.

        Raises:
            FileNotFoundError: there is no such file.
        """
        ...

    def read_all(self, names: Sequence[str]) -> Iterator[bytes]:
        """The contents of many small files, in their order.

        Raises:
            FileNotFoundError: one of them is not there.
        """
        ...

    def open(self, name: str) -> pa.NativeFile:
        """The file, opened for reading parts of it.

        Raises:
            FileNotFoundError: there is no such file.
        """
        ...

    def sha256(self, name: str) -> str:
        """The SHA-256 of a file's content, in hexadecimal: computed, or as the storage has recorded it.

        Raises:
            FileNotFoundError: there is no such file.
        """
        ...

    def names(self, sub: str = "") -> list[str]:
        """Names of the files and folders in a subfolder that are not hidden, sorted; none where it does not exist."""
        ...

    def put_if_absent(self, name: str, data: bytes) -> bool:
        """Writes a file unless one of its name exists, and returns whether it did.

        Of two writers with different data, exactly one gets True.
        """
        ...

    def replace(self, name: str, data: bytes) -> None:
        """Writes a file, or replaces the one of its name: a reader sees the old content or the new, nothing between."""
        ...

    def move(self, name: str, to: str) -> None:
        """Gives a file another name, which must be free.

        Raises:
            FileNotFoundError: there is no such file.
        """
        ...

    def remove(self, name: str) -> None:
        """Removes a file, if it is there."""
        ...
