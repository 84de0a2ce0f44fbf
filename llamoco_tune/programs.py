# pyarrow comes without types.
# pyright: reportUnknownParameterType=false
"""The file of generated programs, which `llamoco-data score` reads: its columns, and how it is written and resumed."""

import fcntl
import io
import os
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field, ValidationError

from llamoco_tune.records import Record, TuningError
from llamoco_tune.written import closing_told, in_one_step, writing

PROGRAMS_VERSION = "1"
"""Version of the columns below."""
VERSION_KEY = "llamoco_programs_version"
"""Key of the version in the file's metadata."""

Ended = Literal["stop", "length", "error"]
"""How a program ended: by itself, at the limit of tokens, or with an error."""

Key = tuple[str, str, int]
"""Split, instruction and sample, which identify a row."""


class DecodingConfig(Record):
    """Settings of writing programs."""

    max_new_tokens: int = Field(default=2_048, ge=1)
    """Most tokens of a program; the longest that is taught has 1,800."""
    temperature: float = Field(default=0.0, ge=0.0)
    """Temperature of sampling; 0 always takes the likeliest token."""
    top_p: float = Field(default=1.0, gt=0.0, le=1.0)
    """Share of the probability from which a token is drawn."""
    seed: int = 0

    @property
    def is_greedy(self) -> bool:
        """Whether nothing is drawn."""
        return self.temperature == 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A model's answer to one prompt."""

    index: int
    """Place of the prompt among those given."""
    completion: str
    ended: Ended
    detail: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    choices: str = ""
    """Probability of each optimizer, a JSON object, where the model chose before it wrote."""


class Program(Record):
    """A program that a model wrote. Its fields are the columns of the file, in this order, none of them null."""

    instruction_id: str
    problem_id: str
    split: str
    form: str
    sample: int
    """Number of the sample, from 0."""
    program: str
    """Program text in the completion; empty if there is none."""
    completion: str
    """Whole text that the model wrote."""
    ended: Ended
    detail: str
    """Reason, if it ended with an error."""
    prompt_tokens: int
    """Tokens of the prompt; 0 if a server does not say."""
    completion_tokens: int
    seconds: float
    """Seconds for this program: its share of its batch's time, or a server's time from request to reply."""
    model: str
    settings: str
    """Settings of decoding as JSON, with the digest of a local model's weights."""
    choices: str = ""
    """Probability that the model gave each optimizer, a JSON object, the likeliest first; empty where it has no
    openings to choose from, and in files of earlier releases."""
    repair_round: int = 0
    """Last round of repair in which a model was asked for the program; 0 without any."""
    first_program: str = ""
    """Program text before the first round of repair; empty without any."""
    calls: int = 0
    """Number of calls of a search by prompts; 0 of a program that is none."""
    vain_calls: int = 0
    """Number of these calls whose answer holds no new point."""

    @property
    def key(self) -> Key:
        """Key by which the file is sorted."""
        return (self.split, self.instruction_id, self.sample)


SCHEMA = pa.schema(
    [
        pa.field("instruction_id", pa.string(), nullable=False),
        pa.field("problem_id", pa.string(), nullable=False),
        pa.field("split", pa.string(), nullable=False),
        pa.field("form", pa.string(), nullable=False),
        pa.field("sample", pa.int64(), nullable=False),
        pa.field("program", pa.string(), nullable=False),
        pa.field("completion", pa.string(), nullable=False),
        pa.field("ended", pa.string(), nullable=False),
        pa.field("detail", pa.string(), nullable=False),
        pa.field("prompt_tokens", pa.int64(), nullable=False),
        pa.field("completion_tokens", pa.int64(), nullable=False),
        pa.field("seconds", pa.float64(), nullable=False),
        pa.field("model", pa.string(), nullable=False),
        pa.field("settings", pa.string(), nullable=False),
        pa.field("choices", pa.string(), nullable=False),
        pa.field("repair_round", pa.int64(), nullable=False),
        pa.field("first_program", pa.string(), nullable=False),
        pa.field("calls", pa.int64(), nullable=False),
        pa.field("vain_calls", pa.int64(), nullable=False),
    ],
    metadata={VERSION_KEY: PROGRAMS_VERSION},
)

_LATER = {"choices": "", "repair_round": 0, "first_program": "", "calls": 0, "vain_calls": 0}
"""Columns that files of earlier releases lack, with what they hold in effect."""


