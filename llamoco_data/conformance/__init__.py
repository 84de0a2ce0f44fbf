"""Holds what other packages bring against the rules that everything in this package keeps, and says which are broken.

Plug-ins are executed as the user.
"""

from collections.abc import Callable, Iterator, Mapping

from llamoco_data.conformance.forms import check_form
from llamoco_data.conformance.functions import check_function
from llamoco_data.conformance.programs import check_program
from llamoco_data.conformance.rules import Checked
from llamoco_data.conformance.suites import check_suite
from llamoco_data.conformance.wordings import check_wording
from llamoco_data.identity import LlamocoError
from llamoco_data.plugins import (
    CONSTRAINT,
    FUNCTION,
    KINDS,
    OPTIMIZER,
    SUITE,
    WORDING,
    Group,
    brought,
    check_free,
    names_of,
)
from llamoco_data.portfolio import OPTIMIZER_BY_NAME, OPTIMIZERS
from llamoco_data.portfolio.plugins import plugin
from llamoco_data.problems.plugin_forms import plugin_form
from llamoco_data.problems.plugin_functions import plugin_function

__all__ = ["Checked", "check_plugin"]


def check_plugin(name: str) -> Iterator[tuple[str, Checked]]:
    """The checks of every plug-in of this name, or of the optimizer of the portfolio, each with the kind's noun.

    Raises:
        LlamocoError: no package brings one, or its entry cannot be read.
    """
    groups: list[Group] = [group for group, kind in KINDS.items() if name in names_of(kind)]
    if name in OPTIMIZER_BY_NAME and OPTIMIZER.group not in groups:
        groups.insert(0, OPTIMIZER.group)
    if not groups:
        there = [f"{one} ({kind.group})" for kind in KINDS.values() for one in names_of(kind)]
        raise LlamocoError(f"no installed package brings a plug-in {name!r}; there are: {', '.join(there) or 'none'}")
    for group in groups:
        for found in _CHECKS[group](name):
            yield KINDS[group].noun, found


def _check_optimizer(name: str) -> Iterator[Checked]:
    if name in names_of(OPTIMIZER):
        check_free(brought(OPTIMIZER, name), {optimizer.name for optimizer in OPTIMIZERS})
    return check_program(OPTIMIZER_BY_NAME.get(name) or plugin(name).optimizer)


_CHECKS: Mapping[Group, Callable[[str], Iterator[Checked]]] = {
    OPTIMIZER.group: _check_optimizer,
    SUITE.group: check_suite,
    WORDING.group: check_wording,
    FUNCTION.group: lambda name: check_function(plugin_function(name)),
    CONSTRAINT.group: lambda name: check_form(plugin_form(name)),
}
