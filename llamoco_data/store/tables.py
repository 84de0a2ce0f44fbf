# pyright: reportExplicitAny=false, reportUnknownParameterType=false
"""Problems, candidates and runs in Parquet: their frozen schemas, and the way from records to tables and back.

Within a schema version a schema changes in one way only: a nullable column is added at its end, and `upgrades` fills
it in when earlier files are read.
"""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from llamoco_data.identity import Record, canonical
from llamoco_data.portfolio.stored_candidates import StoredCandidate
from llamoco_data.problems.own_spec import AnySpec
from llamoco_data.runs import RunRecord
from llamoco_data.selector import Precedents
from llamoco_data.store.upgrades import whole_limits

_METADATA = {"schema_version": "1"}

RUNS = pa.schema(
    [
        pa.field("run_id", pa.string(), nullable=False),
        pa.field("problem_id", pa.string(), nullable=False),
        pa.field("candidate_id", pa.string(), nullable=False),
        pa.field("seed", pa.int64(), nullable=False),
        pa.field("max_evaluations", pa.int64(), nullable=False),
        pa.field("status", pa.string(), nullable=False),
        pa.field("detail", pa.string(), nullable=False),
        pa.field("optimum", pa.float64()),
        pa.field("best_f", pa.float64()),
        pa.field("violation", pa.float64()),
        pa.field("evaluations", pa.int64(), nullable=False),
        pa.field("evaluations_to_target", pa.int64()),
        pa.field("outside_box", pa.int64(), nullable=False),
        pa.field("non_finite", pa.int64(), nullable=False),
        pa.field("trace_evaluations", pa.list_(pa.field("element", pa.int64())), nullable=False),
        pa.field("trace_f", pa.list_(pa.field("element", pa.float64())), nullable=False),
        pa.field("trace_violation", pa.list_(pa.field("element", pa.float64())), nullable=False),
        pa.field("cpu_s", pa.float64(), nullable=False),
        pa.field("slack_worth", pa.float64()),
        pa.field("tier", pa.string()),
        pa.field("faults", pa.int64()),
    ],
    _METADATA,
)
"""Schema of runs: one row a run, one row group a problem."""
RUNS_WITHOUT_TIER = RUNS.remove(RUNS.get_field_index("faults")).remove(RUNS.get_field_index("tier"))
"""Schema of runs in the releases that confined no programs."""
RUNS_WITHOUT_SLACK_WORTH = RUNS_WITHOUT_TIER.remove(RUNS.get_field_index("slack_worth"))
"""Schema of runs in the releases that did not measure what the tolerance of the equalities is worth."""

PROBLEMS = pa.schema(
    [
        pa.field("index", pa.int64(), nullable=False),
        pa.field("problem_id", pa.string(), nullable=False),
        pa.field("spec", pa.string(), nullable=False),
        pa.field("precedents", pa.string()),
    ],
    _METADATA,
)
"""Schema of problems: one row a problem, its spec as JSON, and its precedents in the campaign's prior, if any."""

PROBLEMS_WITHOUT_PRECEDENTS = PROBLEMS.remove(PROBLEMS.get_field_index("precedents"))
"""Schema of problems in the releases without informed races."""

CANDIDATES = pa.schema(
    [
        pa.field("rank", pa.int64(), nullable=False),
        pa.field("candidate_id", pa.string(), nullable=False),
        pa.field("optimizer", pa.string(), nullable=False),
        pa.field("family", pa.string(), nullable=False),
        pa.field("settings", pa.string(), nullable=False),
        pa.field("program", pa.string(), nullable=False),
        pa.field("limits", pa.string(), nullable=False),
    ],
    _METADATA,
)
"""Schema of candidates: one row a candidate, its settings and limits as JSON.

A file holds all candidates of a campaign, in their order.
"""

CANDIDATES_WITHOUT_LIMITS = CANDIDATES.remove(CANDIDATES.get_field_index("limits"))
"""Schema of candidates in the first releases."""


