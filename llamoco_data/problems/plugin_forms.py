"""Constraint forms that other packages bring: NAME.toml has the entry of the catalogue, NAME.py the scalar kernel.

They take part where a mixture names them; `plugin_evaluation` gives their values.
"""

import functools
from dataclasses import asdict, dataclass, replace
from typing import Annotated, TypeAlias

from pydantic import Field

from llamoco_data.plugins import CONSTRAINT, Pinned, brought, check_free, defined_in, entry_of, named
from llamoco_data.problems.constraint_forms import FORM_BY_NAME, ConstraintForm, Sense

PinnedForm: TypeAlias = Annotated[Pinned, named(CONSTRAINT)]
"""A constraint form of a plug-in, as it was when the campaign began; its name is enough where it is installed."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """The fields of `ConstraintForm` that are no code."""

    name: str
    title: str
    numpy: str
    latex: str
    senses: Annotated[tuple[Sense, ...], Field(min_length=1)]
    source: str
    uses_coefficients: bool = False
    positive_coefficients: bool = False
    uses_center: bool = False
    uses_width: bool = False
    linear: bool = False


def form_named(name: str) -> ConstraintForm:
    """The constraint form of this name, of this package or of a plug-in.

    Raises:
        LlamocoError: there is none, or the plug-in's files are wrong.
    """
    known = FORM_BY_NAME.get(name)
    return plugin_form(name) if known is None else known


@functools.cache
def plugin_form(name: str) -> ConstraintForm:
    """The constraint form that a plug-in of this name brings.

    Raises:
        LlamocoError: no package brings it, or its files are wrong.
    """
    plugin = brought(CONSTRAINT, name)
    check_free(plugin, FORM_BY_NAME)
    entry = entry_of(plugin, _Entry)
    entry = replace(entry, numpy=entry.numpy.strip(), latex=entry.latex.strip())
    return ConstraintForm(kernel=defined_in(plugin), **asdict(entry))
