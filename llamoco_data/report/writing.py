"""Writes the page of a campaign folder, wholly or not at all; it replaces nothing but an earlier page."""

from dataclasses import dataclass
from pathlib import Path

from llamoco_data.files import LocalFiles, Place, folder_name, local_folder
from llamoco_data.identity import LlamocoError
from llamoco_data.report.numbers import CampaignReport, campaign_report
from llamoco_data.report.page import MARK, page
from llamoco_data.report.reading import read_judged

_MARK_WITHIN = 1_000
"""Number of bytes at the beginning of a page that contain its mark."""


@dataclass(frozen=True, slots=True)
class Reported:
    """A page that was written."""

    file: Path
    size_bytes: int
    report: CampaignReport


def write_report(folder: Place, out: Place | None = None, *, processes: int | None = None) -> Reported:
    """Writes the page, which is a function of the folder's content alone: equal folders give equal bytes.

    Args:
        out: the file. Default: `NAME-report.html` in the current folder, after the name of the campaign folder.
        processes: number of processes that judge problems; see `export`.

    Raises:
        LlamocoError: the folder holds no campaign or no run yet, or is damaged; the file is something else than a
            report, or cannot be written; or a process died.
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
        raise LlamocoError(f"{target} is {'a folder' if target.is_dir() else 'not a plain file'}; {advice}")
    try:
        with target.open("rb") as file:
            ours = MARK in file.read(_MARK_WITHIN)
    except FileNotFoundError:
        return
    except OSError as error:
        raise LlamocoError(f"cannot read {target}: {error.strerror or error}; {advice}") from None
    if not ours:
        raise LlamocoError(f"{target} is not a report, and a report must not replace it; {advice}")
