"""Reads the rows of an export, whole or by split; those of earlier schema versions are upgraded, newer ones refused."""

# pyarrow comes without types.
# pyright: reportUnknownParameterType=false

from collections.abc import Collection, Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from llamoco_data.files import Files, LocalFiles, Place, files_at
from llamoco_data.folders import not_a
from llamoco_data.identity import LlamocoError
from llamoco_data.instruction_set.columns import MEASURED_SPLITS, SCHEMA, SCHEMA_VERSION, SPLITS, Split
from llamoco_data.instruction_set.snapshots import shard_names
from llamoco_data.instruction_set.upgrades import upgraded
from llamoco_data.invocation import command


def instruction_tables(
    folder: Place, splits: Collection[Split] | None = None, snapshot: int | None = None
) -> Iterator[pa.Table]:
    """The rows of an export, file by file, so that only one file is in memory.

    Args:
        splits: names of the splits; without them, all.
        snapshot: the number of one of its snapshots; without it, the newest.

    Raises:
        LlamocoError: no export there, no such snapshot in it, no row of these splits, or files of a newer version.
    """
    place = files_at(folder)
    names = shard_names(place, snapshot)
    wanted = [name for name in names if splits is None or _split_of(name) in splits]
    if not wanted:
        if isinstance(place, LocalFiles) and not place.folder.exists():
            raise LlamocoError(f"there is no folder {folder}; give the folder of an export")
        what = f"holds no rows{f' of split {_either(splits)}' if splits else ''}"
        if names:
            raise LlamocoError(f"{folder} {what}")
        raise not_a("an export", folder, f"{what}: is it an export?")
    return (read_shard(place, name) for name in wanted)


def measured_instructions(folder: Place) -> pa.Table:
    """The rows of an export whose answers were measured.

    Raises:
        LlamocoError: see `instruction_tables`.
    """
    return pa.concat_tables(instruction_tables(folder, MEASURED_SPLITS))


def read_instructions(folder: Place, split: Split | None = None, snapshot: int | None = None) -> pa.Table:
    """The rows of an export, of one split or of all.

    Args:
        snapshot: the number of one of its snapshots; without it, the newest.

    Raises:
        LlamocoError: no export there, no such split or snapshot in it, or files of a newer schema version.
    """
    if split is not None and split not in SPLITS:
        raise LlamocoError(f"no split is called {split!r}; the splits are {', '.join(SPLITS)}")
    return pa.concat_tables(instruction_tables(folder, None if split is None else (split,), snapshot))


def _either(splits: Collection[Split]) -> str:
    return " or ".join(repr(split) for split in SPLITS if split in splits)


def _split_of(shard: str) -> str:
    return shard.rpartition("/")[2].partition("-")[0]


def read_shard(place: Files, name: str) -> pa.Table:
    """The rows of one file of an export; those of an earlier schema version are upgraded as they are read.

    Raises:
        LlamocoError: it is of a newer schema version, or no Parquet file, or not there.
    """
    try:
        table = pq.read_table(place.open(name))
    except FileNotFoundError:
        raise LlamocoError(f"{place.where(name)} is missing; export again, or restore it from a copy") from None
    except (pa.ArrowException, OSError):
        raise LlamocoError(f"{place.where(name)} is damaged; export again, or restore it from a copy") from None
    version = (table.schema.metadata or {}).get(b"llamoco_schema_version", b"none").decode()
    if version.isdecimal():
        table = upgraded(table, int(version))
        version = table.schema.metadata[b"llamoco_schema_version"].decode()
    if version != str(SCHEMA_VERSION):
        raise LlamocoError(
            f"{place.where(name)} has schema version {version}, this program reads 1 to {SCHEMA_VERSION}; "
            f"export the campaign again: {command('export', 'DIR', 'OUT')}"
        )
    if table.schema.names != SCHEMA.names:
        differs = sorted(set(table.schema.names) ^ set(SCHEMA.names))
        raise LlamocoError(f"{place.where(name)} lacks or adds columns: {differs}; export again")
    return table.cast(SCHEMA)