class ProgramsFile:
    """A file of programs that is being written: every finished row is on disk, and a rerun goes on from there.

    Rows are appended, as JSON lines, to a file beside it with the suffix `.part`, until `finish` writes all at once.
    """

    def __init__(self, path: Path, part: io.BufferedRandom, rows: Iterable[Program]) -> None:
        self._path = path
        self._part = part
        self._rows = {row.key: row for row in rows}
        self._is_changed = not path.exists()

    @property
    def rows(self) -> dict[Key, Program]:
        """The rows written so far, by split, instruction and sample."""
        return dict(self._rows)

    def add(self, row: Program) -> None:
        """Appends a row, which replaces one with the same key.

        Raises:
            TuningError: it cannot be written; the rows before it are kept.
        """
        with writing(self._path):
            self._part.write(row.to_json().encode() + b"\n")
            self._part.flush()
            os.fsync(self._part.fileno())
        self._rows[row.key] = row
        self._is_changed = True

    def finish(self) -> None:
        """Writes the sorted file in one step, so that it never exists in part.

        Raises:
            TuningError: it cannot be written; all rows are kept.
        """
        if self._is_changed or _size(self._part):
            write_programs(self._path, self._rows.values())
        os.ftruncate(self._part.fileno(), 0)


@contextmanager
def open_programs(path: Path, model: str, settings: str) -> Generator[ProgramsFile]:
    """Opens the file at a path, with the rows that earlier calls have written.

    Raises:
        TuningError: it was written by another model or with other settings, is being written by another process, is
            damaged, or cannot be written.
    """
    if path.is_dir():
        raise TuningError(f"{path} is a folder; give --out a file, such as {path / 'programs.parquet'}")
    part_path = path.with_name(f"{path.name}.part")
    with _locked(part_path) as part:
        rows = [*(read_programs(path) if path.exists() else ()), *_appended(part, part_path)]
        _check_same(path, rows, model, settings)
        yield ProgramsFile(path, part, rows)


def write_programs(path: Path, rows: Iterable[Program]) -> None:
    """Writes rows, sorted by split, instruction and sample, in one step or not at all.

    Raises:
        TuningError: the file cannot be written.
    """
    ordered = sorted(rows, key=lambda row: row.key)
    table = pa.Table.from_pylist([row.model_dump() for row in ordered], schema=SCHEMA)
    with writing(path), in_one_step(path) as part, part.open("wb") as file:
        pq.write_table(table, file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())


def read_programs(path: Path, *, otherwise: str = "give another --out") -> list[Program]:
    """The rows of a finished file; columns that another tool wrote again with other types are converted.

    Args:
        otherwise: what to do where the file is none, for the message.

    Raises:
        TuningError: it is damaged, or no file of programs.
    """
    no_programs = f"{path} is no file of generated programs of this release; {otherwise}"
    try:
        with pq.ParquetFile(path) as file:
            version = (file.metadata.metadata or {}).get(VERSION_KEY.encode())
            table = file.read()
    except (pa.ArrowException, OSError):
        raise TuningError(f"{path} cannot be read as Parquet; move it away, or {otherwise}") from None
    for name, empty in _LATER.items():
        if name not in table.schema.names:
            table = table.append_column(name, pa.array([empty] * len(table), SCHEMA.field(name).type))
    if version != PROGRAMS_VERSION.encode() or set(SCHEMA.names) - set(table.schema.names):
        raise TuningError(no_programs)
    try:
        columns = [table[field.name].cast(field.type) for field in SCHEMA]
        return [Program(**row) for row in pa.table(columns, SCHEMA).to_pylist()]
    except (pa.ArrowException, ValidationError):
        raise TuningError(no_programs) from None


@contextmanager
def _locked(part_path: Path) -> Generator[io.BufferedRandom]:
    try:
        part_path.parent.mkdir(parents=True, exist_ok=True)
        part = part_path.open("a+b")
    except OSError as error:
        raise TuningError(f"{part_path} cannot be written: {error.strerror}; give another --out") from None
    with closing_told(part):
        try:
            fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise TuningError(f"another process is writing {part_path}; wait for it, or give another --out") from None
        try:
            yield part
        finally:
            if not _size(part):
                part_path.unlink(missing_ok=True)


def _appended(part: io.BufferedRandom, part_path: Path) -> list[Program]:
    """The rows of the `.part` file; a line that a killed process left unfinished is cut off."""
    part.seek(0)
    content = part.read()
    whole = content[: content.rfind(b"\n") + 1]
    part.truncate(len(whole))
    try:
        return [Program.from_json(line) for line in whole.splitlines()]
    except ValidationError:
        raise TuningError(f"{part_path} is damaged; delete it to begin anew, or give another --out") from None


def _check_same(path: Path, rows: Sequence[Program], model: str, settings: str) -> None:
    for row in rows:
        if (row.model, row.settings) != (model, settings):
            raise TuningError(
                f"{path} was begun with {row.model} and {row.settings}, not with {model} and {settings}; "
                "give another --out, or delete it"
            )


def _size(part: io.BufferedRandom) -> int:
    return os.fstat(part.fileno()).st_size
