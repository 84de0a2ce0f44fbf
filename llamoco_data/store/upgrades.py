# pyright: reportExplicitAny=false, reportUnknownParameterType=false
"""Fills in what earlier releases left out of a campaign folder, when it is read; the folder itself is not changed."""

from typing import Any

import pyarrow as pa

from llamoco_data.portfolio import OPTIMIZER_BY_NAME, RETIRED
from llamoco_data.portfolio.limits import Limits


def whole_limits(optimizer: str, stored: dict[str, Any]) -> dict[str, Any]:
    """The stored limits of a candidate, completed from today's catalogue with those that its release did not know.

    The first releases stored none, and later ones not whether an optimizer follows its budget. Limits of optimizers
    that have left the portfolio are remembered; one that never was in it is taken to follow its budget, so that its
    traces tell nothing about smaller budgets.
    """
    known = OPTIMIZER_BY_NAME.get(optimizer)
    limits = known.limits if known else RETIRED.get(optimizer, Limits(follows_budget=True))
    return limits.model_dump(mode="json") | stored


def with_all_columns(stored: pa.Table, schema: pa.Schema) -> pa.Table:
    """A table with all columns of today's schema; those that its release did not know are null."""
    for field in schema:
        if field.name not in stored.schema.names:
            stored = stored.append_column(field, pa.nulls(stored.num_rows, field.type))
    return stored
