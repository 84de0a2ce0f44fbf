"""Verifies the numbered snapshots of an export: manifests, digests, and that `data/` is the newest of them."""

from collections import Counter
from collections.abc import Iterator

from llamoco_data.export.card import CARD_FILE
from llamoco_data.export.shards import SHARD_NAME
from llamoco_data.files import Files
from llamoco_data.identity import LlamocoError
from llamoco_data.instruction_set import (
    SNAPSHOTS,
    SnapshotManifest,
    snapshot_folder,
    snapshot_manifest,
    snapshot_numbers,
)
from llamoco_data.verification.finding import Finding

_RESTORE = "restore it from a copy, or remove the folder of that snapshot"
_AGAIN = "export the campaign again"


def verify_snapshots(place: Files, checked: Counter[str]) -> Iterator[Finding]:
    """What is wrong with the snapshots of an export; exports from before numbered snapshots have none."""
    numbers = snapshot_numbers(place)
    for name in sorted(set(place.names(SNAPSHOTS)) - {f"{number:04}" for number in numbers}):
        yield Finding(where=place.where(f"{SNAPSHOTS}/{name}"), what="is not a snapshot", advice="move it elsewhere")
    for number in numbers:
        checked["snapshots"] += 1
        try:
            manifest = snapshot_manifest(place, number)
        except LlamocoError as error:
            where, _, what = str(error).partition(" ")
            yield Finding(where=where, what=what.partition("; ")[0], advice=_RESTORE)
            continue
        yield from _check_snapshot(place, number, manifest)
        if number == numbers[-1]:
            yield from _check_newest(place, manifest)


def _check_snapshot(place: Files, number: int, manifest: SnapshotManifest) -> Iterator[Finding]:
    home = snapshot_folder(number)
    told = {shard.path: shard.sha256 for shard in manifest.shards} | {CARD_FILE: manifest.card_sha256}
    for path, sha256 in told.items():
        what = _wrong(place, f"{home}/{path}", sha256)
        if what:
            yield Finding(where=place.where(f"{home}/{path}"), what=what, advice=_RESTORE)
    if manifest.number != number:
        yield Finding(where=place.where(home), what=f"is snapshot {manifest.number} by its manifest", advice=_RESTORE)
    rows: Counter[str] = Counter()
    for shard in manifest.shards:
        rows[shard.split] += shard.rows
    if rows != Counter(manifest.rows):
        what = "has a manifest whose rows do not add up"
        yield Finding(where=place.where(home), what=what, advice=_RESTORE)


def _check_newest(place: Files, manifest: SnapshotManifest) -> Iterator[Finding]:
    """Checks that `data/` and the card are those of the newest snapshot; it reads no rows."""
    told = {shard.path.removeprefix("data/"): shard.sha256 for shard in manifest.shards}
    there = [name for name in place.names("data") if SHARD_NAME.fullmatch(name)]
    for name in sorted({*told, *there}):
        if name not in told:
            what = f"is not in snapshot {manifest.number}, the newest: an export was interrupted"
            yield Finding(where=place.where(f"data/{name}"), what=what, advice=_AGAIN)
            continue
        what = _wrong(place, f"data/{name}", told[name])
        if what:
            yield Finding(where=place.where(f"data/{name}"), what=what, advice=_AGAIN)
    if CARD_FILE in place.names() and _wrong(place, CARD_FILE, manifest.card_sha256):
        what = f"is not the card of snapshot {manifest.number}, the newest"
        yield Finding(where=place.where(CARD_FILE), what=what, advice=_AGAIN, note=True)


def _wrong(place: Files, path: str, sha256: str) -> str:
    try:
        same = place.sha256(path) == sha256
    except FileNotFoundError:
        return "is missing"
    return "" if same else "is damaged: its SHA-256 is not that of the manifest"
