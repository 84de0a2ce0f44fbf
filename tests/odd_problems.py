"""Specs that are legal though the sampler never draws them: long numbers, shared or unused vectors, overlaps."""

import numpy as np

from llamoco_data.problems.constraint_forms import FORMS, ConstraintForm
from llamoco_data.problems.functions import FUNCTIONS
from llamoco_data.problems.spec import Component, Constraint, ProblemSpec


def odd_problem(seed: int) -> ProblemSpec:
    """A spec of 2 to 9 variables with every freedom that the schema gives."""
    random = np.random.default_rng(seed)
    dimension = int(random.integers(2, 10))
    lower = number(random, 5)
    num_shifts, num_reflections = int(random.integers(1, 4)), int(random.integers(0, 4))
    constraints = [constraint(random, dimension) for _ in range(int(random.integers(0, 6)))]
    return ProblemSpec(
        kind="composition",
        dimension=dimension,
        box=(lower, lower + abs(number(random, 10)) + 0.1),
        units=tuple(float(10.0 ** random.integers(-2, 3)) for _ in range(dimension)) if random.random() < 0.4 else (),
        shifts=tuple(tuple(number(random, 3) for _ in range(dimension)) for _ in range(num_shifts)),
        reflections=tuple(
            (*(int(random.integers(-3, 4)) for _ in range(dimension - 1)), int(random.integers(1, 4)))
            for _ in range(num_reflections)
        ),
        components=tuple(
            component(random, dimension, num_shifts, num_reflections) for _ in range(int(random.integers(1, 6)))
        ),
        offset=number(random, 100) if random.random() < 0.5 else 0.0,
        constraints=tuple(sorted(constraints, key=lambda each: each.sense == "=")),
        max_evaluations=int(random.integers(1, 200_000)),
        feasible_point=tuple(number(random, 3) for _ in range(dimension)) if constraints else (),
    )


def number(random: np.random.Generator, size: float) -> float:
    """Zero, one, a whole number, a short decimal, a tiny number, or one with all its digits."""
    value = float(random.uniform(-size, size))
    choices = (0.0, 1.0, -1.0, float(round(value)), round(value, 2), value * 1e-7, float(f"{value:.1e}") * 1e-6, value)
    return choices[int(random.integers(len(choices)))]


def positive(random: np.random.Generator) -> float:
    return abs(number(random, 2)) or 1.0


def component(random: np.random.Generator, dimension: int, num_shifts: int, num_reflections: int) -> Component:
    return Component(
        function=FUNCTIONS[int(random.integers(len(FUNCTIONS)))].name,
        weight=positive(random),
        scale=positive(random),
        shift=int(random.integers(num_shifts)),
        reflections=tuple(int(i) for i in random.permutation(num_reflections)[: random.integers(num_reflections + 1)]),
        variables=variables(random, dimension),
    )


def variables(random: np.random.Generator, dimension: int) -> tuple[int, ...]:
    """All, a run of neighbours, or any in any order."""
    count = int(random.integers(2, dimension + 1))
    first = int(random.integers(dimension - count + 1))
    any_order = tuple(int(i) for i in random.permutation(dimension)[:count])
    return ((), tuple(range(first, first + count)), any_order)[int(random.integers(3))]


def constraint(random: np.random.Generator, dimension: int) -> Constraint:
    form: ConstraintForm = FORMS[int(random.integers(len(FORMS)))]
    chosen = variables(random, dimension)
    return Constraint(
        form=form.name,
        sense=form.senses[int(random.integers(len(form.senses)))],
        bound=number(random, 5),
        variables=chosen,
        coefficients=tuple(positive(random) for _ in range(len(chosen) or dimension)) if form.uses_coefficients else (),
        center=number(random, 2) if form.uses_center else 0.0,
        width=positive(random) if form.uses_width else 1.0,
    )
