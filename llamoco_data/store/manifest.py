"""The log of a campaign folder: numbered entries, each put if absent, that say which files exist and what is complete.

A file that no entry names does not exist. Entries are never changed and never removed.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from llamoco_data.identity import LlamocoError, Record
from llamoco_data.store import files

MANIFEST = ".manifest"
"""Hidden, because data loaders take any JSON file that they see for data."""


class StoredFile(Record):
    """A file and how to know it again."""

    path: str
    """Relative to the campaign folder: kind, slash, the beginning of its SHA-256, ending."""
    rows: int = Field(ge=0)
    sha256: str
    size_bytes: int = Field(ge=0)
    problem_ids: tuple[str, ...] = ()
    """The problem of each row, for problems, or of each row group, for runs."""
    indices: tuple[int, ...] = ()
    """For problems: the index of each row."""

    @property
    def kind(self) -> str:
        return self.path.partition("/")[0]


class Entry(Record):
    """One commit."""

    schema_version: Literal[1] = 1
    files: tuple[StoredFile, ...]
    """What it adds."""
    plan_id: str = ""
    """The plan under which the problems below are complete."""
    complete: tuple[str, ...] = ()
    """problem_ids that need no more runs under that plan."""


def entries(folder: Path) -> Iterator[Entry]:
    """The log, oldest entry first.

    Raises:
        LlamocoError: an entry is damaged, or of another schema version.
    """
    for number, name in enumerate(files.names(folder, MANIFEST), start=1):
        if name != f"{number:08}.json":
            raise LlamocoError(
                f"{folder / MANIFEST} lacks {number:08}.json; restore it from a copy, or start in a new folder"
            )
        try:
            yield Entry.from_json(files.read(folder, f"{MANIFEST}/{name}"))
        except ValidationError:
            raise LlamocoError(
                f"{folder / MANIFEST / name} is damaged or of another version; "
                "restore it from a copy, or start the campaign in a new folder"
            ) from None


def append(folder: Path, entry: Entry) -> None:
    """Adds an entry after the last one, whoever wrote that.

    Raises:
        LlamocoError: it cannot be written.
    """
    data = entry.to_json().encode()
    number = len(files.names(folder, MANIFEST)) + 1
    while not files.put_if_absent(folder, f"{MANIFEST}/{number:08}.json", data):
        number += 1
