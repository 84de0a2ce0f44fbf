# pyright: reportUnknownParameterType=false
"""Reads the Parquet file of programs that a model wrote, which alone passes from tuning to scoring."""

import hashlib
import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from llamoco_data.folders import not_a
from llamoco_data.identity import DIGEST_CHARACTERS, LlamocoError

PROGRAMS_VERSION = 1
"""Version of the columns of a file of programs."""
_VERSION_KEY = "llamoco_programs_version"
ENDINGS = ("stop", "length", "error")
"""How a completion ends: the model stops, it is cut at its limit, or the runtime of the model fails."""

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
    metadata={_VERSION_KEY: str(PROGRAMS_VERSION)},
)
"""Schema of the file, with columns in any order; `completion`, the whole text of the model, is not read."""

CHOICES = pa.field("choices", pa.string(), nullable=False)
"""Column with the probability that a model gave each optimizer, a JSON object; only models that choose fill it."""

REPAIRS = (
    pa.field("repair_round", pa.int64(), nullable=False),
    pa.field("first_program", pa.string(), nullable=False),
)
"""Columns of repair by a model: the last round in which it was asked, and the text before the first round."""
SEARCHES = (
    pa.field("calls", pa.int64(), nullable=False),
    pa.field("vain_calls", pa.int64(), nullable=False),
)
"""Columns of a search by prompts: its calls of a model, and those whose answer holds no new point."""
_MAY_LACK = (*REPAIRS, *SEARCHES)

_ORDER = (*_TEXTS[:4], "sample", *_TEXTS[4:8], "prompt_tokens", "completion_tokens", "seconds", *_TEXTS[8:])
WRITTEN = pa.schema([*(PROGRAMS.field(name) for name in _ORDER), CHOICES, *_MAY_LACK], metadata=PROGRAMS.metadata)
"""Schema of the file as it is written, by models and rivals alike."""

_READ = pa.schema([pa.field(field.name, field.type) for field in PROGRAMS if field.name != "completion"])
_FORMAT = "docs/scoring.md shows how"
_MEND = "write the file again with: llamoco-tune generate"


@dataclass(frozen=True, slots=True)
class Generated:
    """One program that a model wrote."""

    instruction_id: str
    problem_id: str
    split: str
    form: str
    sample: int
    """Number of the draw for the instruction, from 0."""
    program: str
    """Program text; empty if the model wrote none."""
    ended: str
    """How the completion ended, one of `ENDINGS`."""
    detail: str
    """One line about an error; empty without one."""
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    """Time that the completion took."""
    repair_round: int = 0
    """Last round of repair in which a model was asked for the program; 0 without any."""
    first_program: str = ""
    """Program text before the first round of repair; empty without any."""
    calls: int = 0
    """Number of calls of a search by prompts; 0 of a program that is none."""
    vain_calls: int = 0
    """Number of these calls whose answer holds no new point."""


@dataclass(frozen=True, slots=True)
class Programs:
    """The programs of one model."""

    programs_id: str
    """Digest of the file."""
    model: str
    settings: str
    """How all of them were decoded, JSON; empty if that differs between them."""
    programs: tuple[Generated, ...]
    """The programs, sorted by instruction and sample."""


