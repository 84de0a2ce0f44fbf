"""Marks in the rows of a table: bars, stacked bars, ranges and dots, as SVG that stretches with its cell.

Lengths are percentages, so that marks scale with the page, while text keeps its size.
"""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from llamoco_data.report.scales import LogScale
from llamoco_data.report.wording import count, score, slug, tick

_ROW = Markup('<svg class="row" role="img" aria-label="{label}">{marks}</svg>')
_LABEL_ROOM = 0.05
"""Share of a stacked bar that a number needs, plus as much for every three digits."""


def percent(part: float) -> str:
    """A share of a length as a percentage in SVG."""
    return f"{100 * part:.2f}".rstrip("0").rstrip(".") + "%"


def bar(family: str, part: float, pale_part: float, label: str) -> Markup:
    """A bar with two parts, given as shares of the row: one in full colour, then a pale one."""
    mark = Markup('<rect class="mark {family}{pale}" x="{x}" y="12%" width="{width}" height="76%"/>')
    marks = [
        mark.format(family=slug(family), pale=pale, x=percent(x), width=percent(width))
        for pale, x, width in (("", 0.0, part), (" pale", part, pale_part))
        if width > 0
    ]
    return _ROW.format(label=label, marks=Markup("").join(marks))


def stacked_bar(parts: Mapping[str, int], whole: int, *, numbers: bool = True) -> Markup:
    """One bar over the whole row with a part for each name; parts that are wide enough can show their numbers."""
    marks: list[Markup] = []
    x = 0.0
    for name, value in parts.items():
        if not value:
            continue
        width = value / whole
        marks.append(
            Markup(
                '<g class="part {name_slug}"><title>{name}: {value}</title>'
                '<rect class="mark {name_slug}" x="{x}" y="4%" width="{width}" height="92%"/>{text}</g>'
            ).format(
                name_slug=slug(name),
                name=name,
                value=count(value),
                x=percent(x),
                width=percent(width),
                text=_inside(x + width / 2, count(value), width) if numbers else "",
            )
        )
        x += width
    label = ", ".join(f"{name} {value:,}" for name, value in parts.items() if value)
    return _ROW.format(label=label, marks=Markup("").join(marks))


def _inside(x: float, text: str, width: float) -> Markup:
    """A number in the middle of its part; empty if it would not fit."""
    if width < _LABEL_ROOM * (1 + len(text) / 3):
        return Markup("")
    return Markup('<text class="inside" x="{x}" y="50%">{text}</text>').format(x=percent(x), text=text)


def range_row(family: str, low: float, high: float) -> Markup:
    """A line from a dot to an upright stroke, on an axis from 0 to 1."""
    marks = Markup(
        '{grid}<line class="range {family}" x1="{low}" x2="{high}" y1="50%" y2="50%"/>'
        '<circle class="mark {family}" cx="{low}" cy="50%" r="5"/>'
        '<line class="end" x1="{high}" x2="{high}" y1="15%" y2="85%"/>'
    ).format(
        grid=_grid([0.0, 0.25, 0.5, 0.75, 1.0]),
        family=slug(family),
        low=percent(low),
        high=percent(high),
    )
    label = f"mean score {score(low)}, of the winners {score(high)}"
    return _ROW.format(label=label, marks=marks)


def dot_row(family: str, value: float, scale: LogScale, label: str) -> Markup:
    """A dot on a logarithmic axis."""
    marks = Markup('{grid}<circle class="mark {family}" cx="{x}" cy="50%" r="5"/>').format(
        grid=_grid([scale.place(digit * 10.0**power) for digit, power in scale.ticks(9)]),
        family=slug(family),
        x=percent(scale.place(value)),
    )
    return _ROW.format(label=label, marks=marks)


def share_axis() -> Markup:
    """The labels of an axis from 0 to 1, for the head of a column."""
    return _axis([(0.0, "0"), (0.5, "0.5"), (1.0, "1")])


def log_axis(scale: LogScale) -> Markup:
    """The labels of a logarithmic axis, for the head of a column."""
    return _axis([(scale.place(digit * 10.0**power), tick(digit, power)) for digit, power in scale.ticks(5)])


def _axis(ticks: Sequence[tuple[float, str]]) -> Markup:
    text = Markup('<text x="{x}" y="50%">{text}</text>')
    marks = Markup("").join(text.format(x=percent(x), text=label) for x, label in ticks)
    return Markup('<svg class="row axis" aria-hidden="true">{marks}</svg>').format(marks=marks)


def _grid(places: Sequence[float]) -> Markup:
    line = Markup('<line class="grid" x1="{x}" x2="{x}" y1="0" y2="100%"/>')
    return Markup("").join(line.format(x=percent(place)) for place in places)
