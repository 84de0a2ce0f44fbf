"""The file of programs: what the tuning package writes, the data package reads, though neither knows the other."""

from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from llamoco_data.scoring.programs import PROGRAMS as READ
from llamoco_data.scoring.programs import REPAIRS, SEARCHES, read_programs
from llamoco_tune.programs import SCHEMA as WRITTEN
from llamoco_tune.programs import Program, write_programs
from llamoco_tune.programs import read_programs as read_to_go_on

pytestmark = pytest.mark.contract


def program(number: int) -> Program:
    text = f'"""Number {number}, with an umlaut: ä."""\n\n\ndef minimize(*_): ...\n'
    return Program(
        instruction_id=f"i{number}",
        problem_id="p",
        split="test",
        form="latex",
        sample=number,
        program=text,
        completion=f"```python\n{text}```",
        ended="stop",
        detail="",
        prompt_tokens=100 + number,
        completion_tokens=20,
        seconds=0.5,
        model="model",
        settings="{}",
    )


def test_programs_file_has_the_columns_that_are_read():
    written = {field.name: field for field in WRITTEN}
    assert written.pop("choices").type == pa.string()
    assert written == {field.name: field for field in (*READ, *REPAIRS, *SEARCHES)}
    assert WRITTEN.metadata == READ.metadata


def test_programs_file_is_read_as_it_was_written(tmp_path: Path):
    rows = [program(number) for number in range(3)]
    write_programs(tmp_path / "programs.parquet", rows)
    read = read_programs(tmp_path / "programs.parquet")
    assert (read.model, read.settings) == ("model", "{}")
    for row, back in zip(rows, read.programs, strict=True):
        assert asdict(back).items() <= row.model_dump().items()


TYPED = {
    "pandas": {"text": pa.large_string(), "number": pa.int64(), "seconds": pa.float64()},
    "pandas, categories": {
        "text": pa.dictionary(pa.int8(), pa.string()),
        "number": pa.int16(),
        "seconds": pa.float64(),
    },
    "Polars": {"text": pa.large_string(), "number": pa.uint8(), "seconds": pa.float32()},
    "Polars, categories": {
        "text": pa.dictionary(pa.uint32(), pa.string()),
        "number": pa.int32(),
        "seconds": pa.float32(),
    },
    "DuckDB": {"text": pa.string(), "number": pa.int32(), "seconds": pa.decimal128(4, 1)},
    "views": {"text": pa.string_view(), "number": pa.float64(), "seconds": pa.float64()},
}
"""What the tools make of the columns when they write a file again."""


@pytest.mark.parametrize("tool", TYPED)
def test_programs_file_that_another_tool_has_written_again_is_read_on_both_sides(tool: str, tmp_path: Path):
    rows, file = [program(number) for number in range(3)], tmp_path / "programs.parquet"
    write_programs(file, rows)
    table, kinds = pq.read_table(file), TYPED[tool]
    for position, field in enumerate(table.schema):
        kind = "text" if field.type == pa.string() else "number" if field.type == pa.int64() else "seconds"
        column = table[field.name]
        typed = column.dictionary_encode() if pa.types.is_dictionary(kinds[kind]) else column
        table = table.set_column(position, field.name, typed.cast(kinds[kind]))
    # Polars and DuckDB put the version beside the schema, not into it.
    with pq.ParquetWriter(file, table.schema.remove_metadata()) as writer:
        writer.write_table(table.replace_schema_metadata(None))
        writer.add_key_value_metadata({"llamoco_programs_version": "1"})
    assert read_to_go_on(file) == rows
    read = read_programs(file)
    for row, back in zip(rows, read.programs, strict=True):
        assert asdict(back).items() <= row.model_dump().items()
        assert type(back.sample) is int
