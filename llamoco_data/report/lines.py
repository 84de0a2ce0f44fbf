"""Draws lines in steps over two axes, in a picture that is stretched to the page; ticks and text keep their size."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from llamoco_data.report.bars import percent
from llamoco_data.report.scales import LogScale
from llamoco_data.report.wording import tick

_UNITS = 1000
"""Width and height of the inner picture, in its own units."""

Ticks = Sequence[tuple[float, str]]
"""Places on an axis, from 0 to 1, with their labels."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line; its value holds until the next point."""

    number: int
    """Number by which rows of a table belong to it."""
    classes: str
    """Classes of the style sheet: colour, dash, role."""
    title: str
    points: Sequence[tuple[float, float]]
    """Places across and up, from 0 to 1; none for a line that is not drawn."""
    end_radius: int = 3
    """Radius of the dot at its end, in pixels."""


@dataclass(frozen=True, slots=True)
class Axes:
    """The axes of a plot."""

    across: Ticks
    up: Ticks
    across_title: str
    up_title: str


def lines_plot(name: str, label: str, lines: Sequence[Line], axes: Axes) -> Markup:
    """A plot; later lines are covered by earlier ones.

    Args:
        name: class of the plot in the style sheet.
        label: text for those who cannot see it.
    """
    return Markup(
        '<svg class="plot {name}" role="img" aria-label="{label}">{grid}{curves}'
        '<text class="axis-title" x="50%" y="100%" dy="38">{across}</text>'
        '<text class="axis-title y-title" x="0" y="0" dy="-10">{up}</text></svg>'
    ).format(
        name=name,
        label=label,
        grid=_grid(axes),
        curves=Markup("").join(_line(line) for line in reversed(lines)),
        across=axes.across_title,
        up=axes.up_title,
    )


def log_ticks(scale: LogScale, most: int) -> Ticks:
    """At most so many ticks of a logarithmic axis."""
    return [(scale.place(digit * 10.0**power), tick(digit, power)) for digit, power in scale.ticks(most)]


def _line(line: Line) -> Markup:
    if not line.points:
        return Markup("")
    steps: list[str] = []
    for across, up in line.points:
        x, y = round(_UNITS * across), round(_UNITS * (1 - up))
        steps.append(f"H{x}V{y}" if steps else f"M{x},{y}")
    last = line.points[-1]
    return Markup(
        '<g class="curve {classes}" data-curve="{number}"><title>{title}</title>'
        '<svg width="100%" height="100%" viewBox="0 0 {units} {units}" preserveAspectRatio="none">'
        '<path vector-effect="non-scaling-stroke" d="{path}"/></svg>'
        '<circle cx="{cx}" cy="{cy}" r="{r}"/></g>'
    ).format(
        classes=line.classes,
        number=line.number,
        title=line.title,
        units=_UNITS,
        path="".join(steps),
        cx=percent(last[0]),
        cy=percent(1 - last[1]),
        r=line.end_radius,
    )


def _grid(axes: Axes) -> Markup:
    level = Markup(
        '<line class="grid" x1="0" x2="100%" y1="{y}" y2="{y}"/><text class="y" x="-8" y="{y}">{value}</text>'
    )
    upright = Markup(
        '<line class="grid" x1="{x}" x2="{x}" y1="0" y2="100%"/><text class="x" x="{x}" y="100%" dy="18">{value}</text>'
    )
    lines = [level.format(y=percent(1 - place), value=label) for place, label in axes.up]
    lines += [upright.format(x=percent(place), value=label) for place, label in axes.across]
    return Markup("").join(lines)
