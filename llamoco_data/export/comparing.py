"""What differs between two exports: rows with the reason for each, and problems whose label is another."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from llamoco_data.export.changes import Changes, RowsById, changes_between, changes_table, rows_of
from llamoco_data.files import files_at
from llamoco_data.folders import not_a
from llamoco_data.identity import LlamocoError
from llamoco_data.instruction_set import shard_names


@dataclass(frozen=True, slots=True)
class Comparison:
    """The differences between the newest snapshots of two exports."""

    changes: Changes
    num_shared: int
    """Number of problems that both hold, at each budget."""
    moves: Mapping[tuple[str, str], int]
    """Optimizers of the label before and now -> number of problems, for labels of another optimizer; most first."""
    num_resettled: int
    """Number of problems whose label is the same optimizer with other settings."""


def compare(before: str, now: str) -> Comparison:
    """Compares two exports row by row.

    Raises:
        LlamocoError: a folder is no export, or cannot be read.
    """
    old, new = _rows(before), _rows(now)
    one, other = _labels(old), _labels(new)
    shared = sorted(one.keys() & other.keys())
    moves = Counter((one[key][0], other[key][0]) for key in shared if one[key][0] != other[key][0])
    resettled = sum(one[key][0] == other[key][0] and one[key] != other[key] for key in shared)
    ordered = dict(sorted(moves.items(), key=lambda move: (-move[1], move[0])))
    return Comparison(changes_between(0, old, 0, new), len(shared), ordered, resettled)


def write_comparison(comparison: Comparison, file: Path) -> None:
    """Writes a row for each row that differs, with its reason and both optimizers, as Parquet.

    Raises:
        LlamocoError: the file is there, or cannot be written.
    """
    if file.exists():
        raise LlamocoError(f"{file} is there already; give another --out")
    try:
        pq.write_table(changes_table(comparison.changes), file, compression="zstd")
    except OSError as error:
        raise LlamocoError(f"{file} cannot be written: {error.strerror or error}") from None


def _rows(folder: str) -> RowsById:
    place = files_at(folder)
    if not shard_names(place):
        raise not_a("an export", folder, "holds no instruction set; export a campaign into it first")
    return rows_of(place, None)


def _labels(rows: RowsById) -> dict[str, tuple[str, str]]:
    """problem_id -> optimizer and settings of the label."""
    return {row.problem_id: (row.optimizer, row.settings) for row in rows.values()}
