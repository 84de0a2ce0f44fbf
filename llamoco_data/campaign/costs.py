"""What runs and problems are expected to cost in processor time, before anything of them is measured."""

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from llamoco_data.campaign.spec import CampaignSpec
from llamoco_data.portfolio import OPTIMIZER_BY_NAME
from llamoco_data.portfolio.stored_candidates import StoredCandidate
from llamoco_data.problems.sampling import sample_size
from llamoco_data.racing import Exhaustive
from llamoco_data.store import Store

OBJECTIVE_US = 4.0
"""Processor microseconds of one evaluation of a problem from Python, between those of one function and of five rotated
ones."""
FLOOR_S = 0.0015
"""Processor time of a run apart from its evaluations."""


def evaluation_s(optimizer: str) -> float:
    """Processor time of one evaluation, the optimizer's own share included, by the catalogue."""
    known = OPTIMIZER_BY_NAME.get(optimizer)
    return ((known.cost_us if known else 0.0) + OBJECTIVE_US) * 1e-6


@dataclass(frozen=True, slots=True)
class Cost:
    """Estimated processor time of the runs that a problem still needs."""

    expected_s: float
    most_s: float
    """Time if the candidates whose runs take longest lead, and get all further seeds."""


def problem_costs(
    spec: CampaignSpec, candidates: Sequence[StoredCandidate], store: Store, indices: Iterable[int]
) -> dict[int, Cost]:
    """Index -> cost of a problem, by the catalogue.

    Only the size of a problem is drawn, which takes a hundredth of the time of drawing the problem; whether it has
    constraints is left open. That is enough to tell long problems from short ones.
    """
    by_size = _by_size(spec, candidates)
    return {index: by_size(*_size(spec, store, index)) for index in indices}


def _size(spec: CampaignSpec, store: Store, index: int) -> tuple[int, int]:
    """Dimension and budget of a problem."""
    added = store.problem_id(index) if index < 0 else None
    if added is None:
        return sample_size(spec.mixture, spec.seed, index)
    problem = store.problem(added)
    return problem.dimension, problem.max_evaluations


def _by_size(spec: CampaignSpec, candidates: Sequence[StoredCandidate]) -> Callable[[int, int], Cost]:
    constrained = spec.mixture.constrained_share

    @functools.cache
    def cost(dimension: int, max_evaluations: int) -> Cost:
        once_s, longest_s = 0.0, 0.0
        for candidate in candidates:
            limits = candidate.limits
            with_constraints = limits.takes_constraints and not limits.exceeded(
                dimension, max_evaluations, constrained=True
            )
            without = not limits.needs_constraints and not limits.exceeded(
                dimension, max_evaluations, constrained=False
            )
            if with_constraints or without:
                share = constrained * with_constraints + (1 - constrained) * without
                run_s = FLOOR_S + evaluation_s(candidate.optimizer) * max_evaluations
                once_s += share * run_s
                longest_s = max(longest_s, run_s)
        if isinstance(spec.policy, Exhaustive):
            return Cost(once_s * spec.policy.repeats, once_s * spec.policy.repeats)
        return Cost(once_s, once_s + longest_s * spec.policy.repeats)

    return cost
