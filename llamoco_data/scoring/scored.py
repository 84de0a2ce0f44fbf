# pyright: reportUnknownParameterType=false
"""What was scored, as rows: each program with its marks, each contender on each problem; and their two tables."""

from collections.abc import Mapping, Sequence

import pyarrow as pa

from llamoco_data.identity import Record
from llamoco_data.scoring.contenders import Contender
from llamoco_data.scoring.marks import Failure


class ScoredProgram(Record):
    """One program that a model wrote, and what it was worth."""

    instruction_id: str
    sample: int
    problem_id: str
    split: str
    form: str
    candidate_id: str
    """Digest of the program; empty where there is none."""
    parses: bool
    defines: bool
    runs: bool
    keeps_budget: bool
    failure: Failure
    detail: str
    """One line on why."""
    score: float
    run_scores: tuple[float, ...]
    run_statuses: tuple[str, ...]
    named: str
    """The optimizer that it names; empty where none is known by that name."""
    label: str
    """The optimizer of the instruction's answer."""
    right: bool
    nearly_right: bool
    """Right, or the optimizer of a near-tie."""
    copy_of: str
    """The optimizer of which it is a program to the byte; empty where it is none."""
    ended: str
    prompt_tokens: int
    completion_tokens: int
    seconds: float


class ProblemScore(Record):
    """How one contender did on one problem: the mean over its answers and their runs."""

    problem_id: str
    split: str
    contender: Contender
    score: float
    num_answers: int
    recorded_virtual_best: float
    recorded_single_best: float


_TYPES: Mapping[object, pa.DataType] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    tuple[float, ...]: pa.list_(pa.float64()),
    tuple[str, ...]: pa.list_(pa.string()),
    Failure: pa.string(),
    Contender: pa.string(),
}


def _schema(record: type[Record]) -> pa.Schema:
    fields = record.model_fields.items()
    return pa.schema(
        [pa.field(name, _TYPES[field.annotation], nullable=False) for name, field in fields],
        metadata={"llamoco_scores_version": "1"},
    )


PROGRAM_SCORES, PROBLEM_SCORES = _schema(ScoredProgram), _schema(ProblemScore)


def table_of(rows: Sequence[Record], schema: pa.Schema) -> pa.Table:
    """The rows as a table."""
    return pa.Table.from_pylist([row.model_dump(mode="json") for row in rows], schema=schema)
