"""Programs as a model would have written them, for the rows of a small export, and the file that they come in."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from llamoco_data.scoring.programs import PROGRAMS


def written(row: Mapping[str, Any], program: str, **fields: object) -> dict[str, object]:
    """A row of a file of programs: what a model answered to a row of an export."""
    usual = {
        **{name: row[name] for name in ("instruction_id", "problem_id", "split", "form")},
        "sample": 0,
        "program": program,
        "completion": f"```python\n{program}```",
        "ended": "stop",
        "detail": "",
        "prompt_tokens": 700,
        "completion_tokens": 300,
        "seconds": 1.5,
        "model": "a model",
        "settings": "{}",
        "repair_round": 0,
        "first_program": "",
        "calls": 0,
        "vain_calls": 0,
    }
    return usual | fields


def write_programs(file: Path, rows: Sequence[Mapping[str, object]], schema: pa.Schema = PROGRAMS) -> Path:
    """Writes such a file."""
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), file)
    return file
