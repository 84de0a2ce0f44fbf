# pyright: reportUnknownParameterType=false
"""The rows of the two tables of a score: each program with its marks, and each contender on each problem."""

from collections.abc import Mapping, Sequence

import pyarrow as pa
from pydantic import ConfigDict

from llamoco_data.identity import Record
from llamoco_data.scoring.contenders import Contender
from llamoco_data.scoring.marks import Failure


class ScoredProgram(Record):
    """One program that a model wrote, with its marks."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    instruction_id: str
    """Id of the row of the export that the program answers."""
    sample: int
    """Number of the draw for the row, from 0."""
    problem_id: str
    """Id of the problem of the row."""
    split: str
    """Split of the row."""
    form: str
    """How the prompt states the problem: `python` or `latex`."""
    candidate_id: str
    """Digest of the program; empty without a program."""
    parses: bool
    """Whether the program is Python."""
    defines: bool
    """Whether the program defines `minimize`."""
    runs: bool
    """Whether every run gave a result: it ended, or was stopped at its budget."""
    keeps_budget: bool
    """Whether every run ended without asking for more evaluations than allowed."""
    failure: Failure
    """First stage at which the program fails; empty if it does not fail."""
    detail: str
    """One line about the failure."""
    score: float
    """Mean score of the runs."""
    run_scores: tuple[float, ...]
    """Score of each run; none without a program."""
    run_statuses: tuple[str, ...]
    """How each run ended."""
    named: str
    """Optimizer that the program names; empty if no known one has that name."""
    label: str
    """Optimizer of the answer of the row."""
    right: bool
    """Whether the program names the label."""
    nearly_right: bool
    """Whether the program names the label or the optimizer of a near-tie."""
    copy_of: str
    """Optimizer whose program this is, to the byte; empty if it is a copy of none."""
    ended: str
    """How the completion ended: `stop`, `length` or `error`."""
    prompt_tokens: int
    """Number of tokens in the prompt."""
    completion_tokens: int
    """Number of tokens in the completion."""
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
    """Score of the winner, as the export has it."""
    recorded_single_best: float
    """Score of the single best solver, as the export has it."""


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
