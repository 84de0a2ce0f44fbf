# pyright: reportUnknownParameterType=false
"""Upgrades rows of earlier schema versions as they are read, one function for each step; no file is changed."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import pyarrow as pa


def upgraded(table: pa.Table, version: int) -> pa.Table:
    """The rows of a version, brought to the newest version that the steps lead to."""
    while version in STEPS:
        table, version = STEPS[version](table), version + 1
    return table


def _from_1(table: pa.Table) -> pa.Table:
    """Adds `base_problem_id`: in version 1 every problem was measured at its own budget."""
    position = table.schema.get_field_index("problem_id") + 1
    table = table.add_column(position, pa.field("base_problem_id", pa.string(), nullable=False), table["problem_id"])
    return _versioned(table, 2)


def _versioned(table: pa.Table, version: int) -> pa.Table:
    position = table.schema.get_field_index("schema_version")
    return table.set_column(
        position, table.schema.field(position), pa.array([version] * table.num_rows, pa.int64())
    ).replace_schema_metadata({"llamoco_schema_version": str(version)})


STEPS: Mapping[int, Callable[[pa.Table], pa.Table]] = MappingProxyType({1: _from_1})
"""Version -> function that brings its rows to the next one."""
