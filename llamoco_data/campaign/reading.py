"""Reads a campaign folder back, one problem at a time, to judge, export and report on it; it writes nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from llamoco_data.campaign.foresight import Foresight, prior_for
from llamoco_data.campaign.spec import CampaignSpec, load_campaign
from llamoco_data.files import Place
from llamoco_data.portfolio.stored_candidates import StoredCandidate, optimizers_of
from llamoco_data.problems.own_spec import AnySpec
from llamoco_data.racing import Informed, replayed, rule_for
from llamoco_data.runs import RunRecord
from llamoco_data.store import Store, StoredProblem


@dataclass(frozen=True, slots=True)
class ProblemRuns:
    """A problem of a campaign and what was run on it."""

    index: int
    spec: AnySpec
    records: tuple[RunRecord, ...]
    """Runs that the campaign's policy asks for, by candidate in catalogue order, then by seed.

    Other runs, made when the portfolio was smaller and the race took another course, stay in the folder and are
    ignored: a campaign that grew gives the rows of one that began with its present portfolio.
    """
    complete: bool
    """Whether the policy asks for no more runs."""
    informed: bool
    """Whether optimizers may be missing that apply, because a prior expected too little of them."""


@dataclass(frozen=True, slots=True)
class FolderView:
    """A campaign folder as it was at one moment: every process that reads it sees the same, whatever is added since."""

    folder: Place
    spec: CampaignSpec
    num_entries: int
    """Number of entries that its log had."""


class CampaignReader:
    """Reads the problems of a campaign folder by their indices; memory does not grow with their runs."""

    def __init__(self, view: FolderView) -> None:
        """Reads the log and the candidates.

        Raises:
            LlamocoError: the folder is damaged.
        """
        self.spec = view.spec
        self._store = Store(view.folder, num_entries=view.num_entries)
        self.candidates: Mapping[str, StoredCandidate] = {
            candidate.candidate_id: candidate for candidate in self._store.candidates()
        }
        """candidate_id -> candidate, in catalogue order."""
        self._foresight = Foresight(self.spec, self._store, prior_for(self._store.place, self.spec))
        self._rank = {candidate_id: position for position, candidate_id in enumerate(self.candidates)}

    def indices(self) -> list[int]:
        """Indices of the stored problems of the campaign, in order."""
        return [index for index in self._store.indices() if self.spec.holds(index)]

    def problem(self, index: int) -> AnySpec:
        """The spec of a problem.

        Raises:
            KeyError: no such problem is stored.
            LlamocoError: its file is missing or damaged.
        """
        problem_id = self._store.problem_id(index)
        if problem_id is None:
            raise KeyError(index)
        return self._store.problem(problem_id)

    def runs(self, index: int) -> ProblemRuns:
        """A problem and its runs.

        Raises:
            LlamocoError: one of their files is missing or damaged.
        """
        problem = self.problem(index)
        problem_id = problem.problem_id
        known = StoredProblem(index=index, spec=problem, precedents=self._store.precedents(problem_id))
        applying = optimizers_of(self.candidates.values(), problem)
        prospects = self._foresight.prospects(known, applying.values())
        policy, stored = self.spec.policy, self._store.records(problem_id)
        records, missing = replayed(policy, problem_id, applying, stored, prospects)
        return ProblemRuns(
            index=index,
            spec=problem,
            records=tuple(sorted(records, key=lambda record: (self._rank[record.candidate_id], record.seed))),
            complete=not missing,
            informed=isinstance(rule_for(policy, problem_id, prospects), Informed),
        )


def view_of(folder: Place) -> FolderView:
    """The campaign folder as it is now.

    Raises:
        LlamocoError: the folder holds no campaign, or is damaged.
    """
    return FolderView(folder, load_campaign(folder), Store(folder).num_entries)


def read_candidates(folder: Place) -> tuple[StoredCandidate, ...]:
    """The candidates of the campaign, in catalogue order; none before its first run.

    Raises:
        LlamocoError: the folder holds no campaign, or is damaged.
    """
    load_campaign(folder)
    return Store(folder).candidates()


def read_problems(folder: Place) -> Iterator[ProblemRuns]:
    """Every stored problem in the order of its index; memory does not grow with their runs.

    Raises:
        LlamocoError: the folder holds no campaign, or is damaged.
    """
    reader = CampaignReader(view_of(folder))
    for index in reader.indices():
        yield reader.runs(index)
