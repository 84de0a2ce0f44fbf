# pyright: reportExplicitAny=false, reportUnknownParameterType=false
"""What differs between two snapshots of a set, row by row and with the reason, for a model trained on the older one."""

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from llamoco_data.export.card import CARD_FILE, data_files, table
from llamoco_data.export.shards import ROWS_PER_SHARD
from llamoco_data.files import Files, files_at
from llamoco_data.identity import digest
from llamoco_data.instruction_set import (
    EXTENDED,
    SCHEMA,
    SCHEMA_VERSION,
    SPLITS,
    Split,
    read_shard,
    shard_names,
)

Change = Literal["added", "changed", "withdrawn"]
Reason = Literal[
    "new problem",
    "new budget",
    "new wording",
    "other split",
    "new statement",
    "new winner",
    "new program text",
    "new results",
    "problem withdrawn",
    "budget withdrawn",
    "wording withdrawn",
]
REASONS: Mapping[Reason, tuple[Change, str]] = {
    "new problem": ("added", "no row of the problem was there"),
    "new budget": ("added", "the problem was there, at other budgets"),
    "new wording": ("added", "the problem was there at this budget, in other wordings"),
    "other split": ("changed", "it is in another split: mind what was trained on"),
    "new statement": ("changed", "the text of the prompt or of `problem_source` is another"),
    "new winner": ("changed", "the answer is another optimizer, or has other settings"),
    "new program text": ("changed", "the same optimizer and settings, in another text"),
    "new results": ("changed", "the same answer; its results, its confidence or its rivals are others"),
    "problem withdrawn": ("withdrawn", "no row of the problem is there any more"),
    "budget withdrawn": ("withdrawn", "the problem is there, at other budgets only"),
    "wording withdrawn": ("withdrawn", "the problem is there at this budget, in other wordings only"),
}
"""Reason -> kind of change, and meaning. A row has the first reason that applies, in this order; `single_best_score`
and `single_best_candidate`, which depend on the whole set, are no reason."""

