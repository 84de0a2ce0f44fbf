"""Makes the page from the numbers: one HTML text that contains its style and script, and loads nothing."""

import base64
import functools
import hashlib
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from llamoco_data.plurals import counted
from llamoco_data.report import bars, sentences, wording
from llamoco_data.report.histogram import histogram
from llamoco_data.report.numbers import CampaignReport
from llamoco_data.report.plot import curve_classes, curves_plot
from llamoco_data.report.scales import whole_decades
from llamoco_data.statements import python_source

MARK = b'<meta name="generator" content="llamoco-data report">'
"""Marker near the beginning of every page, by which an earlier report is recognised."""

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
    style, script = _file("page.css"), _file("page.js")
    values = {
        "report": report,
        "mark": Markup(MARK.decode()),
        "style": Markup(style),
        "style_hash": _hash(style),
        "script": Markup(script),
        "script_hash": _hash(script),
        "cost_scale": whole_decades(cost.median_us for cost in report.campaign.costs if cost.median_us),
        "largest_drop": max([row.drop for row in report.contributions if row.drop > 0], default=1.0),
    }
    return _environment().get_template("page.html").render({**_FUNCTIONS, **values})


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("llamoco_data.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "breakable": wording.breakable,
        "core_time": wording.core_time,
        "count": wording.count,
        "fine_score": wording.fine_score,
        "large": wording.large,
        "measured": wording.measured,
        "plain": wording.plain,
        "score": wording.score,
        "settings": wording.settings,
        "slug": wording.slug,
    }
    return environment


def _file(name: str) -> str:
    return resources.files("llamoco_data.report").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """The hash of an inline text, in the form of a content security policy."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
