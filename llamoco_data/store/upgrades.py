# pyright: reportExplicitAny=false, reportUnknownParameterType=false
"""What earlier releases left out of a campaign folder, filled in as it is read; the folder stays as it was written."""

from typing import Any

import pyarrow as pa

from llamoco_data.portfolio import OPTIMIZER_BY_NAME
from llamoco_data.portfolio.limits import Limits


def whole_limits(optimizer: str, stored: dict[str, Any]) -> dict[str, Any]:
    """The limits of a candidate, those that its release did not know of from today's catalogue.

    The first releases stored none, later ones not whether an optimizer follows its budget. Where the catalogue has the
    optimizer no more, nothing is told of smaller budgets.
    """
    known = OPTIMIZER_BY_NAME.get(optimizer)
    return (known.limits if known else Limits(follows_budget=True)).model_dump(mode="json") | stored


def whole_runs(stored: pa.Table, schema: pa.Schema) -> pa.Table:
    """Runs with all columns of today's schema; those that their release did not know of are null."""
    for field in schema:
        if field.name not in stored.schema.names:
            stored = stored.append_column(field, pa.nulls(stored.num_rows, field.type))
    return stored