CHANGES_FILE = "changes.parquet"
CHANGES_SCHEMA = pa.schema(
    [
        pa.field("instruction_id", pa.string(), nullable=False),
        pa.field("problem_id", pa.string(), nullable=False),
        pa.field("split", pa.string(), nullable=False),
        pa.field("change", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("optimizer_before", pa.string()),
        pa.field("optimizer_now", pa.string()),
    ]
)

_RESULTS = (
    *("best_known", "best_known_proven", "winner_score", "winner_error", "winner_feasible_share", "confidence"),
    *("optimizer_confidence", "near_ties", "optimizer_scores", "random_search_error"),
    *("replay_seed", "replay_best_f", "replay_violation", "replay_evaluations"),
)
_PLAIN = ("problem_id", "base_problem_id", "split", "optimizer", "settings", "candidate_id")
_TEXTS = ("prompt", "problem_source")


class ComparedRow(NamedTuple):
    """The parts of a row that are compared."""

    problem_id: str
    base_problem_id: str
    split: str
    optimizer: str
    settings: str
    candidate_id: str
    statement: str
    """Digest of `prompt` and `problem_source`."""
    results: str
    """Digest of the measured columns, without the numbers of runs."""
    num_runs: str
    """Digest of the numbers of runs in the measured columns; empty in rows of schema versions 1 and 2."""


RowsById = Mapping[str, ComparedRow]
"""instruction_id -> row."""


@dataclass(frozen=True, slots=True)
class RowChange:
    """A row that differs between two snapshots."""

    instruction_id: str
    reason: Reason
    before: ComparedRow | None
    now: ComparedRow | None

    @property
    def change(self) -> Change:
        return REASONS[self.reason][0]


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs between a snapshot and a later one."""

    since: int
    to: int
    rows: Sequence[RowChange]
    folder: Path | None = None
    """Folder that they were written to, if any."""

    def count(self) -> Mapping[Reason, int]:
        """Number of rows by reason; reasons without rows are left out."""
        counted = Counter(row.reason for row in self.rows)
        return {reason: counted[reason] for reason in REASONS if counted[reason]}


def rows_of(place: Files, snapshot: int | None) -> RowsById:
    """The compared parts of all measured rows of a snapshot, or of the newest.

    Raises:
        LlamocoError: there is no such snapshot, or it cannot be read.
    """
    rows: dict[str, ComparedRow] = {}
    results: dict[str, tuple[str, str]] = {}
    for name in shard_names(place, snapshot):
        if f"/{EXTENDED}-" in name:
            continue
        shard = read_shard(place, name)
        results |= _results(shard, results)
        columns = (shard[column].to_pylist() for column in ("instruction_id", *_PLAIN, *_TEXTS))
        for instruction_id, *values in zip(*columns, strict=True):
            # Most values occur in many rows: with each kept once, a row costs some 400 bytes.
            plain = {name: sys.intern(value) for name, value in zip(_PLAIN, values, strict=False)}
            of_results, of_runs = results[plain["problem_id"]]
            rows[instruction_id] = ComparedRow(
                **plain, statement=digest(values[len(_PLAIN) :]), results=of_results, num_runs=of_runs
            )
    return rows


def _results(shard: pa.Table, known: Mapping[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """problem_id -> the digests `results` and `num_runs`, which all rows of a problem share, for problems not known."""
    first: dict[str, int] = {}
    for position, problem_id in enumerate(shard["problem_id"].to_pylist()):
        if problem_id not in known:
            first.setdefault(problem_id, position)
    rows = shard.select(_RESULTS).take(list(first.values())).to_pylist()
    return {problem_id: _digests(row) for problem_id, row in zip(first, rows, strict=True)}


def _digests(row: Mapping[str, Any]) -> tuple[str, str]:
    listed: list[dict[str, Any]] = [*row["near_ties"], *row["optimizer_scores"]]
    num_runs = [result.pop("runs") for result in listed]
    return digest(json.dumps(list(row.values()))), "" if None in num_runs else digest(num_runs)


def changes_between(since: int, before: RowsById, to: int, now: RowsById) -> Changes:
    """The differences between two snapshots, in the order of instruction_id."""
    rows: list[RowChange] = []
    there, gone = (_Presence.of(side) for side in (now, before))
    for instruction_id in sorted({*before, *now}):
        old, new = before.get(instruction_id), now.get(instruction_id)
        reason = gone.lacks(new) if new and not old else there.left(old) if old and not new else _reason(old, new)
        if reason is not None:
            rows.append(RowChange(instruction_id, reason, old, new))
    return Changes(since, to, rows)


@dataclass(frozen=True, slots=True)
class _Presence:
    """Which problems a snapshot holds, at any budget and at this one."""

    base_problem_ids: set[str]
    problem_ids: set[str]

    @classmethod
    def of(cls, rows: RowsById) -> "_Presence":
        return cls({row.base_problem_id for row in rows.values()}, {row.problem_id for row in rows.values()})

    def lacks(self, row: ComparedRow) -> Reason:
        """Why a row is new to the snapshot."""
        if row.base_problem_id not in self.base_problem_ids:
            return "new problem"
        return "new wording" if row.problem_id in self.problem_ids else "new budget"

    def left(self, row: ComparedRow) -> Reason:
        """Why a row is no longer in the snapshot."""
        if row.base_problem_id not in self.base_problem_ids:
            return "problem withdrawn"
        return "wording withdrawn" if row.problem_id in self.problem_ids else "budget withdrawn"


def _reason(old: ComparedRow | None, new: ComparedRow | None) -> Reason | None:
    assert old is not None
    assert new is not None
    if old.split != new.split:
        return "other split"
    if old.statement != new.statement:
        return "new statement"
    if (old.optimizer, old.settings) != (new.optimizer, new.settings):
        return "new winner"
    if old.candidate_id != new.candidate_id:
        return "new program text"
    other_runs = old.num_runs != new.num_runs and old.num_runs and new.num_runs
    return "new results" if old.results != new.results or other_runs else None


def write_changes(changes: Changes, target: Path, scratch: Path) -> None:
    """Writes the rows that were added or changed, and the list of all changes with their reasons, into a folder.

    Args:
        target: the export.
        scratch: an empty folder, which becomes the folder of the changes.
    """
    place = files_at(target)
    ids = [row.instruction_id for row in changes.rows if row.now is not None]
    kept: dict[Split, list[pa.Table]] = {split: [] for split in SPLITS}
    for name in shard_names(place, changes.to) if ids else []:
        rows = read_shard(place, name).filter(pc.field("instruction_id").isin(ids))
        if rows.num_rows:
            kept[cast("Split", rows["split"][0].as_py())].append(rows)
    (scratch / "data").mkdir()
    files: list[str] = []
    for split, tables in kept.items():
        if tables:
            files += _write_split(scratch, split, pa.concat_tables(tables))
    pq.write_table(changes_table(changes), scratch / CHANGES_FILE, compression="zstd")
    (scratch / CARD_FILE).write_text(_card(changes, files), encoding="utf-8")


def changes_table(changes: Changes) -> pa.Table:
    """The changes as a table, one row for each."""
    rows: list[dict[str, str | None]] = []
    for row in changes.rows:
        known = row.now or row.before
        assert known is not None
        rows.append(
            {
                "instruction_id": row.instruction_id,
                "problem_id": known.problem_id,
                "split": known.split,
                "change": row.change,
                "reason": row.reason,
                "optimizer_before": row.before and row.before.optimizer,
                "optimizer_now": row.now and row.now.optimizer,
            }
        )
    return pa.Table.from_pylist(rows, schema=CHANGES_SCHEMA)


def _write_split(folder: Path, split: Split, rows: pa.Table) -> list[str]:
    starts = range(0, rows.num_rows, ROWS_PER_SHARD)
    names = [f"data/{split}-{number:05d}-of-{len(starts):05d}.parquet" for number in range(len(starts))]
    for name, start in zip(names, starts, strict=True):
        piece = rows.slice(start, ROWS_PER_SHARD).combine_chunks().cast(SCHEMA)
        pq.write_table(piece, folder / name, compression="zstd")
    return names


def _card(changes: Changes, files: Sequence[str]) -> str:
    default = f"  - config_name: default\n    data_files:\n{data_files(files)}\n" if files else ""
    counted = changes.count()
    reasons = [(*REASONS[reason], reason, count) for reason, count in counted.items()]
    return f"""---
configs:
{default}  - config_name: changes
    data_files:
      - split: changes
        path: {CHANGES_FILE}
llamoco_changes_schema_version: {SCHEMA_VERSION}
---

# What changed from snapshot {changes.since} to snapshot {changes.to}

`data/` holds the rows that were added or changed, as they are now. `{CHANGES_FILE}` lists every change: what was
withdrawn too, and why.

{table(("change", "reason", "what it means", "rows"), [(change, why, what, n) for change, what, why, n in reasons])}
"""
