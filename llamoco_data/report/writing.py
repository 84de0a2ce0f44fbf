"""Writes the page of a campaign folder, wholly or not at all; it replaces nothing but an earlier page."""

from dataclasses import dataclass
from pathlib import Path

from llamoco_data.files import Place, folder_name
from llamoco_data.report.document import check_place, put
from llamoco_data.report.numbers import CampaignReport, campaign_report
from llamoco_data.report.page import page
from llamoco_data.report.reading import read_judged


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
    target = check_place(file)
    report = campaign_report(read_judged(folder, processes))
    return Reported(file, put(target, page(report)), report)
