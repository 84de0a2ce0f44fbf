"""Optimizers that have left the portfolio: no program of theirs is kept, only what reading an older campaign needs."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from llamoco_data.portfolio.limits import Limits

RETIRED: Mapping[str, Limits] = MappingProxyType(
    {
        "isres": Limits(takes_constraints=True, min_evaluations_per_dimension=20.0),
        "clpso": Limits(takes_constraints=True, follows_budget=True, min_evaluations_per_dimension=20.0),
    }
)
"""Limits of every optimizer that earlier portfolios had, for folders whose release stored no limits.

Both won none of the 998 problems of a finished campaign (decision 28).
"""


def retired(optimizers: Iterable[str]) -> tuple[str, ...]:
    """Those of the names whose optimizers have left the portfolio."""
    return tuple(name for name in optimizers if name in RETIRED)
