"""The log of a campaign folder: numbered entries, each put if absent, that say which files exist and what is complete.

A file that no entry names does not count. Entries are never changed and never removed.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

from pydantic import Field, ValidationError, model_validator

from llamoco_data.files import Files
from llamoco_data.identity import LlamocoError, Record

MANIFEST = ".manifest"
"""Folder of the log; hidden, because data loaders take any JSON file that they see for data."""


class StoredFile(Record):
    """A file of a campaign folder, with its digest and what it holds."""

    path: str
    """Path relative to the campaign folder: its kind, a slash, the beginning of its SHA-256, and the ending."""
    rows: int = Field(ge=0)
    sha256: str
    size_bytes: int = Field(ge=0)
    problem_ids: tuple[str, ...] = ()
    """Problem of each row, in a file of problems, or of each row group, in a file of runs."""
    indices: tuple[int, ...] = ()
    """Index of the problem in each row, in a file of problems."""

    @property
    def kind(self) -> str:
        return self.path.partition("/")[0]


class Entry(Record):
    """One commit."""

    schema_version: Literal[1] = 1
    files: tuple[StoredFile, ...] = ()
    """Files that the commit adds."""
    plan_id: str = ""
    """Plan under which the problems in `complete` are complete."""
    complete: tuple[str, ...] = ()
    """problem_ids that need no more runs under the plan."""
    withdrawn: tuple[str, ...] = ()
    """Paths of files of earlier entries that no longer count, because they were found damaged or missing."""

    @model_validator(mode="after")
    def _check(self) -> "Entry":
        if any(file.kind == "problems" and len(file.indices) != len(file.problem_ids) for file in self.files):
            raise ValueError("indices: one for each problem")
        return self


def name_of(number: int) -> str:
    """The file name of an entry, counted from 1."""
    return f"{number:08}.json"


def entries(place: Files) -> Iterator[Entry]:
    """The entries of the log, oldest first.

    Raises:
        LlamocoError: an entry is missing or damaged, or of another schema version.
    """
    names = place.names(MANIFEST)
    for number, (name, entry) in enumerate(zip(names, read(place, names), strict=True), start=1):
        if name != name_of(number):
            raise _unusable(place, number, "is missing")
        if entry is None:
            raise _unusable(place, number, "is damaged or of another version")
        yield entry


def entry(place: Files, number: int) -> Entry:
    """The entry of the log with a number, counted from 1.

    Raises:
        LlamocoError: it is missing or damaged, or of another schema version.
    """
    (found,) = read(place, [name_of(number)])
    if found is None:
        raise _unusable(place, number, "is damaged or of another version")
    return found


def read(place: Files, names: Sequence[str]) -> Iterator[Entry | None]:
    """Entries by name; None for one that is damaged or of another schema version."""
    for data in place.read_all([f"{MANIFEST}/{name}" for name in names]):
        try:
            yield Entry.from_json(data)
        except ValidationError:
            yield None


def put(place: Files, number: int, entry: Entry) -> bool:
    """Writes the entry of a number unless there is one, and returns whether it did.

    Raises:
        LlamocoError: it cannot be written.
    """
    return place.put_if_absent(f"{MANIFEST}/{name_of(number)}", entry.to_json().encode())


def _unusable(place: Files, number: int, what: str) -> LlamocoError:
    return LlamocoError(
        f"{place.where(f'{MANIFEST}/{name_of(number)}')} {what}; "
        "restore it from a copy, or start the campaign in a new folder"
    )
