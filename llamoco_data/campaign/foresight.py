"""What the prior of a campaign expects of the optimizers on its problems, and where the prior is kept.

The similar problems of a problem are found once, when it is drawn, and stored with it. So reading a campaign grows no
forest, and a portfolio that gains optimizers finds the same expectations.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from llamoco_data.campaign.spec import CampaignSpec
from llamoco_data.files import Files
from llamoco_data.identity import LlamocoError
from llamoco_data.instruction_set import split_of
from llamoco_data.problems.own_spec import AnySpec
from llamoco_data.problems.sampling import sample
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.racing import Informed, Prospects
from llamoco_data.selector import Precedents, Prior, features, parsed_prior, prior_id, prospects
from llamoco_data.store import Store, StoredProblem

PRIOR_FILE = "prior.parquet"
AHEAD = 64
"""Number of problems that are drawn at once, because a forest takes as long for a few as for one."""


@dataclass(slots=True)
class Foresight:
    """The expectations of a campaign's prior; without a prior there are none."""

    spec: CampaignSpec
    store: Store
    prior: Prior | None
    _ahead: dict[int, StoredProblem] = field(default_factory=dict)
    """Index -> problem that was drawn and is not stored yet."""

    def is_informed(self, index: int) -> bool:
        """Whether the prior is asked about the problem of an index, if that is for training."""
        return isinstance(self.spec.policy, Informed) and index >= self.spec.policy.first_informed

    def problem(self, index: int) -> StoredProblem | None:
        """The problem of an index with its precedents; None where a worker may draw it, because it has none.

        Raises:
            LlamocoError: a file is missing or damaged, or this installation would grow another forest.
        """
        problem_id = self.store.problem_id(index)
        if problem_id is not None:
            return StoredProblem(
                index=index, spec=self.store.problem(problem_id), precedents=self.store.precedents(problem_id)
            )
        if not self.is_informed(index):
            return None
        if index not in self._ahead:
            self.look_ahead(range(index, min(index + AHEAD, self.spec.num_problems)))
        return self._ahead[index]

    def look_ahead(self, indices: Iterable[int]) -> None:
        """Draws those problems that are to be informed and are not stored: many at once take as long as a few.

        Raises:
            LlamocoError: this installation would grow another forest.
        """
        new = [i for i in indices if self.is_informed(i) and i not in self._ahead and self.store.problem_id(i) is None]
        self._ahead |= {problem.index: problem for problem in self.drawn(new)}

    def drawn(self, indices: Sequence[int]) -> list[StoredProblem]:
        """The problems that are drawn with these indices, with the precedents of those that are informed.

        Raises:
            LlamocoError: this installation would grow another forest.
        """
        specs = [sample(self.spec.mixture, self.spec.seed, index) for index in indices]
        asked = [n for n, (index, spec) in enumerate(zip(indices, specs, strict=True)) if self._is_asked(index, spec)]
        found = dict(zip(asked, self._precedents([specs[position] for position in asked]), strict=True))
        return [
            StoredProblem(index=index, spec=spec, precedents=found.get(position))
            for position, (index, spec) in enumerate(zip(indices, specs, strict=True))
        ]

    def with_precedents(self, index: int, problem: AnySpec) -> StoredProblem:
        """A problem as it is stored; the store itself leaves out those that it holds already."""
        return self._ahead.get(index) or StoredProblem(index=index, spec=problem)

    def forget(self, indices: Iterable[int]) -> None:
        """Forgets problems that are stored now."""
        for index in indices:
            self._ahead.pop(index, None)

    def prospects(self, problem: StoredProblem, optimizers: Collection[str]) -> Prospects | None:
        """What is expected of the optimizers that apply to a problem; None where nothing is, so that its race is whole.

        Of problems that are not for training nothing is expected, whatever precedents an earlier release stored: what
        models and selectors are measured by is not chosen by a selector.
        """
        if problem.precedents is None or self.prior is None or not self._is_asked(problem.index, problem.spec):
            return None
        return prospects(problem.precedents, self.prior.scores, self.prior.spec.optimizers, optimizers)

    def _is_asked(self, index: int, spec: AnySpec) -> bool:
        families = self.spec.held_out_families
        return self.is_informed(index) and split_of(spec, families, self.spec.real_titles) == "train"

    def _precedents(self, specs: Sequence[ProblemSpec]) -> Iterable[Precedents]:
        if not specs or self.prior is None:
            return []
        return self.prior.selector.precedents(np.array([features(spec) for spec in specs]))


def prior_for(place: Files, spec: CampaignSpec, given: Prior | None = None) -> Prior | None:
    """The prior of a campaign: the given one, or that of its folder; None where its races are not informed.

    Raises:
        LlamocoError: the given prior is not the campaign's, or the folder has lost it and none is given.
    """
    if not isinstance(spec.policy, Informed):
        return None
    wanted = spec.policy.prior
    if given is not None:
        if given.prior_id != wanted:
            raise LlamocoError(
                f"{place.where()} holds a campaign with prior {wanted}, and {given.prior_id} was given: a campaign "
                "keeps its prior; leave --prior out, or start another campaign"
            )
        return given
    where = place.where(PRIOR_FILE)
    try:
        data = place.read(PRIOR_FILE)
    except FileNotFoundError:
        raise LlamocoError(f"{where} is missing; give the prior {wanted} again with --prior FILE") from None
    if prior_id(data) != wanted:
        raise LlamocoError(f"{where} is damaged; give the prior {wanted} again with --prior FILE")
    return parsed_prior(data, where)


def holds_prior(place: Files, prior: Prior | None) -> bool:
    """Whether the prior is in the folder of its campaign; true where there is none."""
    try:
        return prior is None or prior_id(place.read(PRIOR_FILE)) == prior.prior_id
    except FileNotFoundError:
        return False


def keep_prior(place: Files, prior: Prior | None) -> None:
    """Writes the prior into the folder of its campaign, where it is not there.

    Raises:
        LlamocoError: the folder cannot be written.
    """
    if prior is not None and not holds_prior(place, prior):
        place.replace(PRIOR_FILE, prior.data)
