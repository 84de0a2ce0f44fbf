"""Decides which runs of a problem are still worth making: a pure policy from records to the next runs.

Whenever a policy is asked, it is replayed from its first run, over the runs that it would have asked for and no others.
So the runs that count are the same whether a campaign grew to its present portfolio or began with it.
"""

from collections import Counter
from collections.abc import Generator, Iterable, Mapping, Sequence
from math import ceil
from typing import Annotated, Literal

from pydantic import Field

from llamoco_data.identity import Record, digest
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

    All comparisons are by the order of `ordering`, over the seeds that all compared candidates have run.
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
    """Limit on runs, per candidate; from `least_seeds` on, the race ends before the seed that would exceed it."""
    least_seeds: int = Field(default=3, ge=1)
    """Seeds that the finalists run whatever the limit: a winner of one run is luck."""
    repeats: int = Field(default=10, ge=2)
    """Largest number of seeds for one candidate."""


class Informed(Record):
    """A race of the optimizers that a prior expects to win, and of those that it does not know.

    1. The optimizers that promise to raise the best score run once, with their first settings.
    2. The best of them run once with each of their other settings.
    3. The best candidates run again and again with new seeds; after each seed only the better ones stay.

    Problems of which nothing is expected, and one in ten of the others, have a whole race, so that the prior is checked
    and never feeds on itself alone. Of problems that are not for training nothing is expected.
    """

    kind: Literal["informed"] = "informed"
    prior: str
    """Digest of the prior."""
    always: tuple[str, ...] = ()
    """Optimizers that run on every problem to which they apply, so that one of them can be the single best solver."""
    first_informed: int = Field(ge=0)
    """Index of the first problem with an informed race; problems before it, and users' own, have whole races."""
    full: Race = Race()
    """The whole race."""
    full_share: float = Field(default=0.1, ge=0, le=1)
    """Share of the problems from `first_informed` on that have a whole race all the same, drawn by their ids."""
    least_gain: float = Field(default=0.002, ge=0)
    """Least rise of the best score that an optimizer has to promise, given those before it, to be run."""
    opened: int = Field(default=3, ge=1)
    """Number of optimizers whose other settings are tried, and least number of known ones that are run."""
    leaders: int = Field(default=5, ge=2)
    """Number of candidates that run a second seed."""
    kept: float = Field(default=0.7, gt=0, lt=1)
    """Share of the leaders that stay after each further seed."""
    finalists: int = Field(default=3, ge=2)
    """Least number of leaders that stay to the end."""
    runs_per_candidate: float = Field(default=0.45, gt=0)
    """Limit on runs, per candidate; from `least_seeds` on, the race ends before the seed that would exceed it."""
    least_seeds: int = Field(default=3, ge=1)
    """Seeds that the finalists run whatever the limit."""

    @property
    def repeats(self) -> int:
        """Largest number of seeds for one candidate."""
        return self.full.repeats


Policy = Annotated[Exhaustive | Race | Informed, Field(discriminator="kind")]

Prospects = Mapping[str, float]
"""Optimizer -> how much it is expected to raise the best score of those before it, most promising first.

An optimizer that is not among them is unknown, not hopeless.
"""


def rule_for(policy: Policy, problem_id: str, prospects: Prospects | None) -> Policy:
    """The policy on one problem: an informed race is a whole one where nothing is expected, or its id draws one."""
    if not isinstance(policy, Informed):
        return policy
    drawn = int(digest(["whole race", problem_id])[:8], 16) / 16**8
    return policy.full if prospects is None or drawn < policy.full_share else policy


def next_runs(
    policy: Policy,
    problem_id: str,
    optimizers: Mapping[str, str],
    records: Sequence[RunRecord],
    prospects: Prospects | None = None,
) -> tuple[Run, ...]:
    """The runs to make next on a problem, in the order in which to make them; empty when the policy has enough.

    Args:
        optimizers: candidate_id -> optimizer of the candidates that apply to the problem, in catalogue order. The first
            candidate of an optimizer stands for it until its other settings are tried.
        records: what has been run on the problem so far, in any order.
        prospects: what a prior expects of the optimizers, for an informed race; None where nothing is expected.
    """
    return replayed(policy, problem_id, optimizers, records, prospects)[1]


def outlook(
    policy: Policy,
    problem_id: str,
    optimizers: Mapping[str, str],
    records: Sequence[RunRecord],
    prospects: Prospects | None = None,
) -> dict[str, float]:
    """candidate_id -> runs that it still needs; exact for an exhaustive search, else later acts are spread evenly."""
    met, missing = replayed(policy, problem_id, optimizers, records, prospects)
    if not missing:
        return {}
    runs = Counter(run.candidate_id for run in missing)
    most = most_runs(rule_for(policy, problem_id, prospects), len(optimizers))
    later = max(0, most - len(met) - len(missing)) / max(len(optimizers), 1)
    return {candidate: runs[candidate] + later for candidate in optimizers}


