"""Executes the text of a program or a problem as a module of its own, with a file and its lines behind it.

A text can therefore do what any Python file can: define dataclasses, pickle what it defines, be inspected, cache what
it compiles. Every text is executed here, whoever wrote it, and nothing here confines it.
"""

import atexit
import contextlib
import fcntl
import functools
import importlib.util
import io
import linecache
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType
from typing import Literal

from llamoco_data.identity import digest

Kind = Literal["problem", "program", "statement"]

HASH_SEED = "0"
"""PYTHONHASHSEED of every process that executes texts, because results may depend on the order of a set."""
PREFIX = "llamoco-texts-"
"""Beginning of the name of each folder that holds the files of texts."""
MOST_KEPT = 256
"""Number of texts whose code and file are kept for the next execution; exceeded only by texts in use."""
STALE_S = 60.0
"""Age from which the folder of a killed process, which cannot remove it itself, is removed by another one."""


def execute(text: str, kind: Kind) -> "Executed":
    """Executes a text in a new module; equal texts share their file and compiled code, and nothing else.

    The module can be imported by its name, which is made of the kind and the text's digest, until it is forgotten.
    The first execution of a text costs about 0.3 ms besides its compilation, another one 50 us.

    Raises:
        BaseException: whatever compiling and executing the text raises.
    """
    shelf = _shelf(os.getpid())
    source = shelf.source(text, kind)
    spec = importlib.util.spec_from_file_location(source.name, source.file)
    assert spec is not None, "the name of a Python file has a loader"
    module = importlib.util.module_from_spec(spec)
    name, number = source.name, 1
    while sys.modules.setdefault(name, module) is not module:
        number += 1
        name = module.__name__ = f"{source.name}_{number}"
    source.uses += 1
    executed = Executed(vars(module), functools.partial(_forget, name, module, source))
    try:
        exec(source.code, executed.names)
    except BaseException:
        executed.forget()
        raise
    return executed


@dataclass(frozen=True, slots=True)
class Executed:
    """A text that was executed."""

    names: dict[str, object]
    """Names that the text defines; without the module only imports by its name fail, as pickle makes them."""
    forget: Callable[[], None]
    """Function that removes the module; to be called once, when the text is no longer needed."""


def readable(text: str) -> str:
    """A text as Python reads it from a file: without a byte order mark."""
    return text.removeprefix("\ufeff")


def folder() -> Path:
    """The folder in which this process keeps the files of texts."""
    return _shelf(os.getpid()).folder


@dataclass(slots=True)
class _Source:
    """What the executions of one text share."""

    name: str
    file: Path
    code: CodeType
    uses: int = 0
    """Number of executions that are not forgotten."""


@dataclass(frozen=True, slots=True)
class _Shelf:
    """The texts that one process keeps, the most recently used one last."""

    folder: Path
    sources: dict[tuple[Kind, str], _Source] = field(default_factory=dict)

    def source(self, text: str, kind: Kind) -> _Source:
        source = self.sources.pop((kind, text), None) or self._new(text, kind)
        self.sources[kind, text] = source
        if kind == "program":
            # Numba takes globals for constants, so what it has compiled for one problem must not serve another. A
            # longer comment at the end makes the file another one to it.
            with contextlib.suppress(OSError), source.file.open("ab") as file:
                file.write(b"#")
        return source

    def _new(self, text: str, kind: Kind) -> _Source:
        while len(self.sources) >= MOST_KEPT and self._drop_one():
            pass
        name = f"{kind}_{digest(text)}"
        file = self.folder / name / f"{name}.py"
        code = compile(readable(text), str(file), "exec", dont_inherit=True)
        with contextlib.suppress(OSError):  # on a full disk, only what needs the file itself fails
            file.parent.mkdir(exist_ok=True)
            file.write_text(f"{text}\n#", encoding="utf-8", newline="")
        lines = io.StringIO(readable(text), newline=None).readlines()
        linecache.cache[str(file)] = (len(text), None, lines, str(file))
        return _Source(name, file, code)

    def _drop_one(self) -> bool:
        """Drops the text that was used longest ago, unless all are in use."""
        key = next((key for key, source in self.sources.items() if not source.uses), None)
        if key is None:
            return False
        source = self.sources.pop(key)
        linecache.cache.pop(str(source.file), None)
        shutil.rmtree(source.file.parent, ignore_errors=True)
        return True


_settled: dict[int, _Shelf] = {}
"""Process -> the shelf that it was told to have."""


def settle(place: Path) -> None:
    """Has this process keep the files of texts in a new folder, which whoever started the process removes after it."""
    place.mkdir(0o700)
    _settled[os.getpid()] = _Shelf(place)


def _shelf(process: int) -> _Shelf:
    """The shelf of this process; a fork begins its own."""
    return _settled.get(process) or _own_shelf(process)


@functools.lru_cache(maxsize=1)
def _own_shelf(process: int) -> _Shelf:
    place = Path(tempfile.mkdtemp(prefix=PREFIX))
    lock = os.open(place / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)  # held as long as the process or a fork of it lives
    atexit.register(_remove, process, place)
    _sweep(place.parent)
    return _Shelf(place)


def _remove(process: int, place: Path) -> None:
    if os.getpid() == process:
        shutil.rmtree(place, ignore_errors=True)


def _sweep(parent: Path) -> None:
    """Removes the folders that killed processes of this user have left."""
    with os.scandir(parent) as entries:
        places = [Path(entry) for entry in entries if entry.name.startswith(PREFIX)]
    for place in places:
        with contextlib.suppress(OSError), (place / "lock").open("rb+") as lock:
            if time.time() - place.stat().st_mtime > STALE_S:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(place, ignore_errors=True)


def _forget(name: str, module: object, source: _Source) -> None:
    if sys.modules.get(name) is module:
        del sys.modules[name]
    source.uses -= 1
