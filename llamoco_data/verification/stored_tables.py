# pyright: reportUnknownParameterType=false
"""Checks one table of a campaign folder by itself: its digest and schema, and that every id is the right digest."""

import hashlib
from collections.abc import Iterator
from pathlib import PurePosixPath

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from llamoco_data.files import Files
from llamoco_data.identity import DIGEST_CHARACTERS
from llamoco_data.problems.own_spec import read_spec
from llamoco_data.runs import program_id, run_id
from llamoco_data.store.manifest import StoredFile
from llamoco_data.store.tables import (
    CANDIDATES,
    CANDIDATES_WITHOUT_LIMITS,
    PROBLEMS,
    PROBLEMS_WITHOUT_PRECEDENTS,
    RUNS,
    RUNS_WITHOUT_SLACK_WORTH,
    RUNS_WITHOUT_TIER,
)
from llamoco_data.verification.finding import Finding

_SCHEMAS = {
    "candidates": (CANDIDATES, CANDIDATES_WITHOUT_LIMITS),
    "problems": (PROBLEMS, PROBLEMS_WITHOUT_PRECEDENTS),
    "runs": (RUNS, RUNS_WITHOUT_TIER, RUNS_WITHOUT_SLACK_WORTH),
}
_REDO = "run the campaign, which sets it aside and makes its contents again"
_WRONG = "it was not written by this program; restore the folder from a copy"


def check_table(place: Files, file: StoredFile) -> Iterator[Finding]:
    """What is wrong with a table that the log names."""
    where = place.where(file.path)
    try:
        content = place.open(file.path)
    except FileNotFoundError:
        yield Finding(where=where, what="is missing", advice=_REDO)
        return
    if hashlib.file_digest(content, "sha256").hexdigest() != file.sha256:
        yield Finding(where=where, what="is damaged: its SHA-256 is not that of the log", advice=_REDO)
        return
    content.seek(0)
    yield from (Finding(where=where, what=what, advice=_WRONG) for what in _complaints(file, content))


def _complaints(file: StoredFile, content: pa.NativeFile) -> Iterator[str]:
    schemas = _SCHEMAS.get(file.kind)
    if schemas is None:
        yield f"is a table of the unknown kind {file.kind!r}"
        return
    if PurePosixPath(file.path).stem != file.sha256[:DIGEST_CHARACTERS]:
        yield "is not named by its SHA-256"
    try:
        parquet = pq.ParquetFile(content)
    except pa.ArrowException:
        yield "is not a Parquet file"
        return
    if not any(parquet.schema_arrow.equals(schema, check_metadata=True) for schema in schemas):
        yield "does not have the columns of this version"
        return
    if parquet.metadata.num_rows != file.rows:
        yield f"has {parquet.metadata.num_rows:,} rows, but {file.rows:,} in the log"
    if file.kind == "runs":
        yield from _about_runs(file, parquet)
    elif file.kind == "problems":
        yield from _about_problems(file, parquet.read())
    else:
        yield from _about_candidates(parquet.read())


def _about_problems(file: StoredFile, table: pa.Table) -> Iterator[str]:
    indices, ids, specs = (table[name].to_pylist() for name in ("index", "problem_id", "spec"))
    if (tuple(indices), tuple(ids)) != (file.indices, file.problem_ids):
        yield "does not hold the problems that the log names"
    for problem_id, spec in zip(ids, specs, strict=True):
        try:
            named = read_spec(spec).problem_id
        except ValidationError:
            yield f"problem {problem_id} has a spec that this version cannot read"
        else:
            if named != problem_id:
                yield f"problem {problem_id} has a spec whose digest is {named}"


def _about_candidates(table: pa.Table) -> Iterator[str]:
    for candidate_id, program in zip(table["candidate_id"].to_pylist(), table["program"].to_pylist(), strict=True):
        if program_id(program) != candidate_id:
            yield f"candidate {candidate_id} has a program whose digest is {program_id(program)}"


def _about_runs(file: StoredFile, parquet: pq.ParquetFile) -> Iterator[str]:
    if parquet.num_row_groups != len(file.problem_ids):
        yield f"has {parquet.num_row_groups} row groups, but {len(file.problem_ids)} problems in the log"
        return
    for group, problem_id in enumerate(file.problem_ids):
        columns = ("run_id", "problem_id", "candidate_id", "seed", "max_evaluations", "evaluations")
        table = parquet.read_row_group(group, columns=list(columns))
        for run, problem, candidate, seed, budget, evaluations in zip(
            *(table[name].to_pylist() for name in columns), strict=True
        ):
            if problem != problem_id:
                yield f"run {run} is of problem {problem}, but of {problem_id} in the log"
            if run_id(problem, candidate, seed, budget) != run:
                yield f"run {run} is not the digest of its problem, candidate, seed and budget"
            if not 0 <= evaluations <= budget:
                yield f"run {run} spent {evaluations:,} evaluations of a budget of {budget:,}"
