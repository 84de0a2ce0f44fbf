"""Takes over runs that other scores folders hold: the same program, problem, seed and time limit give the same run.

Only one that timed out may end otherwise, on a machine that is less busy.
"""

from collections.abc import Iterator, Sequence

from llamoco_data.box.layers import TIERS, Tier
from llamoco_data.files import Place, files_at
from llamoco_data.identity import LlamocoError
from llamoco_data.invocation import command
from llamoco_data.runs import RunRecord
from llamoco_data.scoring.folder import GOING_ON, stored_score
from llamoco_data.scoring.plan import RunPlan
from llamoco_data.scoring.running import missing_runs
from llamoco_data.store import Block, Store, damaged


def sources_of(others: Sequence[Place], time_limit_s: float) -> tuple[Store, ...]:
    """The runs of other scores folders; nothing is written.

    Raises:
        LlamocoError: one of them holds no score, or one with another time limit, or is damaged.
    """
    return tuple(_source(other, time_limit_s) for other in others)


def take_over(store: Store, sources: Sequence[Store], plan: RunPlan, confined: Tier) -> int:
    """Commits the planned runs that a folder lacks and others hold; returns their number.

    A run that was confined less than is asked for, or that timed out, is made again.

    Raises:
        LlamocoError: a file of another folder cannot be read.
    """
    taken = 0
    for source in sources:
        records = list(_wanted(store, source, plan, confined))
        if records:
            store.commit(Block(records=records))
        taken += len(records)
    return taken


def _source(other: Place, time_limit_s: float) -> Store:
    spec = stored_score(files_at(other))
    if spec is None:
        raise LlamocoError(f"{other} holds no scores, so it has no runs to reuse; leave it out")
    if spec.time_limit_s != time_limit_s:
        raise LlamocoError(
            f"{other} has runs with a time limit of {spec.time_limit_s:g} s, not {time_limit_s:g} s; give that "
            "--time-limit, or leave it out"
        )
    store = Store(other, made_by=GOING_ON)
    spoilt = next(damaged(store), None)
    if spoilt is not None:
        raise LlamocoError(
            f"{store.place.where(spoilt.file.path)} is {'missing' if spoilt.missing else 'damaged'}; mend it with "
            f"`{command(*GOING_ON, store.place.where())}`, or leave {other} out"
        )
    return store


def _wanted(store: Store, source: Store, plan: RunPlan, confined: Tier) -> Iterator[RunRecord]:
    for problem_id, runs in missing_runs(plan, store).items():
        wanted = {(run.candidate_id, run.seed) for run in runs}
        for record in source.records(problem_id):
            tier: Tier = record.tier or "trusted"
            fits = TIERS.index(tier) >= TIERS.index(confined) and record.status != "timed_out"
            if fits and (record.candidate_id, record.seed) in wanted:
                yield record
