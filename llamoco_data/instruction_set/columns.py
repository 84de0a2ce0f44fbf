"""One row of the instruction set: its columns and its schema, which are the contract with those who train on it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import pyarrow as pa
from pydantic import ConfigDict

from llamoco_data.identity import Record
from llamoco_data.statements import Form

SCHEMA_VERSION = 3
"""Version of the columns. A reader upgrades earlier ones and refuses newer ones."""

TOLERANCE = "tolerance"
"""Key in `extra`: errors of at most this are equal."""

Split = Literal["train", "validation", "test", "test_families"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test", "test_families")


class CandidateResult(Record):
    """How one candidate did on the problem of a row."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    candidate_id: str
    """Digest of its program."""
    optimizer: str
    """Name of its optimizer."""
    settings: str
    """Its settings, a JSON object."""
    score: float
    """Mean score of its runs."""
    feasible_share: float
    """Share of its runs that ended feasible."""
    median_error: float | None
    """Median final objective above `best_known`; null where the median run is infeasible."""
    runs: int | None
    """Number of its runs; null in rows of schema versions 1 and 2."""


class Instruction(Record):
    """A prompt, the program that answers it best, and how that was measured."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    instruction_id: str
    """Digest of problem, form and wording: the same prompt keeps its id when its answer changes."""
    problem_id: str
    """Digest of the problem, its budget included."""
    base_problem_id: str
    """The problem that was run: this one, or the larger-budget one whose traces supplied the row."""
    form: Form
    """How the prompt states the problem: `python` or `latex`."""
    wording: int
    """Number of the request wording and code style that the prompt uses."""
    prompt: str
    """The whole request, as a user would write it."""
    answer: str
    """The winning program, to the byte as it was run."""
    optimizer: str
    """Name of the winning optimizer."""
    family: str
    """Family of the winning optimizer."""
    settings: str
    """Settings of the winning program, a JSON object."""
    candidate_id: str
    """Digest of the answer."""
    kind: str
    """How the objective is made: `single`, `composition` or `hybrid`; `own` where a user wrote it."""
    functions: tuple[str, ...]
    """Basic functions in the objective; empty for a user's own problem."""
    dimension: int
    """Number of variables."""
    max_evaluations: int
    """Evaluation budget."""
    num_inequality: int
    """Number of constraints g <= 0."""
    num_equality: int
    """Number of constraints h = 0, tolerance 1e-4."""
    feasible_share: float
    """Estimated share of the box that satisfies the constraints."""
    problem_spec: str
    """The problem as data, JSON: `read_spec` reads it."""
    problem_source: str
    """The problem's own Python, independent of the wording."""
    best_known: float
    """The proven minimum, or the best feasible objective of any run."""
    best_known_proven: bool
    """Whether `best_known` is proven."""
    winner_score: float
    """Mean over the answer's runs: 0 = random search at the same budget, 1 = target reached (log scale)."""
    winner_error: float | None
    """Median final objective above `best_known`; null where the median run is infeasible."""
    winner_feasible_share: float
    """Share of the answer's runs that ended feasible."""
    confidence: float
    """Probability that this program is the truly best one, or within 0.02 of its score."""
    optimizer_confidence: float
    """Probability that the winning optimizer, with any settings, is the one to name."""
    near_ties: tuple[CandidateResult, ...]
    """Programs at least as good as the answer with a probability of a tenth or more, best first."""
    optimizer_scores: tuple[CandidateResult, ...]
    """The best candidate of every optimizer that ran, best first."""
    single_best_score: float
    """Score, on this problem, of the candidate with the best mean score on the training problems."""
    single_best_candidate: str
    """candidate_id of the single best solver, the same in every row."""
    random_search_error: float | None
    """Median error of random search at the same budget; null where it is infeasible."""
    replay_seed: int
    """Seed with which `replay_best_f`, `replay_violation` and `replay_evaluations` were measured."""
    replay_best_f: float
    """Objective of the best point that the answer finds with that seed."""
    replay_violation: float
    """Mean constraint violation at that point."""
    replay_evaluations: int
    """Evaluations that the answer makes with that seed."""
    split: Split
    """`train`, `validation`, `test` (new problems) or `test_families` (held-out function families)."""
    schema_version: int
    """Version of these columns."""
    extra: str
    """JSON object for later additions: the `tolerance` of errors, where equalities make it larger than usual."""


_RESULT = pa.struct(
    [
        pa.field("candidate_id", pa.string(), nullable=False),
        pa.field("optimizer", pa.string(), nullable=False),
        pa.field("settings", pa.string(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
        pa.field("feasible_share", pa.float64(), nullable=False),
        pa.field("median_error", pa.float64()),
        pa.field("runs", pa.int64()),
    ]
)
_TYPES: Mapping[str, pa.DataType] = MappingProxyType(
    {
        **dict.fromkeys(("instruction_id", "problem_id", "base_problem_id", "form", "prompt", "answer"), pa.string()),
        **dict.fromkeys(("optimizer", "family", "settings", "candidate_id", "kind"), pa.string()),
        **dict.fromkeys(("problem_spec", "problem_source", "single_best_candidate", "split", "extra"), pa.string()),
        **dict.fromkeys(("wording", "dimension", "max_evaluations", "num_inequality", "num_equality"), pa.int64()),
        **dict.fromkeys(("replay_seed", "replay_evaluations", "schema_version"), pa.int64()),
        **dict.fromkeys(("feasible_share", "best_known", "winner_score", "winner_error"), pa.float64()),
        **dict.fromkeys(("winner_feasible_share", "confidence", "optimizer_confidence"), pa.float64()),
        **dict.fromkeys(("single_best_score", "random_search_error"), pa.float64()),
        **dict.fromkeys(("replay_best_f", "replay_violation"), pa.float64()),
        "best_known_proven": pa.bool_(),
        "functions": pa.list_(pa.string()),
        "near_ties": pa.list_(_RESULT),
        "optimizer_scores": pa.list_(_RESULT),
    }
)
_NULLABLE = {"winner_error", "random_search_error"}
SCHEMA = pa.schema(
    [pa.field(name, _TYPES[name], nullable=name in _NULLABLE) for name in Instruction.model_fields],
    metadata={"llamoco_schema_version": str(SCHEMA_VERSION)},
)
"""The Parquet schema, frozen: what later versions add goes into `extra` until the version changes."""
