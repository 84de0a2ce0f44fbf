"""The campaign folder: Parquet files, written once and named by their content, and a log of what they hold."""

from llamoco_data.store.folder import Block, Store
from llamoco_data.store.quarantine import QUARANTINE, Damage, damaged, set_aside
from llamoco_data.store.tables import RUNS, StoredProblem
from llamoco_data.store.totals import RunTotals, run_totals

__all__ = [
    "QUARANTINE",
    "RUNS",
    "Block",
    "Damage",
    "RunTotals",
    "Store",
    "StoredProblem",
    "damaged",
    "run_totals",
    "set_aside",
]
