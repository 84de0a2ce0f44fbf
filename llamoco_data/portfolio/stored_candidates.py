"""A candidate as a campaign's workers and readers know it: its place, its settings and its program text.

It is self-contained, so that a campaign folder can be exported without the catalogue that it was made with.
"""

from collections.abc import Iterable

from llamoco_data.identity import Record
from llamoco_data.portfolio.catalog import OPTIMIZER_BY_NAME, OptimizerFamily, portfolio
from llamoco_data.portfolio.limits import Limits
from llamoco_data.portfolio.rendering import Setting, program_text
from llamoco_data.problems.own_spec import AnySpec


class StoredCandidate(Record):
    """One candidate of a campaign."""

    candidate_id: str
    """Digest of the program text."""
    optimizer: str
    family: OptimizerFamily
    settings: dict[str, Setting]
    program: str
    """The text that is run, and to the byte what is taught."""

    limits: Limits

    def declines(self, spec: AnySpec) -> str:
        """Why the candidate does not apply to a problem, as the rest of a sentence about it; empty where it does."""
        return self.limits.declines(spec)


def optimizers_of(candidates: Iterable[StoredCandidate], spec: AnySpec) -> dict[str, str]:
    """candidate_id -> optimizer of the candidates that apply to a problem, in their order: what a policy goes by."""
    return {one.candidate_id: one.optimizer for one in candidates if not one.declines(spec)}


def stored_candidates(optimizers: tuple[str, ...]) -> tuple[StoredCandidate, ...]:
    """Every candidate of the named optimizers, in the order of the catalogue, which breaks the last ties.

    Raises:
        KeyError: no optimizer has one of the names.
    """
    return tuple(
        StoredCandidate(
            candidate_id=candidate.candidate_id,
            optimizer=candidate.optimizer,
            family=candidate.family,
            settings=candidate.settings,
            program=program_text(candidate.optimizer, candidate.settings),
            limits=OPTIMIZER_BY_NAME[candidate.optimizer].limits,
        )
        for candidate in portfolio(optimizers)
    )
