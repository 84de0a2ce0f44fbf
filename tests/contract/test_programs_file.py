"""The file of programs: what the tuning package writes, the data package reads, though neither knows the other."""

from dataclasses import asdict
from pathlib import Path

import pytest

from llamoco_data.scoring.programs import PROGRAMS as READ
from llamoco_data.scoring.programs import read_programs
from llamoco_tune.programs import SCHEMA as WRITTEN
from llamoco_tune.programs import Program, write_programs

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
    assert {field.name: field for field in WRITTEN} == {field.name: field for field in READ}
    assert WRITTEN.metadata == READ.metadata


def test_programs_file_is_read_as_it_was_written(tmp_path: Path):
    rows = [program(number) for number in range(3)]
    write_programs(tmp_path / "programs.parquet", rows)
    read = read_programs(tmp_path / "programs.parquet")
    assert (read.model, read.settings) == ("model", "{}")
    for row, back in zip(rows, read.programs, strict=True):
        assert asdict(back).items() <= row.model_dump().items()
