"""Draws the page's charts: scores with their intervals, attainment, performance profiles, curves of a problem."""

from collections.abc import Mapping, Sequence

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from llamoco_data.comparison.anytime import FACTORS, SHARES, ProblemCurves
from llamoco_data.comparison.blocks import SINGLE_BEST, VIRTUAL_BEST
from llamoco_data.comparison.numbers import BlockNumbers, Comparison, Measure
from llamoco_data.report.bars import percent
from llamoco_data.report.curves import CurvePoint
from llamoco_data.report.lines import Axes, Line, lines_plot, log_ticks
from llamoco_data.report.scales import LogScale, log_scale

_COLOURS = 8
"""Number of colours of contenders in the style sheet."""
_TENTHS = [(0.0, "0"), (0.25, "25 %"), (0.5, "50 %"), (0.75, "75 %"), (1.0, "100 %")]

Palette = Mapping[str, str]
"""Classes of the style sheet by the name of a contender: its colour, and its dash where colours are used again."""


def palette_of(comparison: Comparison) -> Palette:
    """The same look for a contender everywhere; the ends of the gap are grey and black."""
    names = dict.fromkeys(row.name for block in comparison.blocks for row in block.rows)
    ends = {SINGLE_BEST: "single-best dash-0", VIRTUAL_BEST: "virtual-best dash-2"}
    others = [name for name in names if name not in ends]
    return ends | {name: f"contender-{at % _COLOURS} dash-{at // _COLOURS % 7}" for at, name in enumerate(others)}


def interval_row(classes: str, measure: Measure) -> Markup:
    """A bar from 0 to the value, and a line over its interval, on an axis from 0 to 1."""
    low, high = measure.interval or (measure.value, measure.value)
    label = f"score {measure.value:.3f}" + (f", 95 % interval {low:.3f} to {high:.3f}" if measure.interval else "")
    marks = Markup(
        '<rect class="mark pale {classes}" x="0" y="22%" width="{value}" height="56%"/>'
        '<line class="range whole {classes}" x1="{low}" x2="{high}" y1="50%" y2="50%"/>'
        '<circle class="mark {classes}" cx="{value}" cy="50%" r="4"/>'
    ).format(classes=classes, value=percent(measure.value), low=percent(low), high=percent(high))
    return Markup('<svg class="row" role="img" aria-label="{}">{}</svg>').format(label, marks)


def attainment_plot(block: BlockNumbers, palette: Palette) -> Markup:
    """The share of targets hit over the share of the budget spent, a line for each contender."""
    assert block.anytime is not None, "drawn only where the runs are known"
    scale = LogScale(float(SHARES[0]), 1.0)
    axes = Axes(log_ticks(scale, 6), _TENTHS, "evaluations, as a share of the budget", "targets hit")
    lines = _lines(block, palette, scale, SHARES, block.anytime.attained)
    return lines_plot("attained", f"Targets hit over the budget on {block.split}", lines, axes)


def profile_plot(block: BlockNumbers, palette: Palette) -> Markup:
    """The share of problems on which each contender is within a factor of the fastest."""
    assert block.anytime is not None, "drawn only where the runs are known"
    scale = LogScale(1.0, float(FACTORS[-1]))
    axes = Axes(log_ticks(scale, 6), _TENTHS, "factor of the fastest contender’s evaluations", "problems")
    lines = _lines(block, palette, scale, FACTORS, block.anytime.profile)
    return lines_plot("profile", f"Performance profile on {block.split}", lines, axes)


def _lines(
    block: BlockNumbers,
    palette: Palette,
    scale: LogScale,
    at_X: NDArray[np.float64],
    values: Mapping[str, NDArray[np.float64]],
) -> list[Line]:
    return [
        Line(
            number=number,
            classes=palette[row.name],
            title=row.name,
            points=_corners([scale.place(x) for x in at_X], values[row.name].tolist()),
        )
        for number, row in enumerate(block.rows)
    ]


def _corners(across: Sequence[float], up: Sequence[float]) -> list[tuple[float, float]]:
    """The points of a line in steps at which its value changes, and its end."""
    kept = [at for at in range(len(up)) if at in (0, len(up) - 1) or up[at] != up[at - 1]]
    return [(across[at], up[at]) for at in kept]


def curves_plot(problem: ProblemCurves, names: Sequence[str], palette: Palette) -> Markup:
    """The median error of each contender over evaluations, or its violation if no median run is feasible."""
    across = LogScale(1.0, max(10.0, float(problem.problem.max_evaluations)))
    errors = [p.error for curve in problem.curves.values() for p in curve if p.error is not None]
    least = max(problem.problem.tolerance, min((error for error in errors if error > 0), default=0.0))
    title = "median error" if errors else "median violation"
    scale = log_scale([least, *errors] if errors else [p.violation or 0.0 for c in problem.curves.values() for p in c])
    if scale is None:
        return Markup("")

    def points(curve: Sequence[CurvePoint]) -> list[tuple[float, float]]:
        values = [(p.evaluations, p.error if errors else p.violation or None) for p in curve]
        return [(across.place(n), scale.place(max(v, scale.low))) for n, v in values if v is not None]

    lines = [
        Line(number=number, classes=palette[name], title=name, points=points(problem.curves.get(name, ())))
        for number, name in enumerate(names)
    ]
    axes = Axes(log_ticks(across, 6), log_ticks(scale, 8), "evaluations", title)
    return lines_plot("error", f"{title.capitalize()} over evaluations, both axes logarithmic", lines, axes)


def shade(count: int, whole: int) -> str:
    """The class of a cell by its share of a row, in tenths."""
    return f"shade-{round(10 * count / whole) if whole else 0}"
