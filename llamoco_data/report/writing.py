"""Writes the page of a campaign folder: wholly or not at all, and over nothing but an earlier page."""

from dataclasses import dataclass
from pathlib import Path

from llamoco_data.files import LocalFiles, Place, folder_name, local_folder
from llamoco_data.identity import LlamocoError
from llamoco_data.report.numbers import CampaignReport, campaign_report
from llamoco_data.report.page import MARK, page
from llamoco_data.report.reading import read_judged

_MARK_WITHIN = 1_000
"""Bytes at the beginning of a page that hold its mark."""


@dataclass(frozen=True, slots=True)
class Reported:
    """A page in its place."""

    file: Path
    size_bytes: int
    report: CampaignReport


def write_report(folder: Place, out: Place | None = None, *, processes: int | None = None) -> Reported:
    """Writes the page; it is a function of the folder's content alone, so written twice it has the same bytes.

    Args:
        out: the file. Default: the folder's name and `-report.html`, in the current folder.
        processes: number of processes that judge problems; see `export`.

    Raises:
        LlamocoError: the folder holds no campaign, or no run yet, or is damaged; or the place is taken by something
            else, or cannot be written; or a process died.
    """
    file = Path(f"{folder_name(folder)}-report.html") if out is None else Path(out)
    target = local_folder(file)
    _check_place(target)
    report = campaign_report(read_judged(folder, processes))
    data = page(report).encode()
    LocalFiles(target.parent).replace(target.name, data)
    return Reported(file, len(data), report)


def _check_place(target: Path) -> None:
    advice = "name another file with --out FILE.html"
    if target.exists() and not target.is_file():
        raise LlamocoError(f"{target} is {'a folder' if target.is_dir() else 'no plain file'}; {advice}")
    try:
        with target.open("rb") as file:
            ours = MARK in file.read(_MARK_WITHIN)
    except FileNotFoundError:
        return
    except OSError as error:
        raise LlamocoError(f"cannot read {target}: {error.strerror or error}; {advice}") from None
    if not ours:
        raise LlamocoError(f"{target} is no report, and a report must not replace it; {advice}")
