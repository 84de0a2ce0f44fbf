"""Finds tables that are damaged or missing, and sets them aside: moved and withdrawn from the log, never deleted."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count

from llamoco_data.store.folder import Store
from llamoco_data.store.manifest import StoredFile

QUARANTINE = "quarantine"
_PARALLEL = 8
"""Number of files checked at once, since reading and hashing mostly wait for the storage."""


@dataclass(frozen=True, slots=True)
class Damage:
    """A file that the log names, and what is wrong with it."""

    file: StoredFile
    missing: bool
    """False if present but altered."""


def damaged(store: Store, among: Iterable[StoredFile] | None = None) -> Iterator[Damage]:
    """The files of a store that are missing or whose content does not have their SHA-256.

    On a file system this reads every byte; S3 is asked for the digests that it keeps.

    Raises:
        LlamocoError: a file cannot be read at all, which says nothing about its content.
    """
    files = store.files if among is None else tuple(among)

    def look(file: StoredFile) -> Damage | None:
        try:
            return None if store.place.sha256(file.path) == file.sha256 else Damage(file, missing=False)
        except FileNotFoundError:
            return Damage(file, missing=True)

    with ThreadPoolExecutor(_PARALLEL) as threads:
        yield from (damage for damage in threads.map(look, files) if damage is not None)


def set_aside(store: Store, damages: Iterable[Damage]) -> dict[str, str]:
    """Moves damaged files into quarantine and then withdraws them from the log.

    If the process dies in between, the files are missing, which the next process notes.

    Returns:
        path -> path in quarantine, empty for a missing file.

    Raises:
        LlamocoError: the folder cannot be written.
    """
    moved = {damage.file.path: "" if damage.missing else _moved(store, damage.file.path) for damage in damages}
    if moved:
        store.withdraw(moved)
    return moved


def _moved(store: Store, path: str) -> str:
    kind, _, name = path.partition("/")
    taken = set(store.place.names(f"{QUARANTINE}/{kind}"))
    free = next(new for new in (name if n == 0 else f"{name}.{n}" for n in count()) if new not in taken)
    store.place.move(path, f"{QUARANTINE}/{kind}/{free}")
    return f"{QUARANTINE}/{kind}/{free}"
