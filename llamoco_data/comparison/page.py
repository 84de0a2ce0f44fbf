"""Makes the page about scores from its numbers."""

from collections.abc import Mapping
from math import log10
from types import MappingProxyType

from llamoco_data.comparison import charts, wording
from llamoco_data.comparison.numbers import Comparison
from llamoco_data.plurals import counted
from llamoco_data.report.bars import share_axis
from llamoco_data.report.document import document
from llamoco_data.report.wording import share, tick
from llamoco_data.scoring.metrics import TARGETS
from llamoco_data.scoring.page import budgets

_FUNCTIONS: Mapping[str, object] = MappingProxyType(
    {
        "attainment_plot": charts.attainment_plot,
        "budgets": budgets,
        "counted": counted,
        "curves_plot": charts.curves_plot,
        "decimals": wording.decimals,
        "effect": wording.effect,
        "failures": wording.failures,
        "in_percent": wording.in_percent,
        "interval_in_decimals": wording.interval_in_decimals,
        "interval_in_percent": wording.interval_in_percent,
        "interval_row": charts.interval_row,
        "mended": wording.mended,
        "p_value": wording.p_value,
        "repair_rounds": wording.repair_rounds,
        "repaired": wording.repaired,
        "problem_label": wording.problem_label,
        "profile_plot": charts.profile_plot,
        "shade": charts.shade,
        "share": share,
        "share_axis": share_axis,
    }
)
"""Functions that the template calls."""


def page(comparison: Comparison) -> str:
    """The page; equal comparisons give equal texts."""
    values = {
        "comparison": comparison,
        "headline": wording.headline(comparison),
        "palette": charts.palette_of(comparison),
        "sections": wording.sections(comparison),
        "targets": [tick(1, round(log10(target))) for target in TARGETS],
    }
    return document("llamoco_data.comparison", "scores.html", {**_FUNCTIONS, **values}, style="scores.css")