def read_programs(file: Path) -> Programs:
    """The programs of a file.

    Raises:
        LlamocoError: the file cannot be read, has another version or other columns, no row, a value that its column may
            not hold, such as a time that is no finite number, an instruction and sample twice, or programs of several
            models.
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
            f"{file} holds programs of {len(models)} models, such as {models[0]} and {models[1]}; {_SPLIT}"
        )
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()[:DIGEST_CHARACTERS]
    ordered = sorted(programs, key=lambda program: (program.instruction_id, program.sample))
    settings = set(table["settings"].to_pylist())
    return Programs(digest, models[0], settings.pop() if len(settings) == 1 else "", tuple(ordered))


def read_choices(file: Path) -> dict[str, dict[str, float]]:
    """instruction_id -> the probability that the model gave each optimizer, by its first sample.

    Raises:
        LlamocoError: see `read_programs`; or the file has no choices, or some that are no JSON object of numbers.
    """
    read_programs(file)
    advice = "name the file of a model that chooses before it writes, such as: llamoco-tune generate --model ready"
    if CHOICES.name not in pq.read_schema(file).names:
        raise LlamocoError(f"{file} has no column {CHOICES.name}; {advice}")
    table = pq.read_table(file, columns=["instruction_id", "sample", CHOICES.name]).sort_by([("sample", "descending")])
    texts = _typed(file, table[CHOICES.name], CHOICES).to_pylist()
    told = dict(zip(table["instruction_id"].to_pylist(), texts, strict=True))
    choices: dict[str, dict[str, float]] = {}
    for instruction_id, text in sorted(told.items()):
        try:
            choices[instruction_id] = {str(name): float(share) for name, share in json.loads(text or "{}").items()}
        except (ValueError, TypeError, AttributeError):
            raise LlamocoError(f"{file} has choices that are no JSON object of numbers: {text[:60]}; {_MEND}") from None
    if not any(choices.values()):
        raise LlamocoError(f"{file} has an empty column {CHOICES.name}; {advice}")
    return choices


_NAME = "name the Parquet file that llamoco-tune generate wrote"
_SPLIT = "score the programs of each model apart, from a file of its own"


def _table(file: Path) -> pa.Table:
    """The columns that are read, cast to the types of `PROGRAMS`."""
    if file.is_dir():
        raise not_a("a file of programs", file, f"is a folder; {_NAME}")
    try:
        with pq.ParquetFile(file) as parquet:
            # The metadata of the file, not of its schema, because Polars and DuckDB write that.
            _check_version(file, parquet.metadata.metadata or {})
            _check_columns(file, parquet.schema_arrow)
            later = [field for field in _MAY_LACK if field.name in parquet.schema_arrow.names]
            table = parquet.read(columns=[field.name for field in (*_READ, *later)])
    except FileNotFoundError:
        raise LlamocoError(f"{file} does not exist; {_NAME}") from None
    except (pa.ArrowException, OSError) as error:
        why = getattr(error, "strerror", None) or "it is not a Parquet file, or it is damaged"
        raise LlamocoError(f"{file} cannot be read: {why}; {_MEND}") from None
    columns = {field.name: _typed(file, table[field.name], field) for field in (*_READ, *later)}
    lacking = {field.name: pa.nulls(len(table), field.type).fill_null("" if _is_text(field.type) else 0)
               for field in _MAY_LACK if field.name not in columns}  # fmt: skip
    table = pa.table({**columns, **lacking})
    empty = [name for name in table.schema.names if table[name].null_count]
    if empty:
        raise LlamocoError(f"{file} has rows without a value in {empty[0]}; {_MEND}")
    for field in table.schema:
        if not _is_text(field.type) and any(not 0 <= value < math.inf for value in table[field.name].to_pylist()):
            raise LlamocoError(f"{file} has a {field.name} that is below 0 or no finite number; {_MEND}")
    return table


def _check_version(file: Path, metadata: Mapping[bytes, bytes]) -> None:
    version = metadata.get(_VERSION_KEY.encode())
    if version is None:
        raise LlamocoError(
            f"{file} is not a file of programs: its metadata lacks the key {_VERSION_KEY}, "
            f"whose value is {PROGRAMS_VERSION}; {_NAME}, or add the key to a file of your own: {_FORMAT}"
        )
    if version != str(PROGRAMS_VERSION).encode():
        raise LlamocoError(
            f"{file} has {_VERSION_KEY} {version.decode(errors='replace')}, this program reads {PROGRAMS_VERSION}; "
            "write it again with the llamoco-tune of this release"
        )


def _check_columns(file: Path, schema: pa.Schema) -> None:
    lacking = sorted(set(PROGRAMS.names) - set(schema.names))
    if lacking:
        raise LlamocoError(
            f"{file} lacks the column{'s' * (len(lacking) > 1)} {', '.join(lacking)}; {_MEND}, or add them: {_FORMAT}"
        )


def _typed(file: Path, column: pa.ChunkedArray, field: pa.Field) -> pa.ChunkedArray:
    """A column cast to the type of its field, if its own type holds the same values: tools differ in their defaults."""
    found = column.type
    kind = found.value_type if pa.types.is_dictionary(found) else found
    fits = _is_text(kind) if _is_text(field.type) else _is_number(kind)
    try:
        if fits or pa.types.is_null(kind):
            return column.cast(field.type)
    except pa.ArrowException:
        pass
    raise LlamocoError(f"{file} has {found} in column {field.name}, expected {field.type}; {_MEND}")


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
