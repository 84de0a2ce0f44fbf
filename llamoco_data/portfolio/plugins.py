"""Optimizers that other packages bring: each is a program file and a catalogue entry, named by an entry point.

An entry point of the group `llamoco.optimizers` has the optimizer's name, and as its value the package that holds the
program, NAME.py, and its entry in the catalogue, NAME.toml. Nothing of the package is imported.
"""

import functools
import importlib.util
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib import metadata
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from llamoco_data.identity import LlamocoError
from llamoco_data.portfolio.optimizer import Optimizer

GROUP = "llamoco.optimizers"
"""Group of the entry points."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """An optimizer of another package."""

    optimizer: Optimizer
    program: Path
    """File of its program."""
    package: str


@functools.cache
def plugins() -> Mapping[str, Plugin]:
    """The optimizers of all installed packages by name; one that cannot be read is left out, and `plugin` says why."""
    found: dict[str, Plugin] = {}
    for name in sorted(_entries()):
        try:
            found[name] = plugin(name)
        except LlamocoError:
            continue
    return found


def plugin(name: str) -> Plugin:
    """An optimizer of an installed package.

    Raises:
        LlamocoError: no package brings it, or its files are missing or wrong.
    """
    packages = _entries().get(name, [])
    if not packages:
        there = ", ".join(sorted(_entries())) or "none"
        raise LlamocoError(f"no installed package brings an optimizer {name!r} (group {GROUP}); there are: {there}")
    if len(packages) > 1:
        raise LlamocoError(f"{name!r} is brought by several packages, {' and '.join(packages)}; uninstall all but one")
    folder = _folder_of(packages[0])
    program, entry = folder / f"{name}.py", folder / f"{name}.toml"
    for file in (program, entry):
        if not file.is_file():
            raise LlamocoError(f"the package {packages[0]} of the optimizer {name!r} has no file {file.name}")
    try:
        given = tomllib.loads(entry.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LlamocoError(f"{entry} is no TOML: {error}") from None
    return Plugin(_optimizer(name, given, entry), program, packages[0])


def _entries() -> Mapping[str, list[str]]:
    """Name of each optimizer -> the packages that bring it."""
    found: dict[str, set[str]] = {}
    for entry in metadata.entry_points(group=GROUP):
        found.setdefault(entry.name, set()).add(entry.value)
    return {name: sorted(packages) for name, packages in found.items()}


def _folder_of(package: str) -> Path:
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise LlamocoError(
            f"the package {package} of an entry point in {GROUP} cannot be found; reinstall or remove it"
        )
    return Path(spec.submodule_search_locations[0])


def _optimizer(name: str, given: Mapping[str, object], entry: Path) -> Optimizer:
    known = [field.name for field in fields(Optimizer) if field.name != "name"]
    unknown = [key for key in given if key not in known]
    if unknown:
        raise LlamocoError(f"{entry}: {unknown[0]}: unknown; an entry has {', '.join(known)}")
    try:
        return TypeAdapter(Optimizer).validate_json(json.dumps({"name": name, **given}, default=str), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(each) for each in first["loc"])
        raise LlamocoError(f"{entry}: {place}: {first['msg'].lower()}") from None
