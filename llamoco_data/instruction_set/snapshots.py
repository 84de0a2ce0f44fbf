"""The numbered snapshots of an export: where each lies, and the manifest that says what is in it. Nothing is written.

The newest lies in `data/` a second time, as hard links where possible, for readers that do not know the numbers.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import Field, ValidationError

from llamoco_data.files import Files
from llamoco_data.identity import LlamocoError, Record

SNAPSHOTS = ".snapshots"
"""Hidden, because data loaders take any Parquet or JSON file that they see for data."""
MANIFEST_FILE = "manifest.json"
_SHARD_NUMBERS = re.compile(r"-(\d{5})-of-(\d{5})(?:-[0-9a-f]{12})?\.parquet$")
"""Number and count in a shard's name, by which the splits of an export without snapshots are checked."""


class Shard(Record):
    """A Parquet file of a snapshot, and how to check it."""

    path: str
    """Path relative to the snapshot."""
    split: str
    rows: int = Field(ge=0)
    sha256: str
    size_bytes: int = Field(ge=0)


class Origin(Record):
    """What the rows of a snapshot were made from, and by which release."""

    campaign_id: str
    """Digest of the campaign's spec."""
    candidates_id: str
    """Digest of the candidate_ids, in their order."""
    recipe: str
    seed: int
    num_problems: int
    budgets: tuple[float, ...]
    """Shares of the budget at which problems are in the set beside their own."""
    release: str
    """Version of this program."""


class SnapshotManifest(Record):
    """What a snapshot holds."""

    schema_version: Literal[1] = 1
    """Version of this record; that of the rows is in each shard."""
    number: int = Field(ge=1)
    previous: int | None
    """The snapshot that was the newest before."""
    origin: Origin | None
    """None for a set that was exported before there were numbers."""
    shards: tuple[Shard, ...]
    rows: Mapping[str, int]
    """Split -> number of rows."""
    card_sha256: str
    """SHA-256 of its README.md."""


def snapshot_folder(number: int) -> str:
    """The place of a snapshot, relative to the export."""
    return f"{SNAPSHOTS}/{number:04}"


def snapshot_numbers(place: Files) -> list[int]:
    """The snapshots of an export, oldest first; none where it was exported before there were numbers."""
    return sorted(int(name) for name in place.names(SNAPSHOTS) if re.fullmatch(r"\d{4,}", name))


def snapshot_manifest(place: Files, number: int) -> SnapshotManifest:
    """The manifest of a snapshot.

    Raises:
        LlamocoError: there is no such snapshot, or its manifest is missing, damaged or of another version.
    """
    numbers = snapshot_numbers(place)
    if number not in numbers:
        there = f"it has {', '.join(map(str, numbers))}" if numbers else "it has no numbered snapshots"
        raise LlamocoError(f"{place.where()} has no snapshot {number}; {there}")
    name = f"{snapshot_folder(number)}/{MANIFEST_FILE}"
    try:
        return SnapshotManifest.from_json(place.read(name))
    except FileNotFoundError:
        what = "is missing"
    except ValidationError:
        what = "is damaged or of another version"
    raise LlamocoError(f"{place.where(name)} {what}; restore it from a copy, or remove the folder of that snapshot")


def shard_names(place: Files, snapshot: int | None = None) -> list[str]:
    """The Parquet files of a snapshot, or of the newest, relative to the export; none where it holds none.

    An export without snapshots is older than their numbers, or was copied without its hidden files: all of its `data/`
    is one set, as long as its files can be.

    Raises:
        LlamocoError: see `snapshot_manifest`; or an export without snapshots holds files of more than one set.
    """
    numbers = snapshot_numbers(place)
    if snapshot is None and not numbers:
        names = [name for name in place.names("data") if name.endswith(".parquet")]
        _check_one_set(place, names)
        return [f"data/{name}" for name in names]
    number = numbers[-1] if snapshot is None else snapshot
    return [f"{snapshot_folder(number)}/{shard.path}" for shard in snapshot_manifest(place, number).shards]


def _check_one_set(place: Files, names: Sequence[str]) -> None:
    """Checks that every split has each of its shards once.

    Raises:
        LlamocoError: a split lacks a shard, or has one twice.
    """
    splits: dict[str, list[str]] = {}
    for name in sorted(names):
        splits.setdefault(name.partition("-")[0], []).append(name)
    for split, files in splits.items():
        shards = [(int(found[1]), int(found[2])) for name in files if (found := _SHARD_NUMBERS.search(name))]
        if shards and (len(shards) < len(files) or shards != [(i, len(shards)) for i in range(len(shards))]):
            raise LlamocoError(
                f"the files of split {split!r} in {place.where('data')} are not those of one set, such as {files[0]}; "
                f"the folder {SNAPSHOTS}, which tells sets apart, is not beside them: copy the whole export, or export "
                "again"
            )
