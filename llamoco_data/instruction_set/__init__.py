"""All that a reader of an export relies on: columns, splits, snapshots, upgrades of earlier rows. It makes no row.

Nothing else crosses from the campaign to the tuning, which follows the same rules in code of its own.
"""

from llamoco_data.instruction_set.columns import (
    EXTENDED,
    INDEX,
    MEASURED_COLUMNS,
    MEASURED_SPLITS,
    REAL,
    SCHEMA,
    SCHEMA_VERSION,
    SPLITS,
    STYLED,
    TOLERANCE,
    CandidateResult,
    Instruction,
    Reading,
    Split,
)
from llamoco_data.instruction_set.drawing import Drawing, drawing_of
from llamoco_data.instruction_set.reading import (
    instruction_tables,
    measured_instructions,
    read_instructions,
    read_shard,
)
from llamoco_data.instruction_set.snapshots import (
    MANIFEST_FILE,
    SNAPSHOTS,
    Origin,
    Shard,
    SnapshotManifest,
    shard_names,
    snapshot_folder,
    snapshot_manifest,
    snapshot_numbers,
)
from llamoco_data.instruction_set.splits import split_of

__all__ = [
    "EXTENDED",
    "INDEX",
    "MANIFEST_FILE",
    "MEASURED_COLUMNS",
    "MEASURED_SPLITS",
    "REAL",
    "SCHEMA",
    "SCHEMA_VERSION",
    "SNAPSHOTS",
    "SPLITS",
    "STYLED",
    "TOLERANCE",
    "CandidateResult",
    "Drawing",
    "Instruction",
    "Origin",
    "Reading",
    "Shard",
    "SnapshotManifest",
    "Split",
    "drawing_of",
    "instruction_tables",
    "measured_instructions",
    "read_instructions",
    "read_shard",
    "shard_names",
    "snapshot_folder",
    "snapshot_manifest",
    "snapshot_numbers",
    "split_of",
]
