"""Writes rows into Parquet files by split, named by their split, their number and their content."""

# pyarrow comes without types.
# pyright: reportUnknownParameterType=false

import hashlib
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from llamoco_data.instruction_set import SPLITS, Drawing, Shard, Split

ROWS_PER_SHARD = 20_000
"""Most rows of a shard: about 25 MB of Parquet."""
ROWS_PER_GROUP = 1_000
"""Most rows of a row group, which wait in memory: about 20 MB."""

SHARD_NAME = re.compile(rf"({'|'.join(SPLITS)})-(\d{{5}})-of-(\d{{5}})(?:-([0-9a-f]{{12}}))?\.parquet")
"""Split, number, count, SHA-256 prefix (absent before numbered snapshots)."""


class ShardWriter:
    """Collects rows by split and writes them in shards; a split's number of shards is known only at the end."""

    def __init__(self, folder: Path, drawing: Drawing) -> None:
        self._schema = drawing.file_schema
        self._folder = folder
        self._data = folder / "data"
        self._data.mkdir()
        self._waiting: dict[Split, list[pa.Table]] = {split: [] for split in SPLITS}
        self._open: dict[Split, pq.ParquetWriter] = {}
        self._written: dict[Split, list[int]] = {split: [] for split in SPLITS}
        """Rows of each shard."""
        self.rows: dict[Split, int] = dict.fromkeys(SPLITS, 0)

    def add(self, split: Split, rows: pa.Table) -> None:
        self.rows[split] += rows.num_rows
        self._waiting[split].append(rows)
        while self._num_waiting(split) >= ROWS_PER_GROUP:
            self._write(split)

    def close(self) -> tuple[Shard, ...]:
        """The shards, under their final names."""
        for split in SPLITS:
            if self._num_waiting(split):
                self._write(split)
            self._end(split)
        shards: list[Shard] = []
        for split, counts in self._written.items():
            for number, rows in enumerate(counts):
                part = self._part(split, number)
                stem = f"{split}-{number:05d}-of-{len(counts):05d}"
                path = f"data/{stem}-{sha256_of(part)[:12]}.parquet"
                part.rename(self._folder / path)
                shards.append(shard_of(self._folder, path, split, rows))
        return tuple(shards)

    def _num_waiting(self, split: Split) -> int:
        return sum(table.num_rows for table in self._waiting[split])

    def _write(self, split: Split) -> None:
        """Writes rows that wait as a row group, into a new shard where the last one is full."""
        waiting = pa.concat_tables(self._waiting[split])
        rows, written = waiting.slice(0, ROWS_PER_GROUP), self._written[split]
        if split not in self._open:
            self._open[split] = pq.ParquetWriter(self._part(split, len(written)), self._schema, compression="zstd")
            written.append(0)
        # In one piece, or the pages of the file would depend on how the rows had come.
        self._open[split].write_table(rows.combine_chunks())
        written[-1] += rows.num_rows
        self._waiting[split] = [waiting.slice(ROWS_PER_GROUP)]
        if written[-1] >= ROWS_PER_SHARD:
            self._end(split)

    def _end(self, split: Split) -> None:
        if split in self._open:
            self._open.pop(split).close()

    def _part(self, split: Split, number: int) -> Path:
        return self._data / f"{split}-{number:05d}.part"


def shard_of(folder: Path, path: str, split: str, rows: int) -> Shard:
    """The manifest's record of a Parquet file."""
    file = folder / path
    return Shard(path=path, split=split, rows=rows, sha256=sha256_of(file), size_bytes=file.stat().st_size)


def sha256_of(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
