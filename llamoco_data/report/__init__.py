"""One self-contained HTML page on a campaign folder: who wins where, by how much, how surely, and at what cost."""

from llamoco_data.report.writing import Reported, write_report

__all__ = ["Reported", "write_report"]
