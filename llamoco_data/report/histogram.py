"""The confidences of the winners as a histogram: in each bin a column for the winner and one for its optimizer."""

from markupsafe import Markup

from llamoco_data.report.bars import percent
from llamoco_data.report.sureness import NUM_BINS, Sureness

_SERIES = (("candidate", "confidence in these very settings"), ("optimizer", "confidence in any settings"))


def histogram(counts: Sureness) -> Markup:
    """The histogram, with ten bins from 0 to 1; the axis of counts begins at 0."""
    series = (counts.candidate_counts, counts.optimizer_counts)
    step = _step(max(max(values) for values in series))
    top = step * -(-max(max(values) for values in series) // step)
    columns = [
        _column(which, position, value, top)
        for which, values in enumerate(series)
        for position, value in enumerate(values)
        if value
    ]
    return Markup(
        '<svg class="plot histogram" role="img" aria-label="{label}">{grid}{columns}{ticks}'
        '<text class="axis-title" x="50%" y="100%" dy="38">confidence</text>'
        '<text class="axis-title y-title" x="0" y="0" dy="-12">problems</text></svg>'
    ).format(
        label=_label(counts),
        grid=_grid(step, top),
        columns=Markup("").join(columns),
        ticks=Markup("").join(_tick(position) for position in range(0, NUM_BINS + 1, 2)),
    )


def _column(which: int, position: int, value: int, top: int) -> Markup:
    name, meaning = _SERIES[which]
    low, high = position / NUM_BINS, (position + 1) / NUM_BINS
    height = value / top
    return Markup(
        '<rect class="mark {name}" x="{x}" y="{y}" width="{width}" height="{height}">'
        "<title>{value} problems: {meaning} of {low:.0%} to {high:.0%}</title></rect>"
    ).format(
        name=name,
        x=percent(low + (0.12 + 0.39 * which) / NUM_BINS),
        y=percent(1 - height),
        width=percent(0.37 / NUM_BINS),
        height=percent(height),
        value=value,
        meaning=meaning,
        low=low,
        high=high,
    )


def _grid(step: int, top: int) -> Markup:
    line = Markup(
        '<line class="grid" x1="0" x2="100%" y1="{y}" y2="{y}"/><text class="y" x="-8" y="{y}">{value}</text>'
    )
    return Markup("").join(line.format(y=percent(1 - value / top), value=value) for value in range(0, top + 1, step))


def _tick(position: int) -> Markup:
    place = position / NUM_BINS
    text = Markup('<text class="x" x="{x}" y="100%" dy="18">{value:g}</text>')
    return text.format(x=percent(place), value=place)


def _step(most: int) -> int:
    """A round distance of grid lines that gives at most five of them."""
    size = 1
    while True:
        for factor in (1, 2, 5):
            if most <= 5 * factor * size:
                return factor * size
        size *= 10


def _label(counts: Sureness) -> str:
    return (
        f"Histogram of confidences: median {counts.median_candidate:.2f} of the winning settings, "
        f"{counts.median_optimizer:.2f} of the winning optimizer"
    )
