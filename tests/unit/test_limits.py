"""Where an optimizer does not apply: every limit declines what is past it, with its reason, and nothing else."""

import pytest

from llamoco_data.portfolio import OPTIMIZER_BY_NAME, OPTIMIZERS
from llamoco_data.portfolio.limits import Limits
from llamoco_data.portfolio.stored_candidates import optimizers_of, stored_candidates
from llamoco_data.problems.spec import Component, Constraint, ProblemSpec

pytestmark = pytest.mark.unit


def problem(dimension: int = 4, max_evaluations: int = 400, constrained: bool = False) -> ProblemSpec:
    return ProblemSpec(
        kind="single",
        dimension=dimension,
        box=(-1.0, 1.0),
        shifts=((0.0,) * dimension,),
        components=(Component(function="sphere", weight=1.0, scale=1.0, shift=0),),
        constraints=(Constraint(form="ball", sense="<=", bound=1.0),) if constrained else (),
        feasible_point=(0.0,) * dimension if constrained else (),
        max_evaluations=max_evaluations,
    )


@pytest.mark.parametrize(
    ("limits", "taken", "declined", "reason"),
    [
        (Limits(), problem(), problem(constrained=True), "takes no constraints"),
        (
            Limits(takes_constraints=True, needs_constraints=True),
            problem(constrained=True),
            problem(),
            "is made for problems with constraints",
        ),
        (
            Limits(min_evaluations_per_dimension=20),
            problem(max_evaluations=80),
            problem(max_evaluations=79),
            "needs at least 20 evaluations a dimension",
        ),
        (
            Limits(max_evaluations=300),
            problem(max_evaluations=300),
            problem(max_evaluations=301),
            "is made for at most 300 evaluations",
        ),
        (
            Limits(max_dimension=20),
            problem(dimension=20),
            problem(dimension=21),
            "is made for at most 20 variables",
        ),
        (
            Limits(takes_constraints=True, max_free_dimension=20),
            problem(dimension=20),
            problem(dimension=21),
            "is made for at most 20 variables where nothing is constrained",
        ),
        (
            Limits(takes_constraints=True, max_free_dimension=20),
            problem(dimension=21, constrained=True),
            problem(dimension=21),
            "is made for at most 20 variables where nothing is constrained",
        ),
    ],
)
def test_limit_declines_what_is_past_it_with_its_reason(
    limits: Limits, taken: ProblemSpec, declined: ProblemSpec, reason: str
):
    assert limits.declines(taken) == ""
    assert limits.declines(declined) == reason


def test_optimizer_that_declines_is_not_run():
    names = ("bobyqa", "al_cma_es", "slsqp")
    assert set(optimizers_of(stored_candidates(names), problem())) == {
        e.candidate_id for e in stored_candidates(("bobyqa", "slsqp"))
    }
    assert set(optimizers_of(stored_candidates(names), problem(constrained=True))) == {
        e.candidate_id for e in stored_candidates(("al_cma_es", "slsqp"))
    }


def test_portfolio_covers_every_kind_of_problem():
    """With and without constraints, few variables and many, short budgets and long: something always applies."""
    for dimension in (2, 50):
        for budget in (1, 50 * dimension, 100_000):
            for constrained in (False, True):
                spec = problem(dimension, budget, constrained)
                applies = [optimizer.name for optimizer in OPTIMIZERS if not optimizer.declines(spec)]
                assert len(applies) > 1, spec


def test_reason_names_the_optimizer():
    optimizer = OPTIMIZER_BY_NAME["bobyqa"]
    assert optimizer.declines(problem(constrained=True)) == f"{optimizer.title} takes no constraints"