class StoredProblem(Record):
    """A problem and its index in the campaign."""

    index: int
    spec: AnySpec
    precedents: Precedents | None = None
    """The problems of the campaign's prior that are most similar to it; None where its race is not informed."""


_TRACE = ("trace_evaluations", "trace_f", "trace_violation")
_AS_JSON = ("settings", "limits")
_PLAIN = tuple(name for name in RUNS.names if name != "run_id" and name not in _TRACE)


@cache
def no_runs() -> pa.Table:
    """A table of no runs, made when it is needed: with the first array, pyarrow loads pandas where there is one."""
    return RUNS.empty_table()


def runs_table(records: Sequence[RunRecord]) -> pa.Table:
    columns: dict[str, list[Any]] = {name: [getattr(record, name) for record in records] for name in _PLAIN}
    columns["run_id"] = [record.run_id for record in records]
    for axis, name in enumerate(_TRACE):
        columns[name] = [[point[axis] for point in record.trace] for record in records]
    return pa.table([pa.array(columns[field.name], field.type) for field in RUNS], schema=RUNS)


def runs_from(table: pa.Table) -> list[RunRecord]:
    """The records of a table, without those that repeat an earlier one.

    Raises:
        pydantic.ValidationError: a value is not valid in a record.
    """
    run_ids = table["run_id"].to_pylist()
    plain = zip(*(table[name].to_pylist() for name in _PLAIN), strict=True)
    traces = zip(*(table[name].to_pylist() for name in _TRACE), strict=True)
    records: dict[str, RunRecord] = {}
    for run_id, values, trace in zip(run_ids, plain, traces, strict=True):
        if run_id not in records:
            fields = dict(zip(_PLAIN, values, strict=True))
            records[run_id] = RunRecord(**fields, trace=tuple(zip(*trace, strict=True)))
    return list(records.values())


def problems_table(problems: Sequence[StoredProblem]) -> pa.Table:
    columns = {
        "index": [problem.index for problem in problems],
        "problem_id": [problem.spec.problem_id for problem in problems],
        "spec": [problem.spec.to_json() for problem in problems],
        "precedents": [problem.precedents.to_json() if problem.precedents else None for problem in problems],
    }
    return pa.table(columns, schema=PROBLEMS)


def candidates_table(candidates: Sequence[StoredCandidate]) -> pa.Table:
    columns: dict[str, list[Any]] = {
        name: [getattr(candidate, name) for candidate in candidates]
        for name in ("candidate_id", "optimizer", "family", "program")
    }
    columns["rank"] = list(range(len(candidates)))
    for name in _AS_JSON:
        columns[name] = [canonical(getattr(candidate, name)) for candidate in candidates]
    return pa.table(columns, schema=CANDIDATES)


def candidates_from(table: pa.Table) -> tuple[StoredCandidate, ...]:
    """The candidates of a table, in its order.

    Raises:
        pydantic.ValidationError: a value is not valid in a candidate.
    """
    rows: list[dict[str, Any]] = table.drop_columns(["rank"]).to_pylist()
    return tuple(StoredCandidate.model_validate({**row, **_from_json(row)}) for row in rows)


def parquet(groups: Sequence[pa.Table]) -> bytes:
    """A Parquet file with one row group for each table."""
    schema = groups[0].schema
    # A problem's runs are few rows of many columns: starting a zstd decoder for each column would take five times as
    # long as all else, and dictionaries and statistics would take more space than they save.
    small = {"compression": "lz4", "use_dictionary": False, "write_statistics": False}
    options: dict[str, Any] = small if schema.equals(RUNS) else {"compression": "zstd"}
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, schema, **options) as writer:
        for group in groups:
            writer.write_table(group)
    return sink.getvalue().to_pybytes()


def _from_json(row: dict[str, Any]) -> dict[str, Any]:
    limits = whole_limits(row["optimizer"], json.loads(row.get("limits", "{}")))
    return {"settings": json.loads(row["settings"]), "limits": limits}
