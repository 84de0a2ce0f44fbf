"""Reads a campaign folder back, one problem at a time, for whoever judges and exports it."""

from collections.abc import Iterator
from dataclasses import dataclass

from llamoco_data.portfolio.entrants import Entrant
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.runs import RunRecord


@dataclass(frozen=True, slots=True)
class ProblemRuns:
    """A problem of a campaign and what was run on it."""

    index: int
    spec: ProblemSpec
    records: tuple[RunRecord, ...]
    """Runs of the campaign's entrants, in their order, then by seed; a candidate without runs has declined."""
    complete: bool
    """Whether the policy asks for no more runs."""


def read_entrants(folder: str) -> tuple[Entrant, ...]:
    """The candidates of the campaign, in catalogue order.

    Raises:
        LlamocoError: the folder holds no campaign, or is damaged.
    """
    raise NotImplementedError


def read_problems(folder: str) -> Iterator[ProblemRuns]:
    """Every stored problem in the order of its index; memory does not grow with their number.

    Raises:
        LlamocoError: the folder holds no campaign, or is damaged.
    """
    raise NotImplementedError
