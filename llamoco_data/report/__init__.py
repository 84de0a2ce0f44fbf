"""One self-contained HTML page about a campaign: which optimizers win where, by how much, how surely, at what cost."""

from llamoco_data.report.writing import Reported, write_report

__all__ = ["Reported", "write_report"]
