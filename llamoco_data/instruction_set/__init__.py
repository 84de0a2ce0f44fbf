"""All that a reader of an export relies on: columns, splits, snapshots, upgrades of earlier rows. It makes no row.

Nothing else crosses from the campaign to the tuning, which follows the same rules in code of its own.
"""

from llamoco_data.instruction_set.columns import (
    SCHEMA,
    SCHEMA_VERSION,
    SPLITS,
    TOLERANCE,
    CandidateResult,
    Instruction,
    Split,
)
from llamoco_data.instruction_set.reading import read_instructions, read_shard
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

__all__ = [
    "MANIFEST_FILE",
    "SCHEMA",
    "SCHEMA_VERSION",
    "SNAPSHOTS",
    "SPLITS",
    "TOLERANCE",
    "CandidateResult",
    "Instruction",
    "Origin",
    "Shard",
    "SnapshotManifest",
    "Split",
    "read_instructions",
    "read_shard",
    "shard_names",
    "snapshot_folder",
    "snapshot_manifest",
    "snapshot_numbers",
]
