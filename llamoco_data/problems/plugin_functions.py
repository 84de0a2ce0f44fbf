"""Basic functions that other packages bring: NAME.toml has the entry of the catalogue, NAME.py the scalar kernel.

They take part where a mixture names them; `plugin_evaluation` adds their values.
"""

import functools
from dataclasses import asdict, dataclass, replace
from typing import Annotated, TypeAlias

from pydantic import Field

from llamoco_data.plugins import FUNCTION, Pinned, brought, check_free, defined_in, entry_of, named
from llamoco_data.problems.functions import FUNCTION_BY_NAME
from llamoco_data.problems.functions.definition import BasicFunction, FunctionFamily

PinnedFunction: TypeAlias = Annotated[Pinned, named(FUNCTION)]
"""A basic function of a plug-in, as it was when the campaign began; its name is enough where it is installed."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """The fields of `BasicFunction` that are no code."""

    name: str
    title: str
    family: FunctionFamily
    numpy: str
    latex: str
    half_width: Annotated[float, Field(gt=0)]
    source: str
    where: tuple[str, ...] = ()
    multimodal: bool = False
    separable: bool = False
    smooth: bool = True
    conditioning: Annotated[float, Field(ge=1)] = 1.0


def function_named(name: str) -> BasicFunction:
    """The basic function of this name, of this package or of a plug-in.

    Raises:
        LlamocoError: there is none, or the plug-in's files are wrong.
    """
    known = FUNCTION_BY_NAME.get(name)
    return plugin_function(name) if known is None else known


@functools.cache
def plugin_function(name: str) -> BasicFunction:
    """The basic function that a plug-in of this name brings.

    Raises:
        LlamocoError: no package brings it, or its files are wrong.
    """
    plugin = brought(FUNCTION, name)
    check_free(plugin, FUNCTION_BY_NAME)
    entry = entry_of(plugin, _Entry)
    entry = replace(entry, numpy=entry.numpy.strip())
    return BasicFunction(kernel=defined_in(plugin), **asdict(entry))
