"""The campaign folder: write-once, content-named Parquet files and a log of what they hold."""

from llamoco_data.store.folder import Block, Store, local_folder
from llamoco_data.store.tables import StoredProblem
from llamoco_data.store.totals import RunTotals, run_totals

__all__ = ["Block", "RunTotals", "Store", "StoredProblem", "local_folder", "run_totals"]
