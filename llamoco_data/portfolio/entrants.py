"""A candidate as a campaign's workers and readers know it: its place, its settings and its program text.

It is self-contained, so that a campaign folder can be exported without the catalogue that it was made with.
"""

from llamoco_data.identity import Record
from llamoco_data.portfolio.catalog import OPTIMIZER_BY_NAME, OptimizerFamily, portfolio
from llamoco_data.portfolio.rendering import Setting, program_text
from llamoco_data.problems.spec import ProblemSpec


class Entrant(Record):
    """One candidate of a campaign."""

    candidate_id: str
    """Digest of the program text."""
    optimizer: str
    family: OptimizerFamily
    settings: dict[str, Setting]
    program: str
    """The text that is run, and to the byte what is taught."""

    def declines(self, spec: ProblemSpec) -> str:
        """Why the candidate does not apply to a problem; empty where it does, or has no known limits."""
        optimizer = OPTIMIZER_BY_NAME.get(self.optimizer)
        return optimizer.declines(spec) if optimizer else ""

    def limits(self) -> tuple[bool | float | None, ...]:
        """What `declines` goes by, in the order in which it asks."""
        optimizer = OPTIMIZER_BY_NAME.get(self.optimizer)
        if optimizer is None:
            return ()
        return (
            optimizer.takes_constraints,
            optimizer.min_evaluations_per_dimension,
            optimizer.max_evaluations,
            optimizer.max_dimension,
        )


def entrants(optimizers: tuple[str, ...]) -> tuple[Entrant, ...]:
    """Every candidate of the named optimizers, in the order of the catalogue, which breaks the last ties.

    Raises:
        KeyError: no optimizer has one of the names.
    """
    return tuple(
        Entrant(
            candidate_id=candidate.candidate_id,
            optimizer=candidate.optimizer,
            family=candidate.family,
            settings=candidate.settings,
            program=program_text(candidate.optimizer, candidate.settings),
        )
        for candidate in portfolio(optimizers)
    )
