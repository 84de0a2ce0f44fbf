"""Decides which runs of a problem are still worth making: a pure policy from records to the next runs.

Whenever a policy is asked, it is replayed from its first run, over the runs that it would have asked for and no others.
So the runs that count are the same whether a campaign grew to its present portfolio or began with it.
"""

from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence
from math import ceil
from typing import Annotated, Literal

from pydantic import Field

from llamoco_data.identity import Record
from llamoco_data.ordering import keys_of, ranking, results_of, yardstick
from llamoco_data.runs import RunRecord, run_seed


class Run(Record):
    """One run that a policy asks for."""

    candidate_id: str
    seed: int


class Exhaustive(Record):
    """Every candidate on the same number of seeds: the reference that other policies are measured against."""

    kind: Literal["exhaustive"] = "exhaustive"
    repeats: int = Field(ge=1)


class Race(Record):
    """Elimination in three acts: optimizers, then the settings of the best of them, then seeds for the leaders.

    1. Every optimizer runs once, with its first settings.
    2. The best optimizers run once with each of their other settings.
    3. The best candidates run again and again with new seeds; after each seed only the better ones stay.

    All comparisons are by the order of verdicts, over the seeds that all compared candidates have run.
    """

    kind: Literal["race"] = "race"
    opened: float = Field(default=0.3, gt=0, le=1)
    """Share of the optimizers whose other settings are tried."""
    leaders: float = Field(default=0.1, gt=0, le=1)
    """Share of the problem's candidates that run a second seed."""
    kept: float = Field(default=0.7, gt=0, lt=1)
    """Share of the leaders that stay after each further seed."""
    finalists: int = Field(default=3, ge=2)
    """Least number of leaders that stay to the end."""
    runs_per_candidate: float = Field(default=1.0, gt=0)
    """Limit on a problem's runs, per candidate; the race ends before the seed that would exceed it."""
    repeats: int = Field(default=10, ge=2)
    """Largest number of seeds for one candidate."""


Policy = Annotated[Exhaustive | Race, Field(discriminator="kind")]


def next_runs(
    policy: Policy, problem_id: str, optimizers: Mapping[str, str], records: Sequence[RunRecord]
) -> tuple[Run, ...]:
    """The runs to make next on a problem, in the order in which to make them; empty when the policy has enough.

    Args:
        optimizers: candidate_id -> optimizer of the candidates that apply to the problem, in catalogue order. The first
            candidate of an optimizer stands for it until its other settings are tried.
        records: what has been run on the problem so far, in any order.
    """
    return replayed(policy, problem_id, optimizers, records)[1]


def outlook(
    policy: Policy, problem_id: str, optimizers: Mapping[str, str], records: Sequence[RunRecord]
) -> dict[str, float]:
    """candidate_id -> runs that it still needs; exact for an exhaustive search, else later acts are spread evenly."""
    met, missing = replayed(policy, problem_id, optimizers, records)
    if not missing:
        return {}
    runs = Counter(run.candidate_id for run in missing)
    later = max(0, most_runs(policy, len(optimizers)) - len(met) - len(missing)) / max(len(optimizers), 1)
    return {candidate: runs[candidate] + later for candidate in optimizers}


def policy_in_words(policy: Policy) -> str:
    """The policy in words, as part of a sentence on what was run on a problem."""
    if isinstance(policy, Exhaustive):
        return f"{policy.repeats} runs of every candidate that applies to a problem"
    return (
        "a race on every problem: each optimizer that applies runs once; the best of them run once with each of their "
        f"other settings; the leaders run again with new seeds, up to {policy.repeats}, and the worse drop out"
    )


def most_runs(policy: Policy, num_candidates: int) -> int:
    """About the largest number of runs that a policy asks for on a problem with so many candidates."""
    if isinstance(policy, Exhaustive):
        return policy.repeats * num_candidates
    return ceil(policy.runs_per_candidate * num_candidates)


def replayed(
    policy: Policy, problem_id: str, optimizers: Mapping[str, str], records: Sequence[RunRecord]
) -> tuple[tuple[RunRecord, ...], tuple[Run, ...]]:
    """The records that the policy asked for, stage by stage, and the runs that the first unfinished stage lacks.

    Other records, such as those of a smaller portfolio's race, are ignored.
    """
    by_run = {(record.candidate_id, record.seed): record for record in records}
    met: list[RunRecord] = []
    for stage in _stages(policy, problem_id, optimizers, met):
        met += [by_run[run.candidate_id, run.seed] for run in stage if (run.candidate_id, run.seed) in by_run]
        missing = tuple(run for run in stage if (run.candidate_id, run.seed) not in by_run)
        if missing:
            return tuple(met), missing
    return tuple(met), ()


def _stages(
    policy: Policy, problem_id: str, optimizers: Mapping[str, str], met: Sequence[RunRecord]
) -> Generator[list[Run]]:
    """The stages of a policy; before the next one is asked for, `met` has to hold all runs of those before it."""
    seeds = [run_seed(problem_id, repeat) for repeat in range(policy.repeats)]
    if isinstance(policy, Race):
        yield from _race(policy, optimizers, seeds, met)
    else:
        yield [run for seed in seeds for run in _runs(optimizers, seed)]


def _race(
    policy: Race, optimizers: Mapping[str, str], seeds: Sequence[int], met: Sequence[RunRecord]
) -> Generator[list[Run]]:
    by_optimizer: dict[str, list[str]] = {}
    for candidate, optimizer in optimizers.items():
        by_optimizer.setdefault(optimizer, []).append(candidate)
    first_of = {candidates[0]: optimizer for optimizer, candidates in by_optimizer.items()}
    yield _runs(first_of, seeds[0])
    best_first = _best_first(list(first_of), met)[: ceil(policy.opened * len(first_of))]
    opened = {first_of[candidate] for candidate in best_first}
    yield _runs([c for name in by_optimizer if name in opened for c in by_optimizer[name][1:]], seeds[0])
    ran = {record.candidate_id for record in met}
    alive = _best_first([candidate for candidate in optimizers if candidate in ran], met)
    alive = alive[: max(policy.finalists, ceil(policy.leaders * len(optimizers)))]
    for seed in seeds[1:]:
        if len(met) + len(alive) > policy.runs_per_candidate * len(optimizers):
            return
        yield _runs(alive, seed)
        alive = _best_first(alive, met)[: max(policy.finalists, ceil(policy.kept * len(alive)))]


def _runs(candidates: Iterable[str], seed: int) -> list[Run]:
    return [Run(candidate_id=candidate, seed=seed) for candidate in candidates]


def _best_first(candidates: Sequence[str], records: Sequence[RunRecord]) -> list[str]:
    """Candidates that have run the same seeds, by the order of verdicts."""
    if not candidates:
        return []
    measured_by = yardstick(records)
    by_candidate: dict[str, list[RunRecord]] = {}
    for record in records:
        by_candidate.setdefault(record.candidate_id, []).append(record)
    results = results_of([by_candidate[candidate] for candidate in candidates], measured_by)
    return [candidates[position] for position in ranking(keys_of(results))]
