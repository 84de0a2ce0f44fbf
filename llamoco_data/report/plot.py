"""Draws the anytime curves of one problem: error over evaluations, and below it violation, if there is any.

Curves are in an inner picture that is stretched to the page; ticks and text are outside it and keep their size.
"""

from collections import Counter
from collections.abc import Callable, Sequence

from markupsafe import Markup

from llamoco_data.report.bars import percent
from llamoco_data.report.curves import Curve, CurvePoint, ProblemCurves
from llamoco_data.report.scales import LogScale, log_scale
from llamoco_data.report.wording import slug, tick

_UNITS = 1000
"""Width and height of the inner picture, in its own units."""

_DASHES = 7
"""Number of dashes in the style sheet; as many curves of one problem can be of one family."""

_MOST_TICKS = {"error": 8, "violation": 5}
"""Most labels that fit on the vertical axis of each plot."""

Value = Callable[[CurvePoint], float | None]


def curve_classes(problem: ProblemCurves) -> list[str]:
    """The style classes of each curve: the colour of its family, a dash that differs within the family, its role."""
    seen: Counter[str] = Counter()
    classes: list[str] = []
    for curve in problem.curves:
        family = curve.candidate.family
        classes.append(f"{slug(family)} dash-{seen[family] % _DASHES} {slug(curve.role)}")
        seen[family] += 1
    return classes


def curves_plot(problem: ProblemCurves) -> Markup:
    """The plots of one problem, one below the other; only the violation if no point is feasible."""
    evaluations = LogScale(1.0, max(10.0, float(problem.verdict.max_evaluations)))
    parts: list[Markup] = []
    errors = _error_scale(problem)
    if errors is not None:
        parts.append(_panel(problem, "error", evaluations, errors, lambda point: point.error))
    violations = log_scale(p.violation for curve in problem.curves for p in curve.points if p.violation)
    if violations is not None:
        parts.append(_panel(problem, "violation", evaluations, violations, lambda point: point.violation or None))
    return Markup("").join(parts)


def _error_scale(problem: ProblemCurves) -> LogScale | None:
    """The scale from the best final error to the largest error on the way."""
    finals = [curve.standing.median_error for curve in problem.curves if curve.standing.median_error]
    on_the_way = [point.error for curve in problem.curves for point in curve.points if point.error]
    if not finals:
        return log_scale(on_the_way)
    return log_scale([min(finals), *(max(error, min(finals)) for error in on_the_way)])


def _panel(problem: ProblemCurves, name: str, x: LogScale, y: LogScale, value: Value) -> Markup:
    drawn = [
        _curve(number, curve, classes, x, y, value)
        for number, (curve, classes) in enumerate(zip(problem.curves, curve_classes(problem), strict=True))
    ]
    # Later curves cover earlier ones, and the winner comes first in the list.
    curves = Markup("").join(reversed(drawn))
    return Markup(
        '<svg class="plot {name}" role="img" aria-label="{label}">{grid}{curves}'
        '<text class="axis-title" x="50%" y="100%" dy="38">evaluations</text>'
        '<text class="axis-title y-title" x="0" y="0" dy="-10">{title}</text></svg>'
    ).format(
        name=name,
        label=_label(problem, name),
        grid=_grid(x, y, _MOST_TICKS[name]),
        curves=curves,
        title=f"median {name}",
    )


def _curve(number: int, curve: Curve, classes: str, x: LogScale, y: LogScale, value: Value) -> Markup:
    known = [(point.evaluations, found) for point in curve.points if (found := value(point)) is not None]
    if not known:
        return Markup("")
    # A best-so-far value holds until the next checkpoint, so the line goes in steps.
    steps: list[str] = []
    for evaluations, found in known:
        across, up = round(_UNITS * x.place(evaluations)), round(_UNITS * (1 - y.place(found)))
        steps.append(f"H{across}V{up}" if steps else f"M{across},{up}")
    last = known[-1]
    return Markup(
        '<g class="curve {classes}" data-curve="{number}"><title>{name}</title>'
        '<svg width="100%" height="100%" viewBox="0 0 {units} {units}" preserveAspectRatio="none">'
        '<path vector-effect="non-scaling-stroke" d="{path}"/></svg>'
        '<circle cx="{cx}" cy="{cy}" r="{r}"/></g>'
    ).format(
        classes=classes,
        number=number,
        name=f"{curve.candidate.optimizer} ({curve.role})",
        units=_UNITS,
        path="".join(steps),
        cx=percent(x.place(last[0])),
        cy=percent(1 - y.place(last[1])),
        r=4 if curve.role == "winner" else 3,
    )


def _grid(x: LogScale, y: LogScale, most: int) -> Markup:
    across = Markup(
        '<line class="grid" x1="0" x2="100%" y1="{y}" y2="{y}"/><text class="y" x="-8" y="{y}">{value}</text>'
    )
    down = Markup(
        '<line class="grid" x1="{x}" x2="{x}" y1="0" y2="100%"/><text class="x" x="{x}" y="100%" dy="18">{value}</text>'
    )
    lines = [across.format(y=percent(1 - y.place(d * 10.0**p)), value=tick(d, p)) for d, p in y.ticks(most)]
    lines += [down.format(x=percent(x.place(d * 10.0**p)), value=tick(d, p)) for d, p in x.ticks(6)]
    return Markup("").join(lines)


def _label(problem: ProblemCurves, name: str) -> str:
    names: Sequence[str] = [f"{curve.candidate.optimizer} ({curve.role})" for curve in problem.curves]
    return f"Median {name} over evaluations on problem {problem.label}, both axes logarithmic: {', '.join(names)}"
