"""Finds the files of an export's instruction set: those of its newest snapshot, by its manifest. It reads no row.

The rules are those that the export's documentation promises to every reader.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ConfigDict, ValidationError

from llamoco_tune.folders import not_a
from llamoco_tune.invocation import DATA, command
from llamoco_tune.records import Record, TuningError

SNAPSHOTS = ".snapshots"
MANIFEST_FILE = "manifest.json"
MANIFEST_VERSION = 1
SNAPSHOT_NAME = re.compile(r"\d{4,}")
SHARD_NAME = re.compile(r"(?P<split>\w+)-(?P<number>\d{5})-of-(?P<count>\d{5})(?:-[0-9a-f]{12})?\.parquet")
"""Split, index, count, SHA-256 prefix (absent before numbered snapshots)."""


@dataclass(frozen=True, slots=True)
class SetFiles:
    """The files of an instruction set, as they were when the folder was looked at."""

    folder: Path
    snapshot: int | None
    """Number of the files' snapshot; None for a folder without snapshots."""
    splits: Mapping[str, tuple[Path, ...]]
    """Parquet files of each split that has any, in the order of their rows."""


class _Shard(Record):
    """The part of a manifest's entry that a reader needs; the rest serves to check the files."""

    model_config = ConfigDict(extra="ignore")

    path: str
    """Path relative to the snapshot."""
    split: str


class _Manifest(Record):
    """The part of a snapshot's manifest that a reader needs."""

    model_config = ConfigDict(extra="ignore")

    shards: tuple[_Shard, ...]


def set_files(folder: Path) -> SetFiles:
    """The files of the newest snapshot of an export.

    A folder without snapshots was exported before they had numbers, or copied without its hidden files: all of its
    `data/` is one set, if the names of the files fit together.

    Raises:
        TuningError: there is no export, or its manifest or its files are incomplete.
    """
    numbers = [int(path.name) for path in (folder / SNAPSHOTS).glob("*") if SNAPSHOT_NAME.fullmatch(path.name)]
    if not numbers:
        return SetFiles(folder, None, _unnumbered(folder))
    newest = max(numbers)
    home = folder / SNAPSHOTS / f"{newest:04}"
    shards = _manifest(home / MANIFEST_FILE).shards
    return SetFiles(folder, newest, _by_split((shard.split, home / shard.path) for shard in shards))


def _manifest(file: Path) -> _Manifest:
    try:
        content = json.loads(file.read_bytes())
        if content["schema_version"] != MANIFEST_VERSION:
            raise TuningError(
                f"{file} is of version {content['schema_version']}, this program reads {MANIFEST_VERSION}; "
                f"export again with the release that you tune with: {command('export', 'DIR', 'OUT', program=DATA)}"
            )
        return _Manifest.from_json(file.read_bytes())
    except FileNotFoundError:
        what = "is missing"
    except (ValidationError, ValueError, TypeError, KeyError):
        what = "is damaged"
    raise TuningError(f"{file} {what}; restore it from a copy, or remove the folder of that snapshot")


def _unnumbered(folder: Path) -> Mapping[str, tuple[Path, ...]]:
    data = folder / "data"
    if not data.is_dir():
        make = command("export", "DIR", "OUT", program=DATA)
        raise not_a("an export", folder, f"is no export: it has no folder data/; make one with: {make}")
    splits = _by_split((path.name.partition("-")[0], path) for path in sorted(data.glob("*.parquet")))
    for split, files in splits.items():
        named = [SHARD_NAME.fullmatch(file.name) for file in files]
        shards = [(int(each["number"]), int(each["count"])) for each in named if each]
        if shards and (len(shards) < len(files) or shards != [(i, len(shards)) for i in range(len(shards))]):
            raise TuningError(
                f"the files of split {split!r} in {data} are not those of one set, such as {files[0].name}; the folder "
                f"{SNAPSHOTS}, which tells sets apart, is not beside them: copy the whole export, or export again"
            )
    return splits


def _by_split(files: Iterable[tuple[str, Path]]) -> Mapping[str, tuple[Path, ...]]:
    splits: dict[str, tuple[Path, ...]] = {}
    for split, file in files:
        splits[split] = (*splits.get(split, ()), file)
    return splits
