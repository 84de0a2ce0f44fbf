"""What of an export is published: its card and the Parquet files that the card names, after a look at both."""

import re
from collections.abc import Sequence
from pathlib import Path

from llamoco_data.export.card import CARD_FILE, UNKNOWN_LICENSE, card_number, is_card
from llamoco_data.files import Place, files_at, local_folder
from llamoco_data.folders import not_a
from llamoco_data.hub import HubFile, hub_file
from llamoco_data.identity import LlamocoError
from llamoco_data.instruction_set import shard_names

_DIGEST = re.compile(r"-([0-9a-f]{12})\.parquet$")
"""Beginning of the SHA-256 in a shard's name."""
_NAMED = re.compile(r"^ +- (data/\S+)$", re.MULTILINE)
_LICENSE = re.compile(r"^license: (\S+)$", re.MULTILINE)


def published_files(export: Place) -> tuple[HubFile, ...]:
    """The card and the Parquet files of the newest snapshot, under the paths that the card gives them.

    Raises:
        LlamocoError: the folder holds no export, or a file of it is missing, damaged or not of its card.
    """
    folder = local_folder(export)
    if not is_card(folder / CARD_FILE):
        raise not_a("an export", export, "holds no export")
    card = hub_file(CARD_FILE, folder / CARD_FILE)
    shards = [hub_file(f"data/{Path(name).name}", folder / name) for name in shard_names(files_at(folder))]
    for shard in shards:
        named = _DIGEST.search(shard.path)
        if named and not shard.sha256.startswith(named[1]):
            raise LlamocoError(f"{shard.content} is damaged; export again, or restore it from a copy")
    _check_named(folder, {shard.path for shard in shards})
    return (card, *shards)


def title_of(export: Place) -> str:
    """The title of the commit that publishes an export."""
    return f"LLaMoCo instruction set, snapshot {card_number(local_folder(export) / CARD_FILE)}"


def remarks_on(export: Place) -> Sequence[str]:
    """What the card of an export leaves open, in words."""
    license_ = _LICENSE.search(_header(local_folder(export)))
    if license_ and license_[1] != UNKNOWN_LICENSE:
        return ()
    return (f"a license: {CARD_FILE} names none that is known; write it there before you publish",)


def _check_named(folder: Path, there: set[str]) -> None:
    """Checks that the card names just the files that are there.

    Raises:
        LlamocoError: it names others.
    """
    named = set(_NAMED.findall(_header(folder)))
    if named != there:
        other = min(named ^ there)
        what = "lacks" if other in named else "holds, and its card does not name,"
        raise LlamocoError(f"{folder} {what} {other}; export again, or restore it from a copy")


def _header(folder: Path) -> str:
    """The YAML header of the card, as its text: the card was written by an export, a line for each file."""
    return (folder / CARD_FILE).read_text(encoding="utf-8").partition("\n---\n")[0]
