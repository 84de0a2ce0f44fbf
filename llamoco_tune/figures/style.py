"""The style of pictures: quiet axes, colours for colour-blind readers, letters that can be read at half the width."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

STYLE: "dict[RcKeyType, object]" = {
    "font.size": 10,
    "font.family": "DejaVu Sans",
    "axes.titlesize": 10.5,
    "axes.labelsize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#555555",
    "axes.labelcolor": "#222222",
    "axes.titlelocation": "left",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.6,
    "xtick.color": "#555555",
    "ytick.color": "#555555",
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.fontsize": 9,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "savefig.dpi": 200,
    "savefig.facecolor": "white",
}
"""Settings of matplotlib."""
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#B8A900", "#222222", "#6B1140")
"""Colours of Okabe and Ito 2008, "Color universal design", with the yellow darkened for white paper; then a plum."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "p")
FAMILY_ORDER = (
    "numerical optimization",
    "differential evolution",
    "evolution strategy",
    "particle swarm",
    "local search",
    "bayesian optimization",
    "genetic algorithm",
    "baseline",
    "hybrid",
)
"""Families that keep their colour from picture to picture; hues as in the report of a campaign."""


def looks(families: Iterable[str]) -> dict[str, tuple[str, str]]:
    """A colour and a marker for each family; those of other instruction sets come after the known ones."""
    present = set(families)
    order = [*FAMILY_ORDER, *sorted(present.difference(FAMILY_ORDER))]
    return {
        family: (COLORS[i % len(COLORS)], MARKERS[(i + i // len(COLORS)) % len(MARKERS)])
        for i, family in enumerate(order)
        if family in present
    }
