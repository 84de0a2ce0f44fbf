"""Sums over all runs of a campaign folder, by candidate and status, from a few columns of its run files."""

from dataclasses import dataclass

import pyarrow as pa

from llamoco_data.runs import RunStatus
from llamoco_data.store.folder import Store
from llamoco_data.store.tables import RUNS

_COLUMNS = ("run_id", "candidate_id", "status", "evaluations", "cpu_s")


@dataclass(frozen=True, slots=True)
class RunTotals:
    """Sums over all runs of one candidate that have the same status."""

    candidate_id: str
    status: RunStatus
    num_runs: int
    evaluations: int
    """Evaluations of all these runs."""
    cpu_s: float
    """Processor time of all these runs."""


def run_totals(store: Store) -> list[RunTotals]:
    """The sums, each run counted once.

    Raises:
        LlamocoError: a file is missing or damaged.
    """
    schema = pa.schema([RUNS.field(name) for name in _COLUMNS])
    runs = pa.concat_tables([schema.empty_table(), *store.run_columns(*_COLUMNS)])
    once = runs.group_by("run_id", use_threads=False).aggregate([(name, "first") for name in _COLUMNS[1:]])
    sums = (
        once.rename_columns(_COLUMNS)
        .group_by(["candidate_id", "status"], use_threads=False)
        .aggregate([("run_id", "count"), ("evaluations", "sum"), ("cpu_s", "sum")])
    )
    return [
        RunTotals(
            candidate_id=row["candidate_id"],
            status=row["status"],
            num_runs=row["run_id_count"],
            evaluations=row["evaluations_sum"],
            cpu_s=row["cpu_s_sum"],
        )
        for row in sums.to_pylist()
    ]
