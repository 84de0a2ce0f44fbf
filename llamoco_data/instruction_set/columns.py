"""One row of the instruction set: its columns and its schema, which are the contract with those who train on it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import pyarrow as pa
from pydantic import ConfigDict

from llamoco_data.identity import Record
from llamoco_data.statements import Form

SCHEMA_VERSION = 4
"""Version of the columns. A reader upgrades earlier ones and refuses newer ones."""

TOLERANCE = "tolerance"
"""Key in `extra`: errors of at most this are equal."""
INDEX = "index"
"""Key in `extra` of predicted rows: the index that the problem was drawn with."""

Split = Literal["train", "validation", "test", "test_families", "test_style", "test_real", "train_extended"]
MEASURED_SPLITS: tuple[Split, ...] = ("train", "validation", "test", "test_families", "test_style", "test_real")
SPLITS: tuple[Split, ...] = (*MEASURED_SPLITS, "train_extended")
STYLED: Split = "test_style"
"""The split that states problems of `test` once more, as no other statement does."""
REAL: Split = "test_real"
"""The split of the problems of suites."""
EXTENDED: Split = "train_extended"
"""The split whose answers are predicted; those of all others are measured."""

LabelSource = Literal["measured", "predicted"]


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
    """Mean score of its runs; in predicted rows the expected score of its optimizer."""
    feasible_share: float | None
    """Share of its runs that ended feasible; null in predicted rows."""
    median_error: float | None
    """Median final objective above `best_known`; null where the median run is infeasible, and in predicted rows."""
    runs: int | None
    """Number of its runs; 0 in predicted rows, null in rows of schema versions 1 and 2."""


class Reading(Record):
    """One number that the statement of a problem says."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    name: str
    """Name of what is said, such as `log dimension` or `function sphere`."""
    value: float
    """The number itself; a share or 1 where something is so, 0 where it is not."""


class Instruction(Record):
    """A prompt, the program that answers it best, and how that was measured or predicted."""

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
    """Number of request wording and code style; from 1,000,000 on in `test_style`, from 2,000,000 on of a plug-in."""
    prompt: str
    """The whole request, as a user would write it."""
    answer: str
    """The winning program, to the byte as it was run; in predicted rows the one that is expected to win."""
    optimizer: str
    """Name of the winning optimizer."""
    family: str
    """Family of the winning optimizer."""
    settings: str
    """Settings of the winning program, a JSON object."""
    candidate_id: str
    """Digest of the answer."""
    label_source: LabelSource
    """`measured`: the answer won a race on this problem; `predicted`: races on similar problems let it be expected."""
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
    reading: tuple[Reading, ...]
    """What the statement says: all names for drawn problems, few for a user's own; empty in rows before version 4."""
    best_known: float | None
    """The proven minimum, or the best feasible objective of any run; in predicted rows null where none is proven."""
    best_known_proven: bool
    """Whether `best_known` is proven."""
    winner_score: float
    """Mean over the answer's runs: 0 = random search at the same budget, 1 = target reached; expected if predicted."""
    winner_error: float | None
    """Median final objective above `best_known`; null where the median run is infeasible, and in predicted rows."""
    winner_feasible_share: float | None
    """Share of the answer's runs that ended feasible; null in predicted rows."""
    confidence: float | None
    """Probability that this program is the truly best one, or within 0.02 of its score; null in predicted rows."""
    optimizer_confidence: float | None
    """Probability that the winning optimizer, with any settings, is the one to name; null in predicted rows."""
    near_ties: tuple[CandidateResult, ...]
    """Programs at least as good as the answer with a probability of a tenth or more, best first; none if predicted."""
    optimizer_scores: tuple[CandidateResult, ...]
    """The best candidate of every optimizer that ran; in predicted rows of every one that applies. Best first."""
    single_best_score: float | None
    """Score, on this problem, of the candidate with the best mean score on the training problems; null if predicted."""
    single_best_candidate: str
    """candidate_id of the single best solver, the same in every row."""
    random_search_error: float | None
    """Median error of random search at the same budget; null where it is infeasible, and in predicted rows."""
    replay_seed: int | None
    """Seed with which the three columns below were measured; null in predicted rows, as they are."""
    replay_best_f: float | None
    """Objective of the best point that the answer finds with that seed."""
    replay_violation: float | None
    """Mean constraint violation at that point."""
    replay_evaluations: int | None
    """Evaluations that the answer makes with that seed."""
    split: Split
    """`train`, `validation`, `test`, `test_families`, `test_style`, `test_real` or `train_extended`."""
    schema_version: int
    """Version of these columns."""
    extra: str
    """JSON object: `tolerance` of errors, where equalities enlarge it; `index` by which a predicted row was drawn."""


_RESULT = pa.struct(
    [
        pa.field("candidate_id", pa.string(), nullable=False),
        pa.field("optimizer", pa.string(), nullable=False),
        pa.field("settings", pa.string(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
        pa.field("feasible_share", pa.float64()),
        pa.field("median_error", pa.float64()),
        pa.field("runs", pa.int64()),
    ]
)
_READING = pa.struct([pa.field("name", pa.string(), nullable=False), pa.field("value", pa.float64(), nullable=False)])
_TYPES: Mapping[str, pa.DataType] = MappingProxyType(
    {
        **dict.fromkeys(("instruction_id", "problem_id", "base_problem_id", "form", "prompt", "answer"), pa.string()),
        **dict.fromkeys(("optimizer", "family", "settings", "candidate_id", "label_source", "kind"), pa.string()),
        **dict.fromkeys(("problem_spec", "problem_source", "single_best_candidate", "split", "extra"), pa.string()),
        **dict.fromkeys(("wording", "dimension", "max_evaluations", "num_inequality", "num_equality"), pa.int64()),
        **dict.fromkeys(("replay_seed", "replay_evaluations", "schema_version"), pa.int64()),
        **dict.fromkeys(("feasible_share", "best_known", "winner_score", "winner_error"), pa.float64()),
        **dict.fromkeys(("winner_feasible_share", "confidence", "optimizer_confidence"), pa.float64()),
        **dict.fromkeys(("single_best_score", "random_search_error"), pa.float64()),
        **dict.fromkeys(("replay_best_f", "replay_violation"), pa.float64()),
        "best_known_proven": pa.bool_(),
        "functions": pa.list_(pa.string()),
        "reading": pa.list_(_READING),
        "near_ties": pa.list_(_RESULT),
        "optimizer_scores": pa.list_(_RESULT),
    }
)
MEASURED_COLUMNS = (
    *("best_known", "winner_feasible_share", "confidence", "optimizer_confidence", "single_best_score"),
    *("replay_seed", "replay_best_f", "replay_violation", "replay_evaluations"),
)
"""Columns that no measured row has null."""
_NULLABLE = {"winner_error", "random_search_error", *MEASURED_COLUMNS}
SCHEMA = pa.schema(
    [pa.field(name, _TYPES[name], nullable=name in _NULLABLE) for name in Instruction.model_fields],
    metadata={"llamoco_schema_version": str(SCHEMA_VERSION)},
)
"""The Parquet schema, frozen: what later versions add goes into `extra` until the version changes."""
