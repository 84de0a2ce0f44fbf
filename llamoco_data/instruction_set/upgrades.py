# pyright: reportUnknownParameterType=false
"""Upgrades rows of earlier schema versions as they are read, one function for each step; no file is changed."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import pyarrow as pa

from llamoco_data.instruction_set.columns import SCHEMA


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


def _from_2(table: pa.Table) -> pa.Table:
    """Adds the number of runs to every result: null, because earlier rows do not tell it."""
    for name in ("near_ties", "optimizer_scores"):
        results = pa.chunked_array([_given_runs(chunk) for chunk in table[name].chunks], _with_runs(table[name].type))
        table = table.set_column(table.schema.get_field_index(name), pa.field(name, results.type), results)
    return _versioned(table, 3)


def _from_3(table: pa.Table) -> pa.Table:
    """Adds that every answer was measured, and an empty reading, since making one would make reading slow."""
    measured = pa.array(["measured"] * table.num_rows, pa.string())
    position = table.schema.get_field_index("candidate_id") + 1
    table = table.add_column(position, pa.field("label_source", pa.string(), nullable=False), measured)
    reading = pa.field("reading", SCHEMA.field("reading").type, nullable=False)
    position = table.schema.get_field_index("problem_source") + 1
    return _versioned(table.add_column(position, reading, pa.array([[]] * table.num_rows, reading.type)), 4)


def _given_runs(lists: pa.ListArray) -> pa.ListArray:
    """The lists with a field `runs` in each of their structs, which is null."""
    structs = lists.values
    columns = [*structs.flatten(), pa.nulls(len(structs), pa.int64())]
    fields = list(_with_runs(lists.type).value_type)
    return pa.ListArray.from_arrays(lists.offsets, pa.StructArray.from_arrays(columns, fields=fields))


def _with_runs(lists: pa.ListType) -> pa.ListType:
    return pa.list_(pa.struct([*lists.value_type, pa.field("runs", pa.int64())]))


def _versioned(table: pa.Table, version: int) -> pa.Table:
    position = table.schema.get_field_index("schema_version")
    return table.set_column(
        position, table.schema.field(position), pa.array([version] * table.num_rows, pa.int64())
    ).replace_schema_metadata({"llamoco_schema_version": str(version)})


STEPS: Mapping[int, Callable[[pa.Table], pa.Table]] = MappingProxyType({1: _from_1, 2: _from_2, 3: _from_3})
"""Version -> function that brings its rows to the next one."""
