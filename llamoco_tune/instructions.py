"""Reads the instruction set, and checks its columns, schema version and splits. It never reads a campaign.

The set is the only thing that passes from `llamoco_data` to this package, so all that tuning relies on is checked here.
"""

# pyarrow comes without types.
# pyright: reportUnknownParameterType=false, reportExplicitAny=false

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from llamoco_tune.invocation import DATA, command
from llamoco_tune.records import DIGEST_CHARACTERS, TuningError, digest, file_sha256
from llamoco_tune.snapshots import SetFiles, set_files

SCHEMA_VERSION = 4
"""Version of the export's columns, which the metadata of every file names."""
VERSIONS = ("1", "2", "3", "4")
"""Versions that are read; what the first lacks is filled in, and what the third and fourth add is not read."""

TRAINING_SPLIT = "train"
"""The only split whose rows a model is tuned on."""
VALIDATION_SPLIT = "validation"
"""The only split that a model is evaluated on while it is tuned."""
SET_ASIDE_SHARE = 0.1
"""Share of the training problems that is set aside if a set has no validation split; as large as such a split."""

COLUMNS = (
    "instruction_id", "problem_id", "base_problem_id", "split", "form", "wording", "prompt", "answer", "optimizer",
    "family",
)  # fmt: skip
"""Columns that tuning reads, besides the list `functions`."""


@dataclass(frozen=True, slots=True)
class Example:
    """A row: a prompt, the program that answers it, and facts about both."""

    instruction_id: str
    problem_id: str
    base_problem_id: str
    """Id of the problem that was measured: this one, or the same with a larger budget."""
    split: str
    form: str
    """`python` or `latex`."""
    wording: int
    prompt: str
    answer: str
    optimizer: str
    """Name of the optimizer that the answer uses."""
    family: str
    functions: tuple[str, ...]
    """Basic functions of the objective; empty for a user's own problem."""


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """The rows of a set that a model is tuned on, and those that it is evaluated on meanwhile."""

    training: list[Example]
    validation: list[Example]
    num_set_aside: int
    """Number of training problems that stand in for a validation split; 0 if the set has one."""


def read_split(folder: Path, split: str) -> list[Example]:
    """The rows of one split of an export, in the order of the files.

    Raises:
        TuningError: the folder is no export, the split has no row, a column is missing, or the version is unknown.
    """
    return rows_of(set_files(folder), split)


def rows_of(found: SetFiles, split: str) -> list[Example]:
    """The rows of one split, in the order of the files.

    Raises:
        TuningError: the split has no row, a column is missing, or the schema version is unknown.
    """
    if not found.splits:
        raise TuningError(f"{found.folder} holds no rows; is it what `llamoco-data export` wrote?")
    if split not in found.splits:
        raise TuningError(
            f"{found.folder} has no split {split!r}; it has {', '.join(sorted(found.splits))}; "
            "export more problems, or name another split"
        )
    rows = [row for file in found.splits[split] for row in _read(file)]
    if not rows:
        raise TuningError(
            f"the split {split!r} of {found.folder} is empty; export more problems, or name another split"
        )
    return rows


def training_rows(found: SetFiles) -> TrainingRows:
    """The rows that a model is tuned on, and those that it is evaluated on meanwhile; no problem is on both sides.

    If the set has no validation row, a share of the training problems is set aside. A digest of the problem decides
    which, so a problem stays on its side when the set grows.

    Raises:
        TuningError: there is no row to train on, a problem is on two sides, or the only problem would be set aside.
    """
    _check_no_leak(found)
    rows = rows_of(found, TRAINING_SPLIT)
    validation = [row for file in found.splits.get(VALIDATION_SPLIT, ()) for row in _read(file)]
    if validation:
        return TrainingRows(rows, validation, num_set_aside=0)
    places = {row.base_problem_id: _place(row.base_problem_id) for row in rows}
    if len(places) < 2:
        raise TuningError(
            f"{found.folder} has no validation row and one training problem, so none can be set aside to look at; "
            "export more problems"
        )
    nearest = min(places, key=places.__getitem__)
    aside = {problem for problem, place in places.items() if place < SET_ASIDE_SHARE or problem == nearest}
    if len(aside) == len(places):
        aside = {nearest}
    return TrainingRows(
        [row for row in rows if row.base_problem_id not in aside],
        [row for row in rows if row.base_problem_id in aside],
        num_set_aside=len(aside),
    )


def data_digest(found: SetFiles, splits: Sequence[str]) -> str:
    """The digest of the files of some splits; sets with the same rows have the same digest."""
    files = [file for split in splits for file in sorted(found.splits.get(split, ()))]
    return digest([[file.name, file_sha256(file)] for file in files])


def _check_no_leak(found: SetFiles) -> None:
    """Checks that no problem of the training split has rows in another split, at any budget.

    Raises:
        TuningError: a problem is in both.
    """
    training = _problems(found, TRAINING_SPLIT)
    for split in found.splits:
        shared = training & _problems(found, split) if split != TRAINING_SPLIT else set[str]()
        if shared:
            raise TuningError(
                f"{len(shared)} problems of {found.folder} are both in {TRAINING_SPLIT!r} and in {split!r}, "
                f"such as {min(shared)}: figures on them would measure memory; export the campaign again"
            )


def _problems(found: SetFiles, split: str) -> set[str]:
    """The problems that the rows of a split were measured on."""
    tables = (_table(file, ["base_problem_id"]) for file in found.splits.get(split, ()))
    return {str(each) for table in tables for each in table["base_problem_id"]}


def _place(problem_id: str) -> float:
    """A number from 0 to 1 that is derived from a problem's id."""
    return int(digest(["set aside", problem_id]), 16) / 16**DIGEST_CHARACTERS


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
    if version not in VERSIONS:
        raise TuningError(
            f"{file} has schema version {version}, this program reads {VERSIONS[0]} to {VERSIONS[-1]}; "
            "export the campaign again with the release that you tune with: "
            f"{command('export', 'DIR', 'OUT', program=DATA)}"
        )
    stored = [name for name in columns if name != "base_problem_id" or version != "1"]
    missing = [name for name in stored if name not in schema.names]
    if missing:
        raise TuningError(f"{file} lacks the columns {', '.join(missing)}; export the campaign again")
    try:
        table = pq.read_table(file, columns=list(dict.fromkeys([*stored, "problem_id"])))
    except (pa.ArrowException, OSError):
        raise TuningError(f"{file} is damaged; export again, or restore it from a copy") from None
    if version == "1":
        # In that version, every problem was measured at its own budget.
        table = table.append_column("base_problem_id", table["problem_id"])
    return table.select(columns)
