# pyright: reportUnknownParameterType=false
"""A scores folder: its spec, its tables and its page. Its runs are in a store, which this module does not read."""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field, ValidationError

from llamoco_data.files import Files, Place, files_at
from llamoco_data.folders import content_of
from llamoco_data.identity import LlamocoError, Record

SCORE_FILE = "score.json"
GOING_ON = ("score", "PROGRAMS", "--data", "EXPORT", "--out")
"""The command that goes on with a folder of scores, up to the folder's name."""
PROGRAM_SCORES_FILE = "scores.parquet"
PROBLEM_SCORES_FILE = "problems.parquet"
SCORED_PROBLEMS_FILE = "cases.parquet"
SCORED_TEXTS_FILE = "texts.parquet"
SUMMARY_FILE = "summary.json"
PAGE_FILE = "scores.md"


class ScoreSpec(Record):
    """Everything that decides a score."""

    schema_version: int = 1
    programs_id: str
    """Digest of the file of programs."""
    export_id: str
    """Digest of the export's files."""
    repeats: int = Field(ge=1)
    """Number of runs of each program."""
    time_limit_s: float = Field(gt=0)
    """Limit on the wall time of a run."""


def open_folder(folder: Place, spec: ScoreSpec) -> Files:
    """The files of a scores folder, which is begun if it is new.

    Raises:
        LlamocoError: the folder holds another score or other files, or cannot be written.
    """
    place = files_at(folder)
    if not is_begun(folder, spec) and not place.put_if_absent(SCORE_FILE, _bytes(spec)):
        return open_folder(folder, spec)
    return place


def is_begun(folder: Place, spec: ScoreSpec) -> bool:
    """Whether a folder holds this score; False where it is free for it. Nothing is written.

    Raises:
        LlamocoError: the folder holds another score or other files.
    """
    place = files_at(folder)
    there = stored_score(place)
    if there is None:
        others = place.names()
        if others:
            content = content_of(folder)
            what = f"is {content.name}" if content else f"holds other files, such as {others[0]}"
            raise LlamocoError(f"{folder} {what}; choose a new or empty folder for the scores")
        return False
    if there != spec:
        raise LlamocoError(f"{folder} holds a score {_difference(there, spec)}; choose another folder for this one")
    return True


def _difference(there: ScoreSpec, spec: ScoreSpec) -> str:
    if there.programs_id != spec.programs_id:
        return "of other programs"
    if there.export_id != spec.export_id:
        return "against another export, or another snapshot of it"
    if there.time_limit_s != spec.time_limit_s:
        return f"with a time limit of {there.time_limit_s:g} s, not {spec.time_limit_s:g} s"
    return "of another release"


def put_tables(place: Files, tables: Mapping[str, pa.Table], summary: Record, page: str) -> None:
    """Writes the tables, the page and, last, the summary; earlier ones are replaced.

    Args:
        tables: the tables by the names of their files.

    Raises:
        LlamocoError: the folder cannot be written.
    """
    for name, table in tables.items():
        place.replace(name, _parquet(table))
    place.replace(PAGE_FILE, page.encode())
    place.replace(SUMMARY_FILE, (summary.model_dump_json(indent=2) + "\n").encode())


def stored_score(place: Files) -> ScoreSpec | None:
    try:
        return ScoreSpec.from_json(place.read(SCORE_FILE))
    except FileNotFoundError:
        return None
    except ValidationError:
        raise LlamocoError(
            f"{place.where(SCORE_FILE)} is damaged or of another release; choose another folder"
        ) from None


def _bytes(record: Record) -> bytes:
    return (record.model_dump_json(indent=2) + "\n").encode()


def _parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue().to_pybytes()
