"""Draws the anytime curves of one problem: error over evaluations, and below it violation, if there is any."""

from collections import Counter
from collections.abc import Callable, Sequence

from markupsafe import Markup

from llamoco_data.report.curves import CurvePoint, ProblemCurves
from llamoco_data.report.lines import Axes, Line, lines_plot, log_ticks
from llamoco_data.report.scales import LogScale, log_scale
from llamoco_data.report.wording import slug

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
    lines = [
        Line(
            number=number,
            classes=classes,
            title=f"{curve.candidate.optimizer} ({curve.role})",
            points=[(x.place(p.evaluations), y.place(f)) for p in curve.points if (f := value(p)) is not None],
            end_radius=4 if curve.role == "winner" else 3,
        )
        for number, (curve, classes) in enumerate(zip(problem.curves, curve_classes(problem), strict=True))
    ]
    axes = Axes(log_ticks(x, 6), log_ticks(y, _MOST_TICKS[name]), "evaluations", f"median {name}")
    return lines_plot(name, _label(problem, name), lines, axes)


def _label(problem: ProblemCurves, name: str) -> str:
    names: Sequence[str] = [f"{curve.candidate.optimizer} ({curve.role})" for curve in problem.curves]
    return f"Median {name} over evaluations on problem {problem.label}, both axes logarithmic: {', '.join(names)}"
