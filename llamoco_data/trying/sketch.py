"""Draws convergence curves as lines of text, for a terminal: error over evaluations, both axes logarithmic."""

from collections.abc import Sequence
from dataclasses import dataclass

from llamoco_data.report.curves import CurvePoint
from llamoco_data.report.scales import LogScale, log_scale
from llamoco_data.report.wording import tick
from llamoco_data.trying.running import Trial, Tried

WIDTH, HEIGHT = 60, 12
"""Characters of the plot, without its labels."""
MARKS = "●○abcdef"
"""Marks of the curves: the program that was tried, random search, and the best of the others."""


@dataclass(frozen=True, slots=True)
class Sketch:
    """A plot in lines, and what its marks stand for."""

    title: str
    lines: tuple[str, ...]
    marks: dict[str, str]
    """Name of a program -> its mark."""


def marked(tried: Tried, baseline: str) -> dict[str, Trial]:
    """Mark -> the program that is drawn with it; marks are given out in the order of `MARKS`."""
    beside = [trial for trial in tried.trials if trial is not tried.subject]
    random = [trial for trial in beside if trial.name == baseline]
    rest = [trial for trial in beside if trial.name != baseline]
    marks = {MARKS[0]: tried.subject, **dict(zip(MARKS[1:2], random, strict=False))}
    return marks | dict(zip(MARKS[2:], rest, strict=False))


def sketch(tried: Tried, baseline: str) -> Sketch | None:
    """The median error of each program, or its median violation where no run was feasible; None if there is neither.

    Args:
        baseline: name of random search.
    """
    drawn = marked(tried, baseline)
    curves = {mark: tried.curve(trial) for mark, trial in drawn.items()}
    title, values = series(list(curves.values()), tried.measured_by.best_known)
    scale = log_scale(value for row in values for _, value in row)
    if scale is None:
        return None
    across = LogScale(1.0, max(10.0, float(tried.spec.max_evaluations)))
    cells = [[" "] * WIDTH for _ in range(HEIGHT)]
    for mark, row in reversed([*zip(curves, values, strict=True)]):
        _draw(cells, mark, row, across, scale)
    labels = _labels(scale)
    lines = [f"{labels.get(at, ''):>8} |{''.join(line)}".rstrip() for at, line in enumerate(cells)]
    return Sketch(title, (*lines, *_axis(across)), {trial.name: mark for mark, trial in drawn.items()})


def series(
    curves: Sequence[Sequence[CurvePoint]], best_known: float | None
) -> tuple[str, list[list[tuple[int, float]]]]:
    """What is drawn: a title, and for each curve evaluations and positive values.

    An error of 0, which has no place on a logarithmic axis, is drawn as the least positive one.
    """
    if best_known is None:
        found = [[(point.evaluations, point.violation) for point in curve if point.violation] for curve in curves]
        return "median violation of the constraints; no run found a feasible point", found
    least = min((point.error for curve in curves for point in curve if point.error), default=1.0)
    known = [[(p.evaluations, max(p.error, least)) for p in curve if p.error is not None] for curve in curves]
    return f"median error above {best_known:.6g}, the best value that any run found", known


def _draw(
    cells: list[list[str]], mark: str, row: Sequence[tuple[int, float]], across: LogScale, scale: LogScale
) -> None:
    if not row:
        return
    # A best-so-far value holds until the next checkpoint, and that of the end as long as there is budget.
    places = [(round((WIDTH - 1) * across.place(n)), round((HEIGHT - 1) * (1 - scale.place(v)))) for n, v in row]
    ends = [x for x, _ in places[1:]] + [WIDTH]
    for (begin, y), end in zip(places, ends, strict=True):
        for x in range(begin, max(begin + 1, end)):
            cells[y][x] = mark


def _labels(scale: LogScale) -> dict[int, str]:
    """Row -> the value that is written beside it."""
    ticks = [(digit * 10.0**power, tick(digit, power)) for digit, power in scale.ticks(5)]
    return {round((HEIGHT - 1) * (1 - scale.place(value))): text for value, text in ticks}


def _axis(across: LogScale) -> tuple[str, str]:
    line = [" "] * (WIDTH + 12)
    for digit, power in across.ticks(4):
        at = round((WIDTH - 1) * across.place(digit * 10.0**power))
        line[at : at + 6] = f"{tick(digit, power):<6}"
    return f"{'':>8} +{'-' * WIDTH}", f"{'':>8}  {''.join(line)}".rstrip() + " evaluations"
