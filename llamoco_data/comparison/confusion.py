"""Families of optimizers: that of the label beside that of the program which a model wrote."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from llamoco_data.comparison.blocks import Entrant
from llamoco_data.portfolio import OPTIMIZER_BY_NAME, OptimizerFamily

UNKNOWN = "no known optimizer"
"""Family of a program that names no optimizer of the portfolio."""


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often each family was chosen where each was the label's, over the programs of one model."""

    name: str
    labels: tuple[str, ...]
    """Families of the labels, in the order of the catalogue."""
    chosen: tuple[str, ...]
    """Families that were chosen or are a label's, in the same order; `UNKNOWN` last."""
    counts: Mapping[tuple[str, str], int]
    """Number of programs by family of the label and of the choice."""

    @property
    def agreement(self) -> float:
        """Share of the programs whose family is the label's."""
        return sum(n for (label, choice), n in self.counts.items() if label == choice) / sum(self.counts.values())


def confusion_of(entrant: Entrant) -> Confusion:
    """The confusion of a model's programs."""
    counts = Counter((_family(program.label), _family(program.named)) for program in entrant.programs)
    order = [*get_args(OptimizerFamily), UNKNOWN]
    labels = {label for label, _ in counts}
    seen = labels | {choice for _, choice in counts}
    return Confusion(
        name=entrant.name,
        labels=tuple(family for family in order if family in labels),
        chosen=tuple(family for family in order if family in seen),
        counts=dict(counts),
    )


def _family(optimizer: str) -> str:
    known = OPTIMIZER_BY_NAME.get(optimizer)
    return known.family if known else UNKNOWN
