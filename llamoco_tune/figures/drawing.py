"""Draws whole pictures as PNG; matplotlib, and the code that draws their parts, are imported when one is drawn."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from llamoco_tune.figures.embeddings import Embeddings, Floats, read_embeddings
from llamoco_tune.figures.style import STYLE
from llamoco_tune.metrics import read_metrics
from llamoco_tune.records import TuningError

if TYPE_CHECKING:
    from matplotlib.figure import Figure, SubFigure

LOSS_FILE = "loss.png"
WARM_TITLE = "contrastive warm-up"
TAUGHT_TITLE = "instruction tuning"


def loss_figure(run: Path, warm_run: Path | None = None) -> Path | None:
    """Draws `loss.png` in a run's folder: its losses and learning rate, beside those of the warm-up that it began from.

    Without matplotlib, or without a line of metrics, it draws nothing and returns None: a run needs no picture.

    Raises:
        TuningError: the metrics of a run cannot be read.
    """
    if importlib.util.find_spec("matplotlib") is None or not read_metrics(run):
        return None
    phases = [(WARM_TITLE, warm_run), (TAUGHT_TITLE, run)] if warm_run else [("", run)]
    with _figure(run / LOSS_FILE, (3.2 * len(phases) + 1.4, 3.2)) as figure:
        _draw_phases(figure, phases)
    return run / LOSS_FILE


def embedding_figure(before_NH: Floats, after_NH: Floats, families: Sequence[str], out: Path) -> None:
    """Draws the embeddings of N prompts before and after the warm-up, each in its plane of most variance.

    Raises:
        TuningError: matplotlib is missing.
    """
    _require_matplotlib()
    with _figure(out, (6.6, 3.9)) as figure:
        _draw_spaces(figure, Embeddings(before_NH, after_NH, tuple(families)), ("before", "after"))


def summary_figure(warm_run: Path, taught_run: Path, embeddings: Path, out: Path) -> None:
    """Draws both phases' losses, and below them the embeddings before and after the first.

    Args:
        embeddings: a file as `read_embeddings` takes it.

    Raises:
        TuningError: matplotlib is missing, or one of the sources cannot be read.
    """
    _require_matplotlib()
    spaces = read_embeddings(embeddings)
    with _figure(out, (6.6, 6.9)) as figure:
        halves = figure.subfigures(2, 1, squeeze=False, height_ratios=(3.0, 3.9), hspace=0.03)[:, 0]
        _draw_phases(halves[0], [(f"a  {WARM_TITLE}", warm_run), (f"b  {TAUGHT_TITLE}", taught_run)])
        _draw_spaces(halves[1], spaces, ("c  before the warm-up", "d  after the warm-up"))


def _draw_phases(figure: Figure | SubFigure, phases: Sequence[tuple[str, Path]]) -> None:
    from llamoco_tune.figures.panels import (  # noqa: PLC0415
        curves_of,
        draw_gap_closed,
        draw_learning_rate,
        draw_losses,
    )

    found = [(title, curves_of(run)) for title, run in phases]
    chooses = any(curves.gap_closed.steps.size for _, curves in found)
    heights = (4, 2, 1) if chooses else (4, 1)
    grid = figure.subplots(len(heights), len(phases), sharex="col", squeeze=False, height_ratios=heights)
    for column, (title, curves) in enumerate(found):
        draw_losses(grid[0, column], curves, title)
        draw_learning_rate(grid[-1, column], curves.learning_rate)
        if curves.gap_closed.steps.size:
            draw_gap_closed(grid[1, column], curves.gap_closed)
        elif chooses:
            grid[1, column].set_axis_off()


def _draw_spaces(figure: Figure | SubFigure, spaces: Embeddings, titles: tuple[str, str]) -> None:
    from llamoco_tune.figures.panels import draw_embeddings, family_handles  # noqa: PLC0415

    left, right = figure.subplots(1, 2)
    draw_embeddings(left, spaces.before, spaces.families, titles[0])
    draw_embeddings(right, spaces.after, spaces.families, titles[1])
    figure.legend(handles=family_handles(spaces.families), loc="outside lower center", ncols=3, columnspacing=1.5)


@contextlib.contextmanager
def _figure(out: Path, inches: tuple[float, float]) -> Generator[Figure]:
    """Yields a figure, and writes it, whole or not at all, when it has been drawn."""
    import matplotlib as mpl  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=inches, layout="constrained")
        yield figure
        partial = out.with_name(f".{out.name}.partial")
        out.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(partial, format="png")
        partial.replace(out)


def _require_matplotlib() -> None:
    if importlib.util.find_spec("matplotlib") is None:
        raise TuningError("pictures need matplotlib: pip install matplotlib")
