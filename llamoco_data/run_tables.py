# pyright: reportExplicitAny=false, reportUnknownParameterType=false
"""The runs of a campaign or of a score as one Arrow table, for whoever analyses them with other tools."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from llamoco_data.campaign import CAMPAIGN_FILE
from llamoco_data.files import Place, files_at
from llamoco_data.folders import is_only_export, not_a
from llamoco_data.identity import canonical
from llamoco_data.scoring.folder import SCORE_FILE, SCORED_PROBLEMS_FILE, SCORED_TEXTS_FILE
from llamoco_data.store import RUNS, Store

_OF_PROGRAMS = pa.schema([("optimizer", pa.string()), ("family", pa.string()), ("settings", pa.string())])
_OF_PROBLEMS = pa.schema([("dimension", pa.int64())])
READ_RUNS = pa.schema([*RUNS, *_OF_PROGRAMS, *_OF_PROBLEMS])
"""Columns of `read_runs`: those of the stored runs, then what is known of the program and of the problem."""


def read_runs(folder: Place) -> pa.Table:
    """The runs of a campaign or score folder, one row a run, sorted by problem, program and seed.

    `optimizer`, `family` and `settings` (JSON) are those of the program that ran, and null where it is no candidate:
    in a score, only `optimizer` is known, of a program that names one. `trace_evaluations`, `trace_f` and
    `trace_violation` are the best point so far at ten checkpoints a decade.

    Raises:
        LlamocoError: the folder holds no campaign and no score, or is damaged.
    """
    names = set(files_at(folder).names())
    if not {CAMPAIGN_FILE, SCORE_FILE} & names or is_only_export(files_at(folder)):
        raise not_a("a campaign or a folder of scores", folder, "holds no runs")
    store = Store(folder)
    runs = pa.concat_tables([RUNS.empty_table(), *store.run_tables()])
    _, first = np.unique(runs["run_id"].to_numpy(zero_copy_only=False), return_index=True)
    runs = runs.take(first).sort_by([(name, "ascending") for name in ("problem_id", "candidate_id", "seed")])
    programs = _candidates(store) if CAMPAIGN_FILE in names else _texts(folder, names)
    problems = _problems(store) if CAMPAIGN_FILE in names else _cases(folder, names)
    for key, known, schema in (("candidate_id", programs, _OF_PROGRAMS), ("problem_id", problems, _OF_PROBLEMS)):
        rows = [known.get(value, {}) for value in runs[key].to_pylist()]
        for field in schema:
            runs = runs.append_column(field, pa.array([row.get(field.name) for row in rows], field.type))
    return runs.replace_schema_metadata(None)


def _candidates(store: Store) -> Mapping[str, Mapping[str, Any]]:
    return {
        candidate.candidate_id: {
            "optimizer": candidate.optimizer,
            "family": candidate.family,
            "settings": canonical(candidate.settings),
        }
        for candidate in store.candidates()
    }


def _problems(store: Store) -> Mapping[str, Mapping[str, Any]]:
    ids = [store.problem_id(index) for index in store.indices()]
    return {key: {"dimension": store.problem(key).dimension} for key in ids if key is not None}


def _texts(folder: Place, names: set[str]) -> Mapping[str, Mapping[str, Any]]:
    rows = _rows(folder, SCORED_TEXTS_FILE) if SCORED_TEXTS_FILE in names else []
    return {row["candidate_id"]: {"optimizer": row["optimizer"] or None} for row in rows}


def _cases(folder: Place, names: set[str]) -> Mapping[str, Mapping[str, Any]]:
    rows = _rows(folder, SCORED_PROBLEMS_FILE) if SCORED_PROBLEMS_FILE in names else []
    return {row["problem_id"]: {"dimension": row["dimension"]} for row in rows}


def _rows(folder: Place, name: str) -> list[dict[str, Any]]:
    with files_at(folder).open(name) as file:
        return pq.read_table(file).to_pylist()
