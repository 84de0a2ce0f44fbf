"""Checks whether a campaign folder or an export is intact and consistent; it changes nothing."""

from collections import Counter
from collections.abc import Iterator

from llamoco_data.files import Place, files_at
from llamoco_data.folders import content_of, not_a
from llamoco_data.instruction_set import SNAPSHOTS
from llamoco_data.verification.campaigns import verify_campaign
from llamoco_data.verification.exports import verify_export
from llamoco_data.verification.finding import Finding

__all__ = ["Finding", "verify"]


def verify(folder: Place, *, sample: int, checked: Counter[str]) -> Iterator[Finding]:
    """What is wrong with a campaign folder or an export, with notes on what is odd but harmless.

    Args:
        sample: most runs to make again and compare; for an export, most rows whose programs to run.
        checked: filled with the number of things checked, by kind.

    Raises:
        LlamocoError: the folder holds neither, or cannot be read.
    """
    place, content = files_at(folder), content_of(folder)
    if content is not None and content.name not in ("a campaign", "an export"):
        raise not_a("a campaign or an export", folder, "")
    if place.names("data") or place.names(SNAPSHOTS):
        yield from verify_export(place, sample, checked)
    elif {"campaign.json", "runs"} & set(place.names()):
        yield from verify_campaign(folder, sample, checked)
    else:
        raise not_a("a campaign or an export", folder, "holds no campaign and no export; give the folder of one")
