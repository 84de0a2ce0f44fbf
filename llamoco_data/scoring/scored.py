# pyright: reportUnknownParameterType=false
"""The rows of the tables of a score: programs with their marks, contenders on problems, the problems, the texts."""

from collections.abc import Mapping, Sequence

import pyarrow as pa
from pydantic import ConfigDict

from llamoco_data.identity import Record
from llamoco_data.scoring.contenders import Contender
from llamoco_data.scoring.marks import Failure
from llamoco_data.scoring.mending import Rule


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
    rules: tuple[Rule, ...] = ()
    """Rules that change the text of a failing program, if the result may run: `fences`, `indentation`, and so on."""
    mends: bool = False
    """Whether every run of the program gives a result after these rules."""
    edited_tokens: int = 0
    """Number of tokens that these rules edit."""
    repair_round: int = 0
    """Last round of repair in which a model was asked for the program; 0 without any."""
    repair_tokens: int = 0
    """Number of tokens by which the program differs from the text before the first round of repair."""
    evaluations: float = 0.0
    """Mean number of evaluations of the runs that were measured; 0 where none was."""
    calls: int = 0
    """Number of calls of a search by prompts; 0 of a program that is none."""
    vain_calls: int = 0
    """Number of these calls whose answer holds no new point."""


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
    candidate_ids: tuple[str, ...] = ()
    """Programs of the runs, repeat by repeat and answer by answer; empty texts for an answer without a program."""
    aocc: float | None = None
    """Mean area over the convergence curve."""
    solved: float | None = None
    """Share of the runs that end within the tolerance."""
    spent: tuple[float, ...] = ()
    """For each of the three targets, mean evaluations until it is hit or the run ends, in budgets."""
    reached: tuple[float, ...] = ()
    """For each of the three targets, the share of the runs that hit it."""
    function: str = ""
    """Id that the problem shares with the same function at other budgets; empty in scores of earlier releases."""


def functions_of(scores: Sequence[ProblemScore]) -> tuple[str, ...]:
    """What problems have in common, for `intervals.resampled` and `comparing.signed_rank`."""
    return tuple(score.function or score.problem_id for score in scores)


class ScoredProblem(Record):
    """A problem with its yardstick, as a page about scores shows it."""

    problem_id: str
    split: str
    name: str
    """Name of a user's own problem; empty for others."""
    dimension: int
    num_inequality: int
    num_equality: int
    max_evaluations: int
    best_known: float | None = None
    best_known_proven: bool
    tolerance: float
    """Errors of at most this are equal."""
    floor: float
    """Error that scores 0."""
    label: str
    """Optimizer of the answer."""
    tied: tuple[str, ...]
    """Optimizers of the answer and of its near-ties."""
    source: str
    """Problem as Python."""


class ScoredText(Record):
    """A program that was run."""

    candidate_id: str
    optimizer: str
    """Optimizer that the program names; empty if no known one has that name."""
    program: str
    """Program text."""


_TYPES: Mapping[object, pa.DataType] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    tuple[float, ...]: pa.list_(pa.float64()),
    tuple[str, ...]: pa.list_(pa.string()),
    tuple[Rule, ...]: pa.list_(pa.string()),
    float | None: pa.float64(),
    Failure: pa.string(),
    Contender: pa.string(),
}


def _schema(record: type[Record]) -> pa.Schema:
    fields = record.model_fields.items()
    return pa.schema(
        [pa.field(name, _TYPES[field.annotation], nullable=not field.is_required()) for name, field in fields],
        metadata={"llamoco_scores_version": "1"},
    )


PROGRAM_SCORES, PROBLEM_SCORES = _schema(ScoredProgram), _schema(ProblemScore)
SCORED_PROBLEMS, SCORED_TEXTS = _schema(ScoredProblem), _schema(ScoredText)


def table_of(rows: Sequence[Record], schema: pa.Schema) -> pa.Table:
    """The rows as a table."""
    return pa.Table.from_pylist([row.model_dump(mode="json") for row in rows], schema=schema)
