# pyright: reportUnknownParameterType=false
"""Reads the programs that a model wrote: a Parquet file, and nothing else crosses from the tuning to the scoring."""

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from llamoco_data.folders import not_a
from llamoco_data.identity import DIGEST_CHARACTERS, LlamocoError

PROGRAMS_VERSION = 1
"""Version of the columns."""
ENDINGS = ("stop", "length", "error")
"""How a completion ends: by the model's own will, cut at its limit, or with an error of whatever runs the model."""

_TEXTS = (
    "instruction_id",
    "problem_id",
    "split",
    "form",
    "program",
    "completion",
    "ended",
    "detail",
    "model",
    "settings",
)
_COUNTS = ("sample", "prompt_tokens", "completion_tokens")
PROGRAMS = pa.schema(
    [
        *(pa.field(name, pa.string(), nullable=False) for name in _TEXTS),
        *(pa.field(name, pa.int64(), nullable=False) for name in _COUNTS),
        pa.field("seconds", pa.float64(), nullable=False),
    ],
    metadata={"llamoco_programs_version": str(PROGRAMS_VERSION)},
)
"""The schema, in any order of its columns; `completion`, all that the model wrote, is not read."""

_MEND = "write the file again with: llamoco-tune generate"


@dataclass(frozen=True, slots=True)
class Generated:
    """One program that a model wrote."""

    instruction_id: str
    problem_id: str
    split: str
    form: str
    sample: int
    """Which draw for the instruction, from 0."""
    program: str
    """Empty where there was none in what the model wrote."""
    ended: str
    detail: str
    prompt_tokens: int
    completion_tokens: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Programs:
    """The programs of one model."""

    programs_id: str
    """Digest of the file."""
    model: str
    settings: str
    """How all of them were decoded, JSON; empty where that differs between them."""
    programs: tuple[Generated, ...]
    """By instruction and sample."""


def read_programs(file: Path) -> Programs:
    """The programs of a file.

    Raises:
        LlamocoError: it cannot be read, has another version or other columns, no row, a value that none of its columns
            may hold, an instruction and sample twice, or programs of several models.
    """
    table = _table(file)
    fields = list(Generated.__dataclass_fields__)
    programs = [Generated(**row) for row in table.select(fields).to_pylist()]
    if not programs:
        raise LlamocoError(f"{file} holds no programs; {_MEND}")
    twice = [key for key, n in Counter((p.instruction_id, p.sample) for p in programs).items() if n > 1]
    if twice:
        raise LlamocoError(f"{file} has sample {twice[0][1]} of instruction {twice[0][0]} more than once; {_MEND}")
    odd = next((program for program in programs if program.ended not in ENDINGS), None)
    if odd is not None:
        raise LlamocoError(f"{file} has a row with ended {odd.ended!r}; expected one of {', '.join(ENDINGS)}; {_MEND}")
    models = sorted(set(table["model"].to_pylist()))
    if len(models) > 1:
        raise LlamocoError(
            f"{file} holds programs of {len(models)} models, {models[0]} and {models[1]} for two; {_SPLIT}"
        )
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()[:DIGEST_CHARACTERS]
    ordered = sorted(programs, key=lambda program: (program.instruction_id, program.sample))
    settings = set(table["settings"].to_pylist())
    return Programs(digest, models[0], settings.pop() if len(settings) == 1 else "", tuple(ordered))


_NAME = "name the Parquet file that llamoco-tune generate wrote"
_SPLIT = "score the programs of each model by themselves, from a file of their own"


def _table(file: Path) -> pa.Table:
    if file.is_dir():
        raise not_a("a file of programs", file, f"is a folder; {_NAME}")
    try:
        with pq.ParquetFile(file) as parquet:
            schema = parquet.schema_arrow
            _check_schema(file, schema)
            names = [name for name in PROGRAMS.names if name != "completion"]
            table = parquet.read(columns=names)
    except FileNotFoundError:
        raise LlamocoError(f"{file} does not exist; {_NAME}") from None
    except (pa.ArrowException, OSError) as error:
        why = getattr(error, "strerror", None) or "it is no Parquet file, or a damaged one"
        raise LlamocoError(f"{file} cannot be read: {why}; {_MEND}") from None
    empty = [name for name in table.schema.names if table[name].null_count]
    if empty:
        raise LlamocoError(f"{file} has rows without a value in {empty[0]}; {_MEND}")
    return table


def _check_schema(file: Path, schema: pa.Schema) -> None:
    version = (schema.metadata or {}).get(b"llamoco_programs_version", b"none").decode(errors="replace")
    if version == "none":
        raise LlamocoError(
            f"{file} is no file of programs: its metadata lacks the key llamoco_programs_version, "
            f"whose value is {PROGRAMS_VERSION}; {_NAME}, or add the key where another program wrote it"
        )
    if version != str(PROGRAMS_VERSION):
        raise LlamocoError(
            f"{file} has llamoco_programs_version {version}, this program reads {PROGRAMS_VERSION}; "
            "write it again with the llamoco-tune of this release"
        )
    lacking = sorted(set(PROGRAMS.names) - set(schema.names))
    if lacking:
        raise LlamocoError(f"{file} lacks the column{'s' * (len(lacking) > 1)} {', '.join(lacking)}; {_MEND}")
    for field in PROGRAMS:
        found = schema.field(field.name).type
        if found != field.type:
            raise LlamocoError(f"{file} has {found} in column {field.name}, expected {field.type}; {_MEND}")
