"""A law as a rule: statements of a problem, Python executed and LaTeX read back, say what the evaluator measures."""

from collections.abc import Callable, Iterator
from typing import Protocol, cast

import numpy as np

from llamoco_data.conformance.rules import require
from llamoco_data.identity import stream
from llamoco_data.latex_reader import LatexError, read_statement
from llamoco_data.problems.evaluation import Problem, build
from llamoco_data.problems.functions.definition import Vector
from llamoco_data.problems.sampling import ProblemMixture, sample
from llamoco_data.problems.source import load_source
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.statements import FIRST_STYLED, code_of, python_source, statement

AGREEMENT = 1e-9
"""Largest difference that counts as agreement, relative to the larger of 1 and the values."""
NUM_WORDINGS = 5
"""Number of statements of each problem in each form and in other styles."""
NUM_POINTS = 3
"""Number of random points, beside the minima of the components and the feasible point."""
NUM_PROBLEMS = 8
_MIXTURE = ProblemMixture(
    min_dimension=2, max_dimension=8, min_budget_factor=50, max_budget_factor=500, constrained_share=0.6
)


class _Stated(Protocol):
    """What a statement says."""

    @property
    def objective(self) -> Callable[[Vector], float]: ...
    @property
    def constraints(self) -> Callable[[Vector], tuple[Vector, Vector]] | None: ...
    @property
    def lower(self) -> Vector: ...
    @property
    def upper(self) -> Vector: ...
    @property
    def max_evaluations(self) -> int: ...


def sampled() -> Iterator[ProblemSpec]:
    """Problems of every kind, into which a part can be put."""
    return (sample(_MIXTURE, 11, index) for index in range(NUM_PROBLEMS))


def close(one: float, other: float) -> bool:
    """Whether two values agree."""
    return bool(abs(one - other) <= AGREEMENT * max(1.0, abs(one), abs(other)))


def require_statements(spec: ProblemSpec) -> None:
    """Checks statements of a problem in every form.

    Raises:
        RuleBroken: one of them says something else than the evaluator.
    """
    problem = build(spec)
    texts = {"the canonical Python": python_source(spec)}
    for number in range(NUM_WORDINGS):
        texts[f"Python wording {number}"] = code_of(statement(spec, "python", number))
        texts[f"Python wording {FIRST_STYLED + number}"] = code_of(statement(spec, "python", FIRST_STYLED + number))
    for name, text in texts.items():
        loaded = load_source(text)
        _compare(cast("_Stated", loaded), problem, name)
    for number in range(NUM_WORDINGS):
        name = f"LaTeX wording {number}"
        try:
            read = read_statement(statement(spec, "latex", number))
        except LatexError as error:
            require(False, f"{name} cannot be read back: {error}")
            return
        _compare(read, problem, name)


def _compare(stated: _Stated, problem: Problem, name: str) -> None:
    spec = problem.spec
    assert isinstance(spec, ProblemSpec)
    same_box = np.array_equal(stated.lower, problem.lower) and np.array_equal(stated.upper, problem.upper)
    require(same_box and stated.max_evaluations == spec.max_evaluations, f"{name} has another box or budget")
    for x in _points(problem):
        value, expected = stated.objective(x.copy()), problem.objective(x)
        told = f"{name} of {_of(spec)} is {value:.12g} where the evaluator gives {expected:.12g}"
        require(close(value, expected), told)
        if spec.num_constraints:
            assert stated.constraints is not None
            for letter, values, others in zip("gh", stated.constraints(x.copy()), problem.constraints(x), strict=True):
                same = len(values) == len(others) and all(map(close, values, others))
                require(same, f"{letter} in {name} is {values} where the evaluator gives {others}")


def _points(problem: Problem) -> list[Vector]:
    spec = problem.spec
    assert isinstance(spec, ProblemSpec)
    inside = stream("agreement", spec.problem_id).uniform(problem.lower, problem.upper, (NUM_POINTS, spec.dimension))
    return [*inside, *map(np.array, spec.shifts), *([np.array(spec.feasible_point)] if spec.constraints else [])]


def _of(spec: ProblemSpec) -> str:
    return f"a {spec.kind} of {' and '.join(spec.functions)}"
