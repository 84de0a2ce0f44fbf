"""The campaign folder: write-once, content-named Parquet files and a log of what they hold."""

from llamoco_data.store.folder import Block, Store, local_folder
from llamoco_data.store.tables import StoredProblem

__all__ = ["Block", "Store", "StoredProblem", "local_folder"]
