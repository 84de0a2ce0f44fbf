"""Draws the parts of a picture, each into given axes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from llamoco_tune.figures.embeddings import Floats, mean_cosines, project
from llamoco_tune.figures.style import COLORS, looks
from llamoco_tune.metrics import MetricsRecord, read_metrics

SMOOTHED_FROM = 40
"""Number of points from which a curve's moving average is drawn over it."""
DOTTED_BELOW = 12
"""Number of points below which each is marked, since a curve of one point would not be seen."""
LOG_FROM = 30.0
"""Ratio of the largest to the smallest loss above which the axis is logarithmic."""
TRAINING_LOSS = "loss"
EVALUATED_LOSSES = {"eval_loss": "validation", "eval_lm_loss": "language model, validation"}
"""Labels of the losses that an evaluation of either phase gives."""
CHOICE_LOSS = "choice_loss"
"""The training loss that is drawn where choosing is learned: the whole one alternates between choosing and writing."""
CHOICE_LOSSES = {
    "eval_choice_loss": "choice, validation",
    "writing_loss": "writing, training",
    "eval_loss": "answers, validation",
}
"""Labels of the losses beside it."""
GAP_CLOSED = "eval_gap_closed"


@dataclass(frozen=True, slots=True)
class Curve:
    """One line over training steps."""

    label: str
    steps: Floats
    values: Floats


@dataclass(frozen=True, slots=True)
class RunCurves:
    """Curves in the metrics of a run."""

    training: Curve
    evaluated: tuple[Curve, ...]
    """Curves of the losses that were evaluated."""
    learning_rate: Curve
    gap_closed: Curve
    """Gap closed by the choices on validation problems; without points where choosing is not learned."""


def curves_of(run: Path) -> RunCurves:
    """The curves of a run.

    Raises:
        TuningError: its metrics cannot be read.
    """
    records = read_metrics(run)
    choosing = _curve(records, CHOICE_LOSS, "choice, training")
    chooses = choosing.steps.size > 0
    evaluated = [
        _curve(records, name, label) for name, label in (CHOICE_LOSSES if chooses else EVALUATED_LOSSES).items()
    ]
    return RunCurves(
        choosing if chooses else _curve(records, TRAINING_LOSS, "training"),
        tuple(curve for curve in evaluated if curve.steps.size),
        _curve(records, "learning_rate", "learning rate"),
        _curve(records, GAP_CLOSED, "gap closed"),
    )


def draw_losses(axes: Axes, curves: RunCurves, title: str) -> None:
    """Draws the losses over the steps; the training loss is smoothed if it has many points."""
    steps, values = curves.training.steps, curves.training.values
    smoothed = steps.size >= SMOOTHED_FROM
    if smoothed:
        axes.plot(steps, values, color=COLORS[0], alpha=0.25, linewidth=0.9)
    axes.plot(
        steps,
        moving_average(values) if smoothed else values,
        color=COLORS[0],
        marker="o" if steps.size < DOTTED_BELOW else "",
        markersize=4,
        label=curves.training.label,
    )
    for curve, color in zip(curves.evaluated, COLORS[1:], strict=False):
        axes.plot(curve.steps, curve.values, color=color, marker="o", markersize=4, label=curve.label)
    every = np.concatenate([values, *(curve.values for curve in curves.evaluated)])
    if every.size and every.min() > 0 and every.max() / every.min() > LOG_FROM:
        axes.set_yscale("log")
    axes.set_title(title)
    axes.set_ylabel("loss")
    axes.legend(loc="best")


def draw_learning_rate(axes: Axes, curve: Curve) -> None:
    """Draws the learning rate in a thin panel, over the same steps as the losses."""
    axes.fill_between(curve.steps, curve.values, color="#999999", alpha=0.35, linewidth=0)
    axes.plot(curve.steps, curve.values, color="#777777", linewidth=1.0)
    axes.set_ylim(bottom=0)
    top = float(curve.values.max()) if curve.values.size else 0.0
    axes.set_yticks(
        [0.0, top] if top else [0.0], ["0", f"{top:.1e}".replace(".0e", "e").replace("e-0", "e−")] if top else ["0"]
    )
    axes.set_ylabel("learning\nrate", fontsize=9)
    axes.set_xlabel("training step")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6, min_n_ticks=1))


def draw_gap_closed(axes: Axes, curve: Curve) -> None:
    """Draws the gap closed by the choices, in percent; 0 is the single best solver, 100 the virtual best one."""
    axes.axhline(0, color="#999999", linewidth=0.8)
    axes.plot(curve.steps, 100 * curve.values, color=COLORS[2], marker="o", markersize=4)
    axes.set_ylabel("gap closed\n(%)", fontsize=9)


def draw_embeddings(axes: Axes, rows_NH: Floats, families: Sequence[str], title: str) -> None:
    """Draws the rows in the plane of most variance, coloured by family, with mean cosines below the title."""
    projection = project(rows_NH)
    names_N = np.array(families)
    for family, (color, marker) in looks(families).items():
        points_MD = projection.points[names_N == family]
        axes.scatter(
            points_MD[:, 0],
            points_MD[:, 1],
            s=22,
            c=color,
            marker=marker,
            alpha=0.8,
            linewidths=0.3,
            edgecolors="white",
        )
    same, apart = mean_cosines(rows_NH, families)
    axes.set_title(title, pad=19)
    cosines = f"cosine: same family {same:.2f}, others {apart:.2f}"
    axes.annotate(cosines, (0, 1), (0, 6), "axes fraction", "offset points", fontsize=9, color="#555555")
    first, second = (
        f"component {i + 1} ({share:.0%} of variance)".replace("%", " %") for i, share in enumerate(projection.shares)
    )
    axes.set_xlabel(first)
    axes.set_ylabel(second)
    axes.margins(0.1)
    axes.set_aspect("equal", adjustable="datalim")
    axes.locator_params(nbins=5)


def family_handles(families: Sequence[str]) -> list[Line2D]:
    """Entries of a legend of the families."""
    return [
        Line2D([], [], color=color, marker=marker, linestyle="", markersize=6, label=family)
        for family, (color, marker) in looks(families).items()
    ]


def moving_average(values: Floats) -> Floats:
    """The mean over a twentieth of the curve around each value; over fewer values at its ends."""
    reach = values.size // 40
    padded = np.pad(np.cumsum(values), (1, 0))
    places = np.arange(values.size)
    first, last = np.maximum(places - reach, 0), np.minimum(places + reach + 1, values.size)
    return (padded[last] - padded[first]) / (last - first)


def _curve(records: Sequence[MetricsRecord], name: str, label: str) -> Curve:
    points = [(record.step, value) for record in records if (value := record.values.get(name)) is not None]
    steps, values = zip(*points, strict=True) if points else ((), ())
    return Curve(label, np.array(steps, dtype=np.float64), np.array(values, dtype=np.float64))
