"""One row of the instruction set: its columns, its schema, its split, and how to read rows back.

This is the contract with whoever trains on the set; nothing else crosses from the campaign to the tuning.
"""

# pyarrow comes without types.
# pyright: reportUnknownParameterType=false

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ConfigDict

from llamoco_data.files import Files, Place, files_at
from llamoco_data.identity import LlamocoError, Record, canonical, digest, stream
from llamoco_data.ordering import yardstick_from
from llamoco_data.portfolio.entrants import Entrant
from llamoco_data.problems.functions import FUNCTION_BY_NAME
from llamoco_data.problems.own_spec import AnySpec
from llamoco_data.runs import MEASURED, RunRecord
from llamoco_data.snapshots import shard_names
from llamoco_data.statements import NUM_WORDINGS, Form, forms_of, python_source, statement
from llamoco_data.upgrades import upgraded
from llamoco_data.verdicts import Standing, Verdict

SCHEMA_VERSION = 2
"""Version of the columns. A reader upgrades earlier ones and refuses newer ones."""

TOLERANCE = "tolerance"
"""Key in `extra`: errors of at most this are equal."""

Split = Literal["train", "validation", "test", "test_families"]
SPLITS: tuple[Split, ...] = ("train", "validation", "test", "test_families")
VALIDATION_SHARE = 0.1
TEST_SHARE = 0.1


class CandidateResult(Record):
    """How one candidate did on the problem of a row."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    candidate_id: str
    optimizer: str
    settings: str
    """JSON object."""
    score: float
    feasible_share: float
    median_error: float | None


class Instruction(Record):
    """A prompt, the program that answers it best, and how that was measured."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    instruction_id: str
    """Digest of problem, form and wording: the same prompt keeps its id when its answer changes."""
    problem_id: str
    """Digest of the problem, its budget included."""
    base_problem_id: str
    """The problem whose runs were measured: this one, or the same with a larger budget, whose traces tell of this."""
    form: Form
    """How the prompt states the problem: `python` or `latex`."""
    wording: int
    """Which of the request wordings and code styles the prompt uses."""
    prompt: str
    """The whole request, as a user would write it."""
    answer: str
    """The winning program, to the byte as it was run."""
    optimizer: str
    """Name of the winning optimizer."""
    family: str
    """Its family."""
    settings: str
    """Its settings, a JSON object."""
    candidate_id: str
    """Digest of the answer."""
    kind: str
    """How the objective is made: `single`, `composition` or `hybrid`; `own` where a user wrote it."""
    functions: tuple[str, ...]
    """Basic functions in the objective; none are known of a user's own."""
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
    """Share of resamples of the seeds in which this very program wins."""
    optimizer_confidence: float
    """Share of resamples in which its optimizer wins, with any settings."""
    near_ties: tuple[CandidateResult, ...]
    """Programs at least as good as the answer in a tenth of the resamples or more, best first."""
    optimizer_scores: tuple[CandidateResult, ...]
    """The best candidate of every optimizer that ran, best first."""
    single_best_score: float
    """Score, on this problem, of the candidate with the best mean score on the training problems."""
    single_best_candidate: str
    """Its candidate_id, the same in every row."""
    random_search_error: float | None
    """Median error of random search at the same budget; null where it is infeasible."""
    replay_seed: int
    """Seed with which the next three were measured."""
    replay_best_f: float
    """Objective of the best point that the answer finds with that seed."""
    replay_violation: float
    """Mean constraint violation there."""
    replay_evaluations: int
    """Evaluations it makes."""
    split: Split
    """`train`, `validation`, `test` (new problems) or `test_families` (held-out function families)."""
    schema_version: int
    """Version of these columns."""
    extra: str
    """JSON object for what later versions add: `tolerance` of errors, where equalities make it larger than usual."""


