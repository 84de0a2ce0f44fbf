"""Reads the instruction set, and checks its columns, schema version and splits. It never reads a campaign.

The set is the only thing that passes from `llamoco_data` to this package, so all that tuning relies on is checked here.
"""

# pyarrow comes without types.
# pyright: reportUnknownParameterType=false, reportExplicitAny=false

import itertools
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
"""Versions that are read; what the earlier ones lack is filled in, or is absent from the rows."""

TRAINING_SPLIT = "train"
"""The split whose rows a model is tuned on, besides the next."""
EXTENDED_SPLIT = "train_extended"
"""Problems that were not run: their scores are predicted, and only the choice of an optimizer is learned from them."""
VALIDATION_SPLIT = "validation"
"""The only split that a model is evaluated on while it is tuned."""
SET_ASIDE_SHARE = 0.1
"""Share of the training problems that is set aside if a set has no validation split; as large as such a split."""

COLUMNS = (
    "instruction_id", "problem_id", "base_problem_id", "split", "form", "wording", "prompt", "answer", "optimizer",
    "family",
)  # fmt: skip
"""Columns that tuning reads, besides the list `functions`."""
OPTIONAL_COLUMNS = ("optimizer_scores", "single_best_score", "reading")
"""Columns that are read where the files have them: the choice of an optimizer is learned from them."""


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
    scores: Mapping[str, float] = field(default_factory=dict[str, float])
    """Score of the best candidate of each optimizer; empty where the set has no scores."""
    single_best_score: float | None = None
    """Score of the single best solver on this problem; None where the set has no scores."""
    reading: Mapping[str, float] = field(default_factory=dict[str, float])
    """Facts that the statement tells, by name; empty in sets before schema version 4."""


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """The rows of a set that a model is tuned on, and those that it is evaluated on meanwhile."""

    training: list[Example]
    extended: list[Example]
    """Rows of unmeasured problems, without their answers; empty where they are not wanted or there are none."""
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


def columns_of(found: SetFiles, split: str, names: Sequence[str]) -> list[dict[str, Any]]:
    """Some columns of a split, row by row, in the order of `rows_of`.

    Raises:
        TuningError: a column is missing, or the schema version is unknown.
    """
    tables = (_table(file, list(names), optional=()) for file in found.splits.get(split, ()))
    return [row for table in tables for row in table.to_pylist()]


def training_rows(found: SetFiles, *, extended: bool = False) -> TrainingRows:
    """The rows that a model is tuned on, and those that it is evaluated on meanwhile; no problem is on both sides.

    If the set has no validation row, a share of the training problems is set aside. A digest of the problem decides
    which, so a problem stays on its side when the set grows.

    Args:
        extended: whether the rows of unmeasured problems are wanted, if there are any.

    Raises:
        TuningError: there is no row to train on, a problem is on two sides, or the only problem would be set aside.
    """
    _check_no_leak(found)
    rows = rows_of(found, TRAINING_SPLIT)
    files = found.splits.get(EXTENDED_SPLIT, ()) if extended else ()
    unmeasured = [row for file in files for row in _read(file, without_answers=True)]
    validation = [row for file in found.splits.get(VALIDATION_SPLIT, ()) for row in _read(file)]
    if validation:
        return TrainingRows(rows, unmeasured, validation, num_set_aside=0)
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
        [row for row in unmeasured if row.base_problem_id not in aside],
        [row for row in rows if row.base_problem_id in aside],
        num_set_aside=len(aside),
    )


def data_digest(found: SetFiles, splits: Sequence[str]) -> str:
    """The digest of the files of some splits; sets with the same rows have the same digest."""
    files = [file for split in splits for file in sorted(found.splits.get(split, ()))]
    return digest([[file.name, file_sha256(file)] for file in files])


def _check_no_leak(found: SetFiles) -> None:
    """Checks that no problem of a split for training has rows in one for evaluation, at any budget.

    Raises:
        TuningError: a problem is in both.
    """
    trained = {split: _problems(found, split) for split in (TRAINING_SPLIT, EXTENDED_SPLIT)}
    for split in found.splits.keys() - trained.keys():
        problems = _problems(found, split)
        for training, others in trained.items():
            shared = others & problems
            if shared:
                raise TuningError(
                    f"{len(shared)} problems of {found.folder} are both in {training!r} and in {split!r}, "
                    f"such as {min(shared)}: figures on them would measure memory; export the campaign again"
                )