def policy_in_words(policy: Policy) -> str:
    """The policy in words, as part of a sentence on what was run on a problem."""
    if isinstance(policy, Exhaustive):
        return f"{policy.repeats} runs of every candidate that applies to a problem"
    if isinstance(policy, Informed):
        before = f"the first {policy.first_informed:,} problems, " if policy.first_informed else ""
        return (
            f"{policy_in_words(policy.full)}. That is the race of {before}all that are not for training and a share "
            f"of {policy.full_share:g} of the others; on the rest, only the optimizers run that scores of similar "
            "problems promise to be among the best"
        )
    return (
        "a race on every problem: each optimizer that applies runs once; the best of them run once with each of their "
        f"other settings; the leaders run again with new seeds, up to {policy.repeats}, and the worse drop out"
    )


def most_runs(policy: Policy, num_candidates: int) -> int:
    """About the largest number of runs that a policy asks for on a problem with so many candidates.

    A race of few candidates asks for more, so that its finalists have their least number of seeds.
    """
    if isinstance(policy, Exhaustive):
        return policy.repeats * num_candidates
    return ceil(policy.runs_per_candidate * num_candidates)


def replayed(
    policy: Policy,
    problem_id: str,
    optimizers: Mapping[str, str],
    records: Sequence[RunRecord],
    prospects: Prospects | None = None,
) -> tuple[tuple[RunRecord, ...], tuple[Run, ...]]:
    """The records that the policy asked for, stage by stage, and the runs that the first unfinished stage lacks.

    Other records, such as those of a smaller portfolio's race, are ignored.
    """
    by_run = {(record.candidate_id, record.seed): record for record in records}
    met: list[RunRecord] = []
    for stage in _stages(rule_for(policy, problem_id, prospects), problem_id, optimizers, met, prospects or {}):
        met += [by_run[run.candidate_id, run.seed] for run in stage if (run.candidate_id, run.seed) in by_run]
        missing = tuple(run for run in stage if (run.candidate_id, run.seed) not in by_run)
        if missing:
            return tuple(met), missing
    return tuple(met), ()


def _stages(
    policy: Policy,
    problem_id: str,
    optimizers: Mapping[str, str],
    met: Sequence[RunRecord],
    prospects: Prospects,
) -> Generator[list[Run]]:
    """The stages of a policy; before the next one is asked for, `met` has to hold all runs of those before it."""
    seeds = [run_seed(problem_id, repeat) for repeat in range(policy.repeats)]
    match policy:
        case Exhaustive():
            yield [run for seed in seeds for run in _runs(optimizers, seed)]
        case Race():
            num_optimizers = len(set(optimizers.values()))
            opened, leaders = ceil(policy.opened * num_optimizers), ceil(policy.leaders * len(optimizers))
            yield from _race(policy, optimizers, seeds, met, list(dict.fromkeys(optimizers.values())), opened, leaders)
        case Informed():
            entered = _entered(policy, optimizers, prospects)
            yield from _race(policy, optimizers, seeds, met, entered, policy.opened, policy.leaders)


def _entered(policy: Informed, optimizers: Mapping[str, str], prospects: Prospects) -> list[str]:
    """The optimizers that take part in an informed race, in catalogue order."""
    promising = {name for name, gain in prospects.items() if gain >= policy.least_gain}
    promising |= {*list(prospects)[: policy.opened], *policy.always}
    return [name for name in dict.fromkeys(optimizers.values()) if name in promising or name not in prospects]


def _race(
    policy: Race | Informed,
    optimizers: Mapping[str, str],
    seeds: Sequence[int],
    met: Sequence[RunRecord],
    entered: Sequence[str],
    opened: int,
    leaders: int,
) -> Generator[list[Run]]:
    """The stages of a race.

    Args:
        entered: optimizers that take part.
        opened: number of optimizers whose other settings are tried.
        leaders: number of candidates that run a second seed, if it is more than the finalists.
    """
    by_optimizer: dict[str, list[str]] = {name: [] for name in entered}
    for candidate, optimizer in optimizers.items():
        if optimizer in by_optimizer:
            by_optimizer[optimizer].append(candidate)
    first_of = {candidates[0]: optimizer for optimizer, candidates in by_optimizer.items()}
    yield _runs(first_of, seeds[0])
    best = {first_of[candidate] for candidate in _best_first(list(first_of), met)[:opened]}
    yield _runs([c for name in by_optimizer if name in best for c in by_optimizer[name][1:]], seeds[0])
    ran = {record.candidate_id for record in met}
    alive = _best_first([candidate for candidate in optimizers if candidate in ran], met)
    alive = alive[: max(policy.finalists, leaders)]
    for number, seed in enumerate(seeds[1:], 2):
        if len(met) + len(alive) > policy.runs_per_candidate * len(optimizers):
            if number > policy.least_seeds:
                return
            alive = alive[: policy.finalists]
        yield _runs(alive, seed)
        alive = _best_first(alive, met)[: max(policy.finalists, ceil(policy.kept * len(alive)))]


def _runs(candidates: Iterable[str], seed: int) -> list[Run]:
    return [Run(candidate_id=candidate, seed=seed) for candidate in candidates]


def _best_first(candidates: Sequence[str], records: Sequence[RunRecord]) -> list[str]:
    """Candidates that have run the same seeds, by the order of `ordering`."""
    if not candidates:
        return []
    measured_by = yardstick(records)
    by_candidate: dict[str, list[RunRecord]] = {}
    for record in records:
        by_candidate.setdefault(record.candidate_id, []).append(record)
    results = results_of([by_candidate[candidate] for candidate in candidates], measured_by)
    return [candidates[position] for position in ranking(keys_of(results))]
