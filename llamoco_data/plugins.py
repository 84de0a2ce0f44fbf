"""What other packages bring, found by entry points: the one loader of every kind of plug-in.

An entry point has the name of what it brings, and as its value the package that holds its files: NAME.toml, and beside
it what its kind needs. The files are read where something names them; nothing is imported here.
"""

import functools
import importlib.util
import inspect
import json
import sys
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, fields
from importlib import metadata
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BeforeValidator, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from llamoco_data.identity import LlamocoError, Record, digest

Group = Literal["llamoco.optimizers", "llamoco.suites", "llamoco.wordings", "llamoco.functions", "llamoco.constraints"]
"""Group of the entry points of a kind."""
Content = TypeVar("Content")


NO_PLUGIN = "no_plugin"
"""Type of the validation error that a field of pinned plug-ins gives where none has the name that was given."""


class PluginMissing(LlamocoError):
    """What was made with a plug-in cannot be gone on with here, because the plug-in is not installed or is another."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of plug-in."""

    group: Group
    noun: str
    """What it is called in messages, with its article."""
    suffixes: tuple[str, ...]
    """Endings of the files that one plug-in consists of, the entry in TOML first."""


OPTIMIZER = Kind("llamoco.optimizers", "an optimizer", (".toml", ".py"))
SUITE = Kind("llamoco.suites", "a suite", (".toml",))
WORDING = Kind("llamoco.wordings", "a wording", (".toml",))
FUNCTION = Kind("llamoco.functions", "a basic function", (".toml", ".py"))
CONSTRAINT = Kind("llamoco.constraints", "a constraint form", (".toml", ".py"))
KINDS: Mapping[Group, Kind] = {kind.group: kind for kind in (OPTIMIZER, SUITE, WORDING, FUNCTION, CONSTRAINT)}


class Pinned(Record):
    """A plug-in as it was when something was made with it."""

    group: Group
    """Group of its entry point."""
    name: str
    package: str
    """Package that brings it, by the name under which it is installed."""
    content: str
    """Digest of its files."""


@dataclass(frozen=True, slots=True)
class Brought:
    """A plug-in of an installed package."""

    kind: Kind
    name: str
    package: str
    """Package that brings it, by the name under which it is installed."""
    folder: Path
    """Folder of its files."""

    def file(self, suffix: str) -> Path:
        """Its file with this ending.

        Raises:
            LlamocoError: there is none.
        """
        path = self.folder / f"{self.name}{suffix}"
        if not path.is_file():
            raise LlamocoError(f"the package {self.package} of {self.called} has no file {path.name}")
        return path

    @property
    def called(self) -> str:
        """What a message calls it."""
        return _called(self.kind, self.name)

    @property
    def pinned(self) -> Pinned:
        """What is written down of it where something is made with it.

        Raises:
            LlamocoError: one of its files is missing.
        """
        content = digest([self.file(suffix).read_text(encoding="utf-8") for suffix in self.kind.suffixes])
        return Pinned(group=self.kind.group, name=self.name, package=self.package, content=content)


def names_of(kind: Kind) -> tuple[str, ...]:
    """Names of the plug-ins of a kind that installed packages bring, in alphabetical order."""
    return tuple(sorted({entry.name for entry in metadata.entry_points(group=kind.group)}))


def brought(kind: Kind, name: str) -> Brought:
    """The plug-in of this name.

    Raises:
        LlamocoError: no installed package brings it, several do, or its package cannot be found.
    """
    entries = {entry.value: entry for entry in metadata.entry_points(group=kind.group) if entry.name == name}
    if not entries:
        there = ", ".join(names_of(kind)) or "none"
        raise LlamocoError(f"no installed package brings {kind.noun} {name!r} (group {kind.group}); there are: {there}")
    if len(entries) > 1:
        packages = " and ".join(sorted(entries))
        raise LlamocoError(f"{name!r} is brought by several packages, {packages}; uninstall all but one")
    ((module, entry),) = entries.items()
    package = entry.dist.name if entry.dist else module
    return Brought(kind, name, package, _folder_of(module, kind))


def installed(kind: Kind) -> Iterator[Pinned]:
    """The plug-ins of a kind as they are installed here; those whose files are missing are left out."""
    for name in names_of(kind):
        there = _installed(kind.group, name)
        if there is not None:
            yield there[1]


