"""Checks the log of a campaign folder: its numbers and entries, and files that no entry names."""

import re
from collections.abc import Generator, Iterable, Iterator

from llamoco_data.files import Files
from llamoco_data.store import QUARANTINE
from llamoco_data.store.manifest import MANIFEST, Entry, StoredFile, name_of, read
from llamoco_data.verification.finding import Finding

KINDS = ("candidates", "problems", "runs")
_RESTORE = "restore it from a copy; otherwise runs that only this entry names are made again"


def check_log(place: Files) -> Generator[Finding, None, list[Entry]]:
    """Reports what is wrong with the log, and returns the entries that can be read."""
    names = place.names(MANIFEST)
    numbered = [name for name in names if re.fullmatch(r"\d{8}\.json", name)]
    for name in sorted(set(names) - set(numbered)):
        yield Finding(where=_path(place, name), what="is not an entry of the log", advice="move it elsewhere")
    last = int(numbered[-1][:8]) if numbered else 0
    for name in sorted({name_of(number) for number in range(1, last + 1)} - set(numbered)):
        yield Finding(where=_path(place, name), what="is missing from the log", advice=_RESTORE)
    log: list[Entry] = []
    for name, entry in zip(numbered, read(place, numbered), strict=True):
        if entry is None:
            yield Finding(where=_path(place, name), what="is damaged or of another version", advice=_RESTORE)
        else:
            log.append(entry)
    if not log and any(place.names(kind) for kind in KINDS):
        yield Finding(
            where=place.where(MANIFEST),
            what="is missing: without the log, no table is known",
            advice="copy the folder again, with its hidden files",
        )
    return log


def check_extra(place: Files, log: Iterable[Entry], files: Iterable[StoredFile]) -> Iterator[Finding]:
    """Notes on files that no entry names, and on files that were set aside."""
    known = {file.path for file in files}
    withdrawn = {path for entry in log for path in entry.withdrawn}
    for kind in KINDS:
        for path in (f"{kind}/{name}" for name in place.names(kind)):
            if path not in known:
                what = "was taken out of the log as missing" if path in withdrawn else "is in no entry of the log"
                advice = "no command reads it; leave it or delete it"
                yield Finding(where=place.where(path), what=what, advice=advice, note=True)
        for name in place.names(f"{QUARANTINE}/{kind}"):
            yield Finding(
                where=place.where(f"{QUARANTINE}/{kind}/{name}"),
                what="was found damaged and set aside",
                advice="its contents are made again; delete it once you know what damaged it",
                note=True,
            )


def _path(place: Files, name: str) -> str:
    return place.where(f"{MANIFEST}/{name}")
