"""Wordings that other packages bring: NAME.toml has the request. Each has numbers of its own, made of its content.

A campaign that names one takes it among its wordings; nothing else does. The same number is always the same request.
"""

import functools
from collections.abc import Iterable
from typing import Annotated, TypeAlias

from llamoco_data.identity import LlamocoError
from llamoco_data.plugins import WORDING, Pinned, brought, check_free, entry_of, installed, named, required
from llamoco_data.statements.wording import WORDINGS, Wording, filled

FIRST_BROUGHT = 2_000_000
"""From this wording on, requests are those of plug-ins."""
ROUNDS = 1_000
"""Number of wordings that open with one request of a plug-in, each with another text below it."""

PinnedWording: TypeAlias = Annotated[Pinned, named(WORDING)]
"""A wording of a plug-in, as it was when the campaign began; its name is enough where it is installed."""


def plugin_wording(name: str) -> Wording:
    """The wording that a plug-in of this name brings.

    Raises:
        LlamocoError: no package brings it, or its entry is wrong.
    """
    plugin = brought(WORDING, name)
    check_free(plugin, {wording.name for wording in WORDINGS})
    wording = entry_of(plugin, Wording)
    for rules in (wording.constrained, wording.free):
        try:
            filled(wording.text.replace("{rules}", rules), "1", 2, constrained=True)
        except (KeyError, IndexError, ValueError) as error:
            raise LlamocoError(
                f"{plugin.file('.toml')}: its braces are wrong ({type(error).__name__}: {error}); there are "
                "{interface}, {budget}, {dimension}, {problem} and, in `text` alone, {rules}"
            ) from None
    return wording


def wording_numbers(pinned: Iterable[Pinned]) -> tuple[int, ...]:
    """The first number of each wording of a plug-in; the `ROUNDS` numbers from there on open with the same request.

    Raises:
        PluginMissing: one is not installed here, or is another here.
        LlamocoError: one has a wrong entry, or two have the same number.
    """
    every = list(pinned)
    for one in every:
        required(one)
        plugin_wording(one.name)
    numbers = tuple(map(_number, every))
    if len(set(numbers)) < len(numbers):
        names = " and ".join(one.name for one in every if numbers.count(_number(one)) > 1)
        raise LlamocoError(f"{names} have the same number; change a letter in the text of one of them")
    return numbers


def brought_wording(number: int) -> Wording:
    """The wording of a plug-in with this number.

    Raises:
        LlamocoError: no wording that is installed here has it.
    """
    wording = _by_number().get(number - number % ROUNDS)
    if wording is None:
        raise LlamocoError(f"wording {number:,} is of a plug-in that is not installed here, or is another here")
    return wording


def forget() -> None:
    """Lets the next call look anew at what is installed."""
    _by_number.cache_clear()


@functools.cache
def _by_number() -> dict[int, Wording]:
    found: dict[int, Wording] = {}
    for pinned in installed(WORDING):
        try:
            found[_number(pinned)] = plugin_wording(pinned.name)
        except LlamocoError:
            continue
    return found


def _number(pinned: Pinned) -> int:
    return FIRST_BROUGHT + ROUNDS * int(pinned.content[:5], 16)