_RESULT = pa.struct(
    [
        pa.field("candidate_id", pa.string(), nullable=False),
        pa.field("optimizer", pa.string(), nullable=False),
        pa.field("settings", pa.string(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
        pa.field("feasible_share", pa.float64(), nullable=False),
        pa.field("median_error", pa.float64()),
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


def split_of(spec: AnySpec, held_out_families: Sequence[str]) -> Split:
    """The side of a problem; every statement of it is on the same side."""
    if any(FUNCTION_BY_NAME[name].family in held_out_families for name in spec.functions):
        return "test_families"
    draw = int(digest(["split", spec.problem_id])[:8], 16) / 16**8
    if draw < TEST_SHARE:
        return "test"
    return "validation" if draw < TEST_SHARE + VALIDATION_SHARE else "train"


def wordings_of(problem_id: str, form: Form, count: int) -> tuple[int, ...]:
    """The first `count` wordings of a problem: growing the count keeps those that were there."""
    rounds = -(-count // NUM_WORDINGS)
    order = stream("wordings", problem_id, form).permuted(np.tile(np.arange(NUM_WORDINGS), (rounds, 1)), axis=1)
    return tuple(int(wording) + NUM_WORDINGS * (i // NUM_WORDINGS) for i, wording in enumerate(order.ravel()[:count]))


@dataclass(frozen=True, slots=True)
class Judged:
    """A problem with everything that its rows are made of."""

    spec: AnySpec
    replay: RunRecord
    """The run of the winner that the rows tell how to repeat."""
    verdict: Verdict
    split: Split
    base_problem_id: str
    """The problem that was measured: this one, or the same with a larger budget."""


@dataclass(frozen=True, slots=True)
class References:
    """What every row of a set is compared with."""

    entrants: Mapping[str, Entrant]
    """By candidate_id."""
    single_best: str
    """candidate_id of the candidate with the best mean score on the training problems."""
    baseline: str
    """candidate_id of random search."""


def instructions(judged: Judged, references: References, *, wordings: int) -> list[Instruction]:
    """The rows of one problem: each form in each of its first `wordings` wordings.

    Raises:
        LlamocoError: the verdict keeps the problem out.
    """
    spec, verdict = judged.spec, judged.verdict
    if verdict.kept_out is not None:
        raise LlamocoError(f"problem {spec.problem_id} is kept out of the set: {verdict.kept_out}")
    shared = {
        **_problem_columns(spec),
        **_verdict_columns(judged, references),
        "split": judged.split,
        "base_problem_id": judged.base_problem_id,
        "schema_version": SCHEMA_VERSION,
        "extra": canonical(_extra(verdict)),
    }
    return [
        Instruction.model_validate(
            {
                "instruction_id": digest(["instruction", spec.problem_id, form, wording]),
                "form": form,
                "wording": wording,
                "prompt": statement(spec, form=form, wording=wording),
                **shared,
            }
        )
        for form in forms_of(spec)
        for wording in wordings_of(spec.problem_id, form, wordings)
    ]


def _problem_columns(spec: AnySpec) -> dict[str, object]:
    return {
        "problem_id": spec.problem_id,
        "kind": spec.kind,
        "functions": spec.functions,
        "dimension": spec.dimension,
        "max_evaluations": spec.max_evaluations,
        "num_inequality": spec.num_inequality,
        "num_equality": spec.num_equality,
        "feasible_share": spec.feasible_share,
        "problem_spec": spec.to_json(),
        "problem_source": python_source(spec),
    }


def _verdict_columns(judged: Judged, references: References) -> dict[str, object]:
    verdict, entrants = judged.verdict, references.entrants
    standings = {standing.candidate_id: standing for standing in verdict.standings}
    winner, floor = verdict.standings[0], standings.get(references.baseline)
    single_best = standings.get(references.single_best)
    entrant, replay = entrants[verdict.winner], judged.replay
    return {
        "answer": entrant.program,
        "optimizer": entrant.optimizer,
        "family": entrant.family,
        "settings": settings_json(entrant),
        "candidate_id": verdict.winner,
        "best_known": verdict.best_known,
        "best_known_proven": verdict.best_known_proven,
        "winner_score": winner.score,
        "winner_error": winner.median_error,
        "winner_feasible_share": winner.feasible_share,
        "confidence": verdict.confidence,
        "optimizer_confidence": optimizer_confidence(verdict, entrants),
        "near_ties": tuple(_result(standings[tie], entrants[tie]) for tie in verdict.near_ties),
        "optimizer_scores": _best_of_each(verdict, entrants),
        "single_best_score": single_best.score if single_best else 0.0,
        "single_best_candidate": references.single_best,
        "random_search_error": floor.median_error if floor else None,
        "replay_seed": replay.seed,
        "replay_best_f": replay.best_f,
        "replay_violation": replay.violation,
        "replay_evaluations": replay.evaluations,
    }


def _extra(verdict: Verdict) -> dict[str, float]:
    """The tolerance of errors, where the best known value alone does not tell it."""
    plain = yardstick_from(verdict.best_known, proven=verdict.best_known_proven)
    return {TOLERANCE: verdict.tolerance} if verdict.tolerance != plain.tolerance else {}


def settings_json(entrant: Entrant) -> str:
    """The settings of a candidate as a JSON object."""
    return json.dumps(entrant.settings)


def to_table(rows: Sequence[Instruction]) -> pa.Table:
    """The rows as a table of the frozen schema."""
    return pa.Table.from_pylist([row.model_dump(mode="json") for row in rows], schema=SCHEMA)


def read_instructions(folder: Place, split: Split | None = None, snapshot: int | None = None) -> pa.Table:
    """The rows of an export, of one split or of all.

    Args:
        snapshot: the number of one of its snapshots; without it, the newest.

    Raises:
        LlamocoError: no export there, no such split or snapshot in it, or files of a newer schema version.
    """
    if split is not None and split not in SPLITS:
        raise LlamocoError(f"no split is called {split!r}; the splits are {', '.join(SPLITS)}")
    place = files_at(folder)
    begins = f"{split}-" if split else ""
    files = [name for name in shard_names(place, snapshot) if name.rpartition("/")[2].startswith(begins)]
    if not files:
        raise LlamocoError(f"{folder} holds no rows{f' of split {split!r}' if split else ''}: is it an export?")
    return pa.concat_tables(read_shard(place, name) for name in files)


def read_shard(place: Files, name: str) -> pa.Table:
    """The rows of one file of an export; those of an earlier schema version are upgraded as they are read.

    Raises:
        LlamocoError: it is of a newer schema version, or no Parquet file, or not there.
    """
    try:
        table = pq.read_table(place.open(name))
    except FileNotFoundError:
        raise LlamocoError(f"{place.where(name)} is missing; export again, or restore it from a copy") from None
    except (pa.ArrowException, OSError):
        raise LlamocoError(f"{place.where(name)} is damaged; export again, or restore it from a copy") from None
    version = (table.schema.metadata or {}).get(b"llamoco_schema_version", b"none").decode()
    if version.isdecimal():
        table = upgraded(table, int(version))
        version = table.schema.metadata[b"llamoco_schema_version"].decode()
    if version != str(SCHEMA_VERSION):
        raise LlamocoError(
            f"{place.where(name)} has schema version {version}, this program reads 1 to {SCHEMA_VERSION}; "
            "export the campaign again: llamoco-data export DIR OUT"
        )
    if table.schema.names != SCHEMA.names:
        differs = sorted(set(table.schema.names) ^ set(SCHEMA.names))
        raise LlamocoError(f"{place.where(name)} lacks or adds columns: {differs}; export again")
    return table.cast(SCHEMA)


def replay_of(records: Sequence[RunRecord], winner: str) -> RunRecord:
    """The winner's first measured run, by seed."""
    measured = [r for r in records if r.candidate_id == winner and r.status in MEASURED and r.best_f is not None]
    return min(measured, key=lambda record: record.seed)


def optimizer_confidence(verdict: Verdict, entrants: Mapping[str, Entrant]) -> float:
    """Share of the resamples that the winning optimizer wins, with any settings."""
    optimizer = entrants[verdict.winner].optimizer
    same = (s.win_share for s in verdict.standings if entrants[s.candidate_id].optimizer == optimizer)
    return min(1.0, sum(same))


def _best_of_each(verdict: Verdict, entrants: Mapping[str, Entrant]) -> tuple[CandidateResult, ...]:
    best: dict[str, CandidateResult] = {}
    for standing in verdict.standings:
        entrant = entrants[standing.candidate_id]
        best.setdefault(entrant.optimizer, _result(standing, entrant))
    return tuple(best.values())


def _result(standing: Standing, entrant: Entrant) -> CandidateResult:
    return CandidateResult(
        candidate_id=standing.candidate_id,
        optimizer=entrant.optimizer,
        settings=settings_json(entrant),
        score=standing.score,
        feasible_share=standing.feasible_share,
        median_error=standing.median_error,
    )
