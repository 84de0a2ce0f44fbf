"""A candidate as a campaign folder stores it: with its program text, its settings and its limits.

It needs no catalogue, so that a campaign folder can be exported by later releases.
"""

from collections.abc import Iterable

from llamoco_data.identity import Record
from llamoco_data.portfolio.candidates import portfolio
from llamoco_data.portfolio.catalog import OPTIMIZER_BY_NAME
from llamoco_data.portfolio.limits import Limits
from llamoco_data.portfolio.optimizer import OptimizerFamily
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
    """Program text that is run and, to the byte, taught."""
    limits: Limits

    def declines(self, spec: AnySpec) -> str:
        """Why the candidate does not apply to a problem, as the rest of a sentence about it; empty where it does."""
        return self.limits.declines(spec)


def optimizers_of(candidates: Iterable[StoredCandidate], spec: AnySpec) -> dict[str, str]:
    """candidate_id -> optimizer of the candidates that apply to a problem, in their order, as a policy needs it."""
    return {one.candidate_id: one.optimizer for one in candidates if not one.declines(spec)}


def stored_candidates(optimizers: tuple[str, ...]) -> tuple[StoredCandidate, ...]:
    """Every candidate of the named optimizers, in the order of the catalogue, which breaks the last ties.

    Raises:
        LlamocoError: no optimizer has one of the names.
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