def named(kind: Kind) -> BeforeValidator:
    """Lets a field of pinned plug-ins be given by name: what is installed here under that name is written down."""

    def pinned(given: object) -> object:
        if not isinstance(given, str):
            return given
        try:
            return brought(kind, given).pinned
        except LlamocoError as error:
            raise PydanticCustomError(NO_PLUGIN, "{why}", {"why": str(error)}) from None

    return BeforeValidator(pinned)


def required(pinned: Pinned) -> Brought:
    """The plug-in that something was made with.

    Raises:
        PluginMissing: it is not installed here, or is another here.
    """
    kind, there = KINDS[pinned.group], _installed(pinned.group, pinned.name)
    called = f"the {_called(kind, pinned.name)}"
    if there is None:
        raise PluginMissing(f"{called} is of the package {pinned.package}, which is not installed here; install it")
    if there[1] != pinned:
        raise PluginMissing(
            f"{called} of the package {there[1].package} is another here than the one that this was made with; "
            f"install the version of {pinned.package} that brought it"
        )
    return there[0]


def defined_in(plugin: Brought) -> Callable[..., float]:
    """The function with the plug-in's name in its Python file, which is executed as a module of its own.

    Raises:
        LlamocoError: the file is missing, does not load, or defines no such function.
    """
    file = plugin.file(".py")
    module = f"llamoco_plugin_{plugin.kind.group.rpartition('.')[2]}_{plugin.name}"
    spec = importlib.util.spec_from_file_location(module, file)
    assert spec is not None, "the name of a Python file has a loader"
    assert spec.loader is not None, "the name of a Python file has a loader"
    # What numba has compiled and cached looks for the module by its name.
    sys.modules[module] = loaded = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(loaded)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the file is somebody's, and may raise anything
        raise LlamocoError(f"{file}: it does not load: {type(error).__name__}: {error}") from None
    function: object = vars(loaded).get(plugin.name)
    if not inspect.isfunction(function):
        raise LlamocoError(f"{file}: it defines no function {plugin.name}")
    return function


def _called(kind: Kind, name: str) -> str:
    return f"{kind.noun.partition(' ')[2]} {name!r}"


@functools.cache
def _installed(group: Group, name: str) -> tuple[Brought, Pinned] | None:
    try:
        there = brought(KINDS[group], name)
        return there, there.pinned
    except LlamocoError:
        return None


def forget() -> None:
    """Lets the next call look anew at what is installed."""
    _installed.cache_clear()


def entry_of(plugin: Brought, kind: type[Content]) -> Content:
    """The entry in the plug-in's TOML file, as a dataclass whose `name` is the plug-in's.

    Raises:
        LlamocoError: the file is missing, is no TOML, or has an unknown field or one of another type.
    """
    file = plugin.file(".toml")
    try:
        given = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LlamocoError(f"{file} is no TOML: {error}") from None
    known = [each for each in _fields_of(kind) if each != "name"]
    unknown = [key for key in given if key not in known]
    if unknown:
        raise LlamocoError(f"{file}: {unknown[0]}: unknown; an entry has {', '.join(known)}")
    try:
        whole = json.dumps({"name": plugin.name, **given}, default=str)
        return TypeAdapter(kind).validate_json(whole, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(each) for each in first["loc"])
        raise LlamocoError(f"{file}: {place}: {first['msg'].lower()}") from None


def check_free(plugin: Brought, taken: Collection[str]) -> None:
    """Checks that a plug-in has a name of its own.

    Raises:
        LlamocoError: the name is that of something in this package.
    """
    if plugin.name in taken:
        raise LlamocoError(
            f"the package {plugin.package} brings {plugin.kind.noun} with a name that this program has: {plugin.name}; "
            "rename it there"
        )


def _fields_of(kind: type[Content]) -> Iterator[str]:
    return (field.name for field in fields(kind))  # pyright: ignore[reportArgumentType] - a dataclass


def _folder_of(module: str, kind: Kind) -> Path:
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise LlamocoError(
            f"the package {module} of an entry point in {kind.group} cannot be found; reinstall or remove it"
        )
    return Path(spec.submodule_search_locations[0])
