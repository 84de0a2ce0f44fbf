# pyright: reportUnknownParameterType=false
"""What was scored, as rows: each program with its marks, each contender on each problem; and their two tables."""

from collections.abc import Mapping, Sequence

import pyarrow as pa
from pydantic import ConfigDict

from llamoco_data.identity import Record
from llamoco_data.scoring.contenders import Contender
from llamoco_data.scoring.marks import Failure


class ScoredProgram(Record):
    """One program that a model wrote, and what it was worth."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    instruction_id: str
    """The row of the export that it answers."""
    sample: int
    """Which draw for it, from 0."""
    problem_id: str
    """The problem."""
    split: str
    """Its split."""
    form: str
    """How the prompt states the problem."""
    candidate_id: str
    """Digest of the program; empty where there is none."""
    parses: bool
    """Whether it is Python."""
    defines: bool
    """Whether it defines `minimize`."""
    runs: bool
    """Whether every run gave a result: it ended, or was stopped at its budget."""
    keeps_budget: bool
    """Whether every run ended without asking for more evaluations than allowed."""
    failure: Failure
    """Where it fails, the first stage that does; empty where it does not."""
    detail: str
    """One line on why."""
    score: float
    """Mean over its runs."""
    run_scores: tuple[float, ...]
    """Of each run; none without a program."""
    run_statuses: tuple[str, ...]
    """How each run ended."""
    named: str
    """The optimizer that it names; empty where none is known by that name."""
    label: str
    """The optimizer of the instruction's answer."""
    right: bool
    """Whether it names that one."""
    nearly_right: bool
    """Whether it names that one, or the optimizer of a near-tie."""
    copy_of: str
    """The optimizer of which it is a program to the byte; empty where it is none."""
    ended: str
    """How its completion ended: `stop`, `length` or `error`."""
    prompt_tokens: int
    """Tokens read."""
    completion_tokens: int
    """Tokens written."""
    seconds: float
    """Time that the completion took."""


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