def _problems(found: SetFiles, split: str) -> set[str]:
    """The problems that the rows of a split were measured on, or would be."""
    tables = (_table(file, ["base_problem_id"], optional=()) for file in found.splits.get(split, ()))
    return {str(each) for table in tables for each in table["base_problem_id"]}


def _place(problem_id: str) -> float:
    """A number from 0 to 1 that is derived from a problem's id."""
    return int(digest(["set aside", problem_id]), 16) / 16**DIGEST_CHARACTERS


def _read(file: Path, *, without_answers: bool = False) -> list[Example]:
    """The rows of a file; answers take most of its bytes, and are empty if they are not wanted."""
    names = [name for name in (*COLUMNS, "functions") if not (without_answers and name == "answer")]
    table = _table(file, names)
    rows = table.select(names).to_pylist()
    # What all rows of a problem share is read once and kept once: in a large set it is most of the memory.
    problem_ids = [row["problem_id"] for row in rows]
    first_rows = list({problem_id: i for i, problem_id in reversed(list(enumerate(problem_ids)))}.values())
    shared = {
        name: table[name].take(pa.array(first_rows, pa.int64()))
        for name in OPTIONAL_COLUMNS
        if name in table.column_names
    }
    nothing: list[dict[str, float]] = [{}] * len(first_rows)
    scores = _scores(shared["optimizer_scores"]) if "optimizer_scores" in shared else nothing
    readings = _readings(shared["reading"]) if "reading" in shared else nothing
    single = shared["single_best_score"].to_pylist() if "single_best_score" in shared else [None] * len(first_rows)
    facts = {
        problem_ids[first]: {"scores": scores[i], "single_best_score": single[i], "reading": readings[i]}
        for i, first in enumerate(first_rows)
    }
    return [_example(row, **facts[row["problem_id"]]) for row in rows]


def _example(row: dict[str, Any], **more: Any) -> Example:
    fields: dict[str, Any] = {"answer": "", **row, "functions": tuple(row["functions"]), **more}
    return Example(**fields)


def _scores(column: Any) -> list[dict[str, float]]:
    """The best score of each optimizer, row by row; without making an object of every other field."""
    lists = column.combine_chunks()
    ends = [0, *lists.value_lengths().to_numpy(zero_copy_only=False).cumsum()]
    results = lists.flatten()
    names, scores = results.field("optimizer").to_pylist(), results.field("score").to_pylist()
    rows: list[dict[str, float]] = []
    for begin, end in itertools.pairwise(ends):
        row: dict[str, float] = {}
        for name, score in zip(names[begin:end], scores[begin:end], strict=True):
            row[name] = max(score, row.get(name, score))
        rows.append(row)
    return rows


def _readings(column: Any) -> list[dict[str, float]]:
    """What each statement tells, by name."""
    lists = column.combine_chunks()
    ends = [0, *lists.value_lengths().to_numpy(zero_copy_only=False).cumsum()]
    facts = lists.flatten()
    names, values = (map(sys.intern, facts.field("name").to_pylist()), facts.field("value").to_pylist())
    pairs = list(zip(names, values, strict=True))
    return [dict(pairs[begin:end]) for begin, end in itertools.pairwise(ends)]


def _table(file: Path, columns: Sequence[str], optional: Sequence[str] = OPTIONAL_COLUMNS) -> pa.Table:
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
    more = [name for name in optional if name in schema.names]
    try:
        table = pq.read_table(file, columns=list(dict.fromkeys([*stored, *more, "problem_id"])))
    except (pa.ArrowException, OSError):
        raise TuningError(f"{file} is damaged; export again, or restore it from a copy") from None
    if version == "1":
        # In that version, every problem was measured at its own budget.
        table = table.append_column("base_problem_id", table["problem_id"])
    return table.select([*columns, *more])
