"""Reads a campaign folder back, one problem at a time, for whoever judges and exports it."""

from collections.abc import Iterator
from dataclasses import dataclass

from llamoco_data.campaign.spec import CampaignSpec, load_campaign
from llamoco_data.execution import contestants
from llamoco_data.files import Place
from llamoco_data.portfolio.entrants import Entrant
from llamoco_data.problems.own_spec import AnySpec
from llamoco_data.racing import replayed
from llamoco_data.runs import RunRecord
from llamoco_data.store import Store


@dataclass(frozen=True, slots=True)
class ProblemRuns:
    """A problem of a campaign and what was run on it."""

    index: int
    spec: AnySpec
    records: tuple[RunRecord, ...]
    """Runs that the campaign's policy asks for, by candidate in catalogue order, then by seed.

    What was run besides, when the portfolio was smaller and the race took another turn, stays in the folder and counts
    for nothing: a campaign that grew gives the rows of one that began with its present portfolio.
    """
    complete: bool
    """Whether the policy asks for no more runs."""


def read_entrants(folder: Place) -> tuple[Entrant, ...]:
    """The candidates of the campaign, in catalogue order; none before its first run.

    Raises:
        LlamocoError: the folder holds no campaign, or is damaged.
    """
    load_campaign(folder)
    return Store(folder).entrants()


def read_problems(folder: Place) -> Iterator[ProblemRuns]:
    """Every stored problem in the order of its index; memory does not grow with their runs.

    Raises:
        LlamocoError: the folder holds no campaign, or is damaged.
    """
    spec, store = load_campaign(folder), Store(folder)
    entrants = store.entrants()
    rank = {entrant.candidate_id: position for position, entrant in enumerate(entrants)}
    for index, problem in _stored(spec, store):
        problem_id = problem.problem_id
        stored = store.records(problem_id)
        racers = contestants(entrants, problem)
        records, missing = replayed(spec.policy, problem_id, racers, stored)
        yield ProblemRuns(
            index=index,
            spec=problem,
            records=tuple(sorted(records, key=lambda record: (rank[record.candidate_id], record.seed))),
            complete=not missing,
        )


def read_specs(folder: Place) -> Iterator[AnySpec]:
    """The stored problems alone, in the order of their indices: no runs are read.

    Raises:
        LlamocoError: the folder holds no campaign, or is damaged.
    """
    for _, problem in _stored(load_campaign(folder), Store(folder)):
        yield problem


def _stored(spec: CampaignSpec, store: Store) -> Iterator[tuple[int, AnySpec]]:
    for index in store.indices():
        problem_id = store.problem_id(index)
        if problem_id is not None and spec.holds(index):
            yield index, store.problem(problem_id)
