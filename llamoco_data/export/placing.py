"""Puts a finished set into its export folder: first as a numbered snapshot, then as the newest set.

A snapshot is there wholly or not at all. If the process dies in between, the set that was the newest stays readable,
and the next export brings `data/` and the card to the newest snapshot. No snapshot is ever changed or removed.
"""

import contextlib
import fcntl
import filecmp
import os
import shutil
import tempfile
from collections.abc import Generator, Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from llamoco_data.export.card import CARD_FILE, card_number, is_card
from llamoco_data.export.shards import SHARD_NAME, sha256_of, shard_of
from llamoco_data.files import files_at
from llamoco_data.identity import LlamocoError
from llamoco_data.instruction_set import (
    MANIFEST_FILE,
    SNAPSHOTS,
    SnapshotManifest,
    shard_names,
    snapshot_folder,
    snapshot_manifest,
    snapshot_numbers,
)

CHANGES = "changes"
"""Folder of the differences between snapshots."""
_PARTIAL = ".partial-"


def check_place(target: Path) -> None:
    """Checks that a set may be exported to a folder.

    Raises:
        LlamocoError: something lies there that no export has written.
    """
    if not target.exists():
        return
    if not target.is_dir():
        raise LlamocoError(f"{target} is a file; choose a new folder for the export")
    is_export = is_card(target / CARD_FILE) or (target / SNAPSHOTS).is_dir()
    files = (file.relative_to(target) for file in target.rglob("*") if file.is_file())
    others = sorted(str(name) for name in files if not (is_export and _is_ours(name)))
    if others:
        raise LlamocoError(
            f"{target} holds other files, {others[0]} for one, which an export must not replace; "
            "choose a new or empty folder"
        )


def check_data(target: Path) -> None:
    """Checks that the data of an export can be replaced by that of another snapshot.

    Raises:
        LlamocoError: beside its files lies one that no export has written.
    """
    strange = sorted(file.name for file in (target / "data").glob("*") if not _is_ours(Path("data", file.name)))
    if strange:
        raise LlamocoError(f"{target / 'data'} holds other files, {strange[0]} for one; move them elsewhere")


def kept_numbers(target: Path) -> list[int]:
    """Snapshot numbers of an export folder, including the one that an unnumbered set would get."""
    numbers = snapshot_numbers(files_at(target))
    return numbers or ([card_number(target / CARD_FILE)] if is_card(target / CARD_FILE) else [])


@contextlib.contextmanager
def writing(target: Path) -> Generator[None]:
    """Makes the export folder and holds it for this process; a new folder that stays empty is removed afterwards.

    Raises:
        LlamocoError: something could not be written, or another process is exporting to the folder.
    """
    made = [folder for folder in (target / SNAPSHOTS, target) if not folder.exists()]
    try:
        (target / SNAPSHOTS).mkdir(parents=True, exist_ok=True)
        with _held(target / SNAPSHOTS):
            for left in (target / SNAPSHOTS).glob(f"{_PARTIAL}*"):
                shutil.rmtree(left)
            yield
    except OSError as error:
        raise LlamocoError(
            f"cannot write the export to {target}: {error.strerror or error}; what was there can be read as before, "
            "run the same command again when that is mended"
        ) from error
    finally:
        for folder in made:
            with contextlib.suppress(OSError):
                folder.rmdir()


@contextlib.contextmanager
def scratch(target: Path) -> Generator[Path]:
    """A folder in which to make a snapshot; it is removed afterwards, whatever happens."""
    folder = Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=target / SNAPSHOTS))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def keep_unnumbered(target: Path) -> None:
    """Makes a snapshot of a set that was exported before there were numbers, or whose hidden files were not copied.

    Files of more than one set make no snapshot.

    Raises:
        LlamocoError: one of its files is damaged.
    """
    if snapshot_numbers(files_at(target)) or not is_card(target / CARD_FILE):
        return
    try:
        names = shard_names(files_at(target))
    except LlamocoError:
        return
    with scratch(target) as folder:
        (folder / "data").mkdir()
        shards = []
        for file in sorted(target / name for name in names):
            name = SHARD_NAME.fullmatch(file.name)
            if name is None:
                continue
            link(file, folder / "data" / file.name)
            shards.append(shard_of(folder, f"data/{file.name}", name[1], _num_rows(file)))
        if not shards:
            return
        shutil.copyfile(target / CARD_FILE, folder / CARD_FILE)
        rows = {shard.split: 0 for shard in shards}
        for shard in shards:
            rows[shard.split] += shard.rows
        manifest = SnapshotManifest(
            number=card_number(target / CARD_FILE),
            previous=None,
            origin=None,
            shards=tuple(shards),
            rows=rows,
            card_sha256=sha256_of(folder / CARD_FILE),
        )
        commit(folder, target, manifest)


