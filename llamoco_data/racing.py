"""Decides which runs of a problem are still worth making: a pure policy from records to the next runs."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from llamoco_data.identity import Record
from llamoco_data.runs import RunRecord, run_seed


class Run(Record):
    """One run that a policy asks for."""

    candidate_id: str
    seed: int


class Exhaustive(Record):
    """Every candidate on the same number of seeds: the reference that other policies are measured against."""

    kind: Literal["exhaustive"] = "exhaustive"
    repeats: int = Field(ge=1)


Policy = Exhaustive


def next_runs(
    policy: Policy, problem_id: str, candidates: Sequence[str], records: Sequence[RunRecord]
) -> tuple[Run, ...]:
    """The runs to make next on a problem, in the order in which to make them; empty when the policy has enough.

    Args:
        candidates: ids of the candidates that apply to the problem, in catalogue order.
        records: what has been run on the problem so far, in any order.
    """
    done = {(record.candidate_id, record.seed) for record in records}
    wanted = (
        Run(candidate_id=candidate, seed=run_seed(problem_id, repeat))
        for repeat in range(policy.repeats)
        for candidate in candidates
    )
    return tuple(run for run in wanted if (run.candidate_id, run.seed) not in done)


def most_runs(policy: Policy, num_candidates: int) -> int:
    """The most runs that a policy can ask for on a problem with so many candidates."""
    return policy.repeats * num_candidates
