"""Which problems of a campaign may still need runs, and what has been run on them so far."""

from collections.abc import Sequence

from llamoco_data.campaign.foresight import Foresight
from llamoco_data.campaign.spec import CampaignSpec, plan_id
from llamoco_data.execution import ByPolicy, Draw, Task
from llamoco_data.portfolio.stored_candidates import StoredCandidate, optimizers_of
from llamoco_data.store import Store


def open_indices(spec: CampaignSpec, candidates: Sequence[StoredCandidate], store: Store) -> list[int]:
    """Indices of the problems that the folder does not know to be complete; reads no runs."""
    complete = store.complete(plan_id(spec, candidates))
    return [index for index in known_indices(spec, store) if store.problem_id(index) not in complete]


def known_indices(spec: CampaignSpec, store: Store) -> list[int]:
    """Indices of the campaign's problems, except users' own that the folder has lost, which cannot be drawn again."""
    return [index for index in spec.indices if index >= 0 or store.problem_id(index) is not None]


def open_task(foresight: Foresight, candidates: Sequence[StoredCandidate], index: int) -> Task:
    """The task of a problem. Where its index is not stored it is drawn: here if its race is informed, else by a worker.

    Stored runs of other candidates are left out.

    Raises:
        LlamocoError: a file of the campaign is missing or damaged, or its prior needs another scikit-learn.
    """
    spec, store = foresight.spec, foresight.store
    problem_id, known = store.problem_id(index), foresight.problem(index)
    optimizers = {candidate.candidate_id: candidate.optimizer for candidate in candidates}
    records = [] if problem_id is None else store.records(problem_id)
    prospects = None
    if known is not None:
        prospects = foresight.prospects(known, optimizers_of(candidates, known.spec).values())
    return Task(
        index=index,
        problem=Draw(mixture=spec.mixture, seed=spec.seed, index=index) if known is None else known.spec,
        wants=ByPolicy(policy=spec.policy, optimizers=optimizers, prospects=prospects),
        time_limit_s=spec.time_limit_s,
        records=tuple(record for record in records if record.candidate_id in optimizers),
    )
