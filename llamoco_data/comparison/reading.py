# pyright: reportUnknownParameterType=false
"""Reads score folders as `score` wrote them, also those of releases whose tables lack columns. It writes nothing."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from llamoco_data.files import Files, Place, files_at, folder_name
from llamoco_data.folders import not_a
from llamoco_data.identity import LlamocoError, Record
from llamoco_data.invocation import command
from llamoco_data.scoring.folder import (
    GOING_ON,
    PROBLEM_SCORES_FILE,
    PROGRAM_SCORES_FILE,
    SCORE_FILE,
    SCORED_PROBLEMS_FILE,
    SCORED_TEXTS_FILE,
    SUMMARY_FILE,
    stored_score,
)
from llamoco_data.scoring.scored import ProblemScore, ScoredProblem, ScoredProgram, ScoredText
from llamoco_data.scoring.summary import Summary
from llamoco_data.store import Store

Row = TypeVar("Row", bound=Record)


@dataclass(frozen=True, slots=True)
class ScoreFolder:
    """One score: of one model, on the splits that its programs answer, beside the baselines."""

    name: str
    """Name of the folder, without the way to it."""
    summary: Summary
    programs: Sequence[ScoredProgram]
    scores: Sequence[ProblemScore]
    problems: Mapping[tuple[str, str], ScoredProblem]
    """By split and problem_id; empty in folders of earlier releases."""
    texts: Mapping[str, ScoredText]
    """By candidate_id; empty in folders of earlier releases."""
    runs: Store
    time_limit_s: float
    """Limit on the wall time of its runs."""

    def of_split(self, split: str) -> "ScoreFolder":
        """The part that is about one split; two splits may state the same problem."""
        programs = [program for program in self.programs if program.split == split]
        scores = [score for score in self.scores if score.split == split]
        problems = {key: problem for key, problem in self.problems.items() if problem.split == split}
        return replace(self, programs=programs, scores=scores, problems=problems)


def holds_scores(folder: Place) -> bool:
    """Whether a place is a folder of scores, finished or not."""
    return SCORE_FILE in files_at(folder).names()


def read_scores(folder: Place) -> ScoreFolder:
    """A finished score.

    Raises:
        LlamocoError: the folder holds no score, or one that is not finished or cannot be read.
    """
    place = files_at(folder)
    going_on = _going_on(str(folder))
    spec = stored_score(place)
    if spec is None:
        raise not_a("a folder of scores", folder, f"holds no scores; make some with: {going_on}")
    try:
        summary = Summary.from_json(place.read(SUMMARY_FILE))
        return ScoreFolder(
            name=folder_name(folder),
            summary=summary,
            programs=_rows(place, PROGRAM_SCORES_FILE, ScoredProgram),
            scores=_rows(place, PROBLEM_SCORES_FILE, ProblemScore),
            problems={
                (row.split, row.problem_id): row for row in _if_there(place, SCORED_PROBLEMS_FILE, ScoredProblem)
            },
            texts={row.candidate_id: row for row in _if_there(place, SCORED_TEXTS_FILE, ScoredText)},
            runs=Store(folder, made_by=GOING_ON),
            time_limit_s=spec.time_limit_s,
        )
    except FileNotFoundError:
        raise unfinished(str(folder), lacks="scores") from None
    except (OSError, pa.ArrowException, ValidationError) as error:
        why = "another release wrote it" if isinstance(error, ValidationError) else "a table is damaged"
        raise LlamocoError(f"{folder} cannot be read: {why}; write its tables again with: {going_on}") from None


def unfinished(folder: str, *, lacks: str) -> LlamocoError:
    """The error of a folder whose scoring has not ended, or was begun again and did not end."""
    return LlamocoError(f"{folder} is not finished: it lacks {lacks}; go on with: {_going_on(folder)}")


def _going_on(folder: str) -> str:
    return command(*GOING_ON, folder)


def _if_there(place: Files, name: str, record: type[Row]) -> list[Row]:
    return _rows(place, name, record) if name in place.names() else []


def _rows(place: Files, name: str, record: type[Row]) -> list[Row]:
    """The rows of a table; a column that its release did not know has its default."""
    with place.open(name) as file:
        rows = pq.read_table(file).to_pylist()
    return [record.from_json(json.dumps(row)) for row in rows]