def newest_manifest(target: Path) -> SnapshotManifest:
    """The manifest of the newest snapshot of an export, which gets a number where it had none.

    Raises:
        LlamocoError: the files are not one set with its card, or one of them is damaged.
    """
    keep_unnumbered(target)
    numbers = snapshot_numbers(files_at(target))
    if not numbers:
        raise LlamocoError(
            f"{target} lacks the card of its set, {CARD_FILE}, or holds files of several sets; copy the whole export, "
            "or export its campaign again"
        )
    return snapshot_manifest(files_at(target), numbers[-1])


def commit(folder: Path, target: Path, manifest: SnapshotManifest) -> None:
    """Makes a scratch folder a snapshot, which is on disk when this returns.

    A shard that an earlier snapshot holds under any name is not stored again, but linked.
    """
    known: dict[str, Path] = {}
    place = files_at(target)
    for number in snapshot_numbers(place):
        with contextlib.suppress(LlamocoError):
            for shard in snapshot_manifest(place, number).shards:
                known[shard.sha256] = target / snapshot_folder(number) / shard.path
    for shard in manifest.shards:
        if shard.sha256 in known:
            _share(folder / shard.path, known[shard.sha256])
    (folder / MANIFEST_FILE).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
    _sync((*folder.rglob("*"), folder))
    folder.rename(target / snapshot_folder(manifest.number))
    _sync([target / SNAPSHOTS])


def mend(folder: Path, target: Path, manifest: SnapshotManifest) -> None:
    """Replaces damaged and missing files of a snapshot by those of a scratch folder with the same set."""
    home = target / snapshot_folder(manifest.number)
    for name in (*(shard.path for shard in manifest.shards), CARD_FILE):
        if not _same(folder / name, home / name):
            _sync([folder / name])
            (home / name).parent.mkdir(exist_ok=True)
            (folder / name).replace(home / name)


def publish(target: Path, number: int) -> None:
    """Brings `data/` and the card to a snapshot.

    The card names every file, and a file's name has its digest. So a reader that goes by the card sees the former set
    until the card is replaced, and then the new one.
    """
    home, data = target / snapshot_folder(number), target / "data"
    data.mkdir(exist_ok=True)
    shards = sorted((home / "data").iterdir())
    for shard in shards:
        _put(shard, data / shard.name)
    if not _same(home / CARD_FILE, target / CARD_FILE):
        part = target / f".{CARD_FILE}.part"
        shutil.copyfile(home / CARD_FILE, part)
        _sync([part])
        part.replace(target / CARD_FILE)
    names = {shard.name for shard in shards}
    for file in data.iterdir():
        if file.name not in names:
            file.unlink()
    _sync([data, target])


def put_changes(folder: Path, target: Path, since: int, to: int) -> Path:
    """Puts a scratch folder in its place as the changes between two snapshots; one that is there holds the same."""
    place = target / CHANGES / f"{since:04}-{to:04}"
    place.parent.mkdir(exist_ok=True)
    if place.exists():
        shutil.rmtree(place)
    _sync((*folder.rglob("*"), folder))
    folder.rename(place)
    return place


def link(source: Path, place: Path) -> None:
    """The same file under another name; a copy, where the file system has no hard links."""
    try:
        os.link(source, place)
    except FileExistsError:
        raise
    except OSError:
        shutil.copyfile(source, place)


def _is_ours(name: Path) -> bool:
    match name.parts:
        case (card,):
            return card in {CARD_FILE, f".{CARD_FILE}.part"}
        case ("data", file):
            return SHARD_NAME.fullmatch(file.removeprefix(".").removesuffix(".part")) is not None
        case _:
            return name.parts[0] in {SNAPSHOTS, CHANGES}


def _put(source: Path, place: Path) -> None:
    if place.exists() and place.samefile(source):
        return
    part = place.with_name(f".{place.name}.part")
    part.unlink(missing_ok=True)
    link(source, part)
    part.replace(place)


def _share(new: Path, old: Path) -> None:
    if not _same(new, old):
        return
    new.unlink()
    link(old, new)


def _same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and filecmp.cmp(one, other, shallow=False)


def _num_rows(file: Path) -> int:
    try:
        return pq.read_metadata(file).num_rows
    except pa.ArrowException:
        raise LlamocoError(f"{file} is damaged; restore it from a copy, or choose another folder") from None


@contextlib.contextmanager
def _held(folder: Path) -> Generator[None]:
    """An advisory lock that ends with the process; where the file system has none, nothing is held."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise LlamocoError(f"another process is exporting to {folder.parent}; wait until it ends") from None
    except OSError:
        pass
    try:
        yield
    finally:
        os.close(descriptor)


def _sync(paths: Iterable[Path]) -> None:
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
