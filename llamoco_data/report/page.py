"""Makes the page of a campaign from its numbers."""

from collections.abc import Mapping
from types import MappingProxyType

from llamoco_data.plurals import counted
from llamoco_data.report import bars, sentences, wording
from llamoco_data.report.document import document
from llamoco_data.report.histogram import histogram
from llamoco_data.report.numbers import CampaignReport
from llamoco_data.report.plot import curve_classes, curves_plot
from llamoco_data.report.scales import whole_decades
from llamoco_data.statements import python_source

_FUNCTIONS: Mapping[str, object] = MappingProxyType(
    {
        "bar": bars.bar,
        "counted": counted,
        "curve_classes": curve_classes,
        "curves_plot": curves_plot,
        "dot_row": bars.dot_row,
        "fates": sentences.fates,
        "histogram": histogram,
        "in_order": sentences.in_order,
        "log_axis": bars.log_axis,
        "problem_facts": sentences.problem_facts,
        "problem_label": sentences.problem_label,
        "range_row": bars.range_row,
        "python_source": python_source,
        "sections": sentences.sections,
        "share": wording.share,
        "share_axis": bars.share_axis,
        "stacked_bar": bars.stacked_bar,
    }
)
"""Functions that the template calls."""


def page(report: CampaignReport) -> str:
    """The page; equal reports give equal texts."""
    values = {
        "report": report,
        "cost_scale": whole_decades(cost.median_us for cost in report.campaign.costs if cost.median_us),
        "largest_drop": max([row.drop for row in report.contributions if row.drop > 0], default=1.0),
    }
    return document("llamoco_data.report", "page.html", {**_FUNCTIONS, **values})
