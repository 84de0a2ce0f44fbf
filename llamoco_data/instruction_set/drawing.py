# pyright: reportUnknownParameterType=false
"""What the drawn problems of a set come from, which every file of it tells, so that others like them can be drawn."""

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field, ValidationError

from llamoco_data.files import Files
from llamoco_data.identity import Record, is_empty
from llamoco_data.instruction_set.columns import SCHEMA
from llamoco_data.plugins import Pinned
from llamoco_data.problems.functions.definition import FunctionFamily
from llamoco_data.problems.sampling import ProblemMixture, check_plugins
from llamoco_data.statements import wording_numbers

DRAWING_KEY = b"llamoco_drawing"
"""Key in the metadata of every file of a set."""


class Drawing(Record):
    """The part of a campaign that decides its drawn problems and their wordings; it does not change when it grows."""

    mixture: ProblemMixture
    seed: int = Field(ge=0)
    wordings: int = Field(ge=1)
    """Number of wordings of each statement form, for each problem."""
    held_out_families: tuple[FunctionFamily, ...]
    """Families of functions whose problems are for testing only."""
    plugin_wordings: tuple[Pinned, ...] = Field(default=(), exclude_if=is_empty)
    """Wordings of plug-ins that take part."""

    def check_installed(self) -> None:
        """Checks that the plug-ins that take part are installed as they were.

        Raises:
            PluginMissing: one is not.
            LlamocoError: the entry of a wording is wrong, or two have the same number.
        """
        check_plugins(self.mixture)
        wording_numbers(self.plugin_wordings)

    @property
    def file_schema(self) -> pa.Schema:
        """The schema of the set's files, with this in its metadata."""
        return SCHEMA.with_metadata({**(SCHEMA.metadata or {}), DRAWING_KEY: self.to_json().encode()})


def drawing_of(place: Files, shard: str) -> Drawing | None:
    """The drawing that a file of a set tells; None where it tells none, as before version 4, or cannot be read."""
    try:
        metadata = pq.read_schema(place.open(shard)).metadata or {}
        return Drawing.from_json(metadata[DRAWING_KEY])
    except (pa.ArrowException, OSError, KeyError, ValidationError):
        return None
