"""Reads the instruction set: the contract with whoever measured it. Columns, schema version, splits; never a run.

The file is the only thing that crosses from the measuring to the tuning half, so everything about it is checked here.
"""

# pyarrow comes without types.
# pyright: reportUnknownParameterType=false, reportExplicitAny=false

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from llamoco_tune.records import TuningError, digest, file_sha256

SCHEMA_VERSION = 2
"""Of the export's columns, as it says in the metadata of every file."""

TRAINING_SPLIT = "train"
"""The only split whose rows a model is tuned on."""
VALIDATION_SPLIT = "validation"
"""The split that is looked at while tuning; the others never are."""

COLUMNS = ("instruction_id", "problem_id", "split", "form", "wording", "prompt", "answer", "optimizer", "family")
"""What tuning reads, with the list `functions`."""


@dataclass(frozen=True, slots=True)
class Example:
    """A row: a prompt, the program that answers it, and what is known of both."""

    instruction_id: str
    problem_id: str
    split: str
    form: str
    """`python` or `latex`."""
    wording: int
    prompt: str
    answer: str
    optimizer: str
    """Name of the optimizer that the answer uses: in this package never that of the network."""
    family: str
    functions: tuple[str, ...]
    """Basic functions of the objective; empty for a user's own problem."""


def splits_of(folder: Path) -> tuple[str, ...]:
    """The splits of an export that have rows.

    Raises:
        TuningError: there is no export.
    """
    names = sorted({path.name.split("-")[0] for path in _data_folder(folder).glob("*.parquet")})
    if not names:
        raise TuningError(f"{folder} holds no rows; is it what `llamoco-data export DIR OUT` wrote?")
    return tuple(names)


def read_split(folder: Path, split: str) -> list[Example]:
    """The rows of one split of an export, in the order of the files.

    Raises:
        TuningError: no export there, no row in the split, columns that are missing, or another schema version.
    """
    files = _files_of(folder, split)
    if not files:
        raise TuningError(f"{folder} has no split {split!r}; it has {', '.join(splits_of(folder))}")
    rows = [row for file in files for row in _read(file)]
    if not rows:
        raise TuningError(f"the split {split!r} of {folder} is empty; export more problems, or name another split")
    return rows


def problem_ids(folder: Path, split: str) -> set[str]:
    """The problems of a split."""
    return {str(each) for file in _files_of(folder, split) for each in _table(file, ["problem_id"])["problem_id"]}


def check_no_leak(folder: Path) -> None:
    """Makes sure that no problem of the training split has rows in another split.

    Raises:
        TuningError: one has.
    """
    training = problem_ids(folder, TRAINING_SPLIT)
    for split in splits_of(folder):
        shared = training & problem_ids(folder, split) if split != TRAINING_SPLIT else set[str]()
        if shared:
            raise TuningError(
                f"{len(shared)} problems of {folder} are both in {TRAINING_SPLIT!r} and in {split!r}, "
                f"such as {min(shared)}: what is measured on them would be memory; export the campaign again"
            )


def data_digest(folder: Path, splits: Sequence[str]) -> str:
    """The digest of the files of some splits of an export: two exports with the same rows have the same."""
    return digest([[file.name, file_sha256(file)] for split in splits for file in _files_of(folder, split)])


def _data_folder(folder: Path) -> Path:
    data = folder / "data"
    if not data.is_dir():
        raise TuningError(f"{folder} is no export: it has no folder data/; make one with `llamoco-data export DIR OUT`")
    return data


def _files_of(folder: Path, split: str) -> list[Path]:
    return sorted(_data_folder(folder).glob(f"{split}-*.parquet"))


def _read(file: Path) -> list[Example]:
    return [_example(row) for row in _table(file, [*COLUMNS, "functions"]).to_pylist()]


def _example(row: dict[str, Any]) -> Example:
    fields: dict[str, Any] = {**row, "functions": tuple(row["functions"])}
    return Example(**fields)


def _table(file: Path, columns: Sequence[str]) -> pa.Table:
    try:
        schema = pq.read_schema(file)
    except (pa.ArrowException, OSError):
        raise TuningError(f"{file} is damaged; export again, or restore it from a copy") from None
    version = (schema.metadata or {}).get(b"llamoco_schema_version", b"none").decode()
    if version != str(SCHEMA_VERSION):
        raise TuningError(
            f"{file} has schema version {version}, this program reads {SCHEMA_VERSION}; "
            "export the campaign again with the release that you tune with: llamoco-data export DIR OUT"
        )
    missing = [name for name in columns if name not in schema.names]
    if missing:
        raise TuningError(f"{file} lacks the columns {', '.join(missing)}; export the campaign again")
    try:
        return pq.read_table(file, columns=list(columns))
    except (pa.ArrowException, OSError):
        raise TuningError(f"{file} is damaged; export again, or restore it from a copy") from None
