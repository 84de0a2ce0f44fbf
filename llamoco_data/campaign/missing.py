"""Which problems of a campaign may still need runs, and what has been run on them so far."""

from collections.abc import Sequence

from llamoco_data.campaign.spec import CampaignSpec, plan_id
from llamoco_data.execution import ByPolicy, Draw, Task
from llamoco_data.portfolio.stored_candidates import StoredCandidate
from llamoco_data.store import Store


def open_indices(spec: CampaignSpec, candidates: Sequence[StoredCandidate], store: Store) -> list[int]:
    """Indices of the problems that the folder does not know to be complete; reads no runs."""
    complete = store.complete(plan_id(spec, candidates))
    return [index for index in known_indices(spec, store) if store.problem_id(index) not in complete]


def known_indices(spec: CampaignSpec, store: Store) -> list[int]:
    """Indices of the campaign's problems, except users' own that the folder has lost, which cannot be drawn again."""
    return [index for index in spec.indices if index >= 0 or store.problem_id(index) is not None]


def open_task(spec: CampaignSpec, candidates: Sequence[StoredCandidate], store: Store, index: int) -> Task:
    """The task of a problem, which is drawn only where its index is not stored.

    Stored runs of other candidates are left out.

    Raises:
        LlamocoError: a file of the campaign is missing or damaged.
    """
    problem_id = store.problem_id(index)
    optimizers = {candidate.candidate_id: candidate.optimizer for candidate in candidates}
    records = [] if problem_id is None else store.records(problem_id)
    draw = Draw(mixture=spec.mixture, seed=spec.seed, index=index)
    return Task(
        index=index,
        problem=draw if problem_id is None else store.problem(problem_id),
        wants=ByPolicy(policy=spec.policy, optimizers=optimizers),
        time_limit_s=spec.time_limit_s,
        records=tuple(record for record in records if record.candidate_id in optimizers),
    )
