"""Proves that a text defines the problem of another one: both are executed at points of the box, and compared."""

from collections.abc import Callable, Iterator
from typing import cast

import numpy as np

from llamoco_data.identity import LlamocoError, stream
from llamoco_data.problems.functions.definition import Vector
from llamoco_data.problems.source import Loaded, load_source
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.silence import silence

POINTS = 10
"""Number of random points at which two texts are compared, beside the minima of the parts and a feasible point."""
AGREEMENT = 1e-9
"""Largest difference that counts as agreement, relative and absolute."""


def check_same(text: str, original: str, spec: ProblemSpec) -> None:
    """Checks that a text defines the problem that another one defines; both are executed in this process.

    Raises:
        LlamocoError: they differ in the box, the budget, or a value at a point.
    """
    one, other = load_source(text), load_source(original)
    same_box = np.array_equal(cast("Vector", one.lower), cast("Vector", other.lower)) and np.array_equal(
        cast("Vector", one.upper), cast("Vector", other.upper)
    )
    if not same_box or one.max_evaluations != other.max_evaluations:
        raise _differs(spec, "its box or its budget")
    if (one.constraints is None) != (other.constraints is None):
        raise _differs(spec, "its constraints")
    with silence(), np.errstate(all="ignore"):
        for x in _points(other, spec):
            values, expected = _values(one, x), _values(other, x)
            if len(values) != len(expected) or not np.allclose(values, expected, rtol=AGREEMENT, atol=AGREEMENT):
                raise _differs(spec, f"its values at {x.tolist()}")


def _points(loaded: Loaded, spec: ProblemSpec) -> Iterator[Vector]:
    lower, upper = cast("tuple[Vector, Vector]", (loaded.lower, loaded.upper))
    yield from stream("proof of style", spec.problem_id).uniform(lower, upper, (POINTS, spec.dimension))
    yield from map(np.array, (*spec.shifts, *([spec.feasible_point] if spec.feasible_point else [])))


def _values(loaded: Loaded, x: Vector) -> Vector:
    """Objective, g and h at a point."""
    value = cast("float", loaded.objective(x.copy()))
    if loaded.constraints is None:
        return np.array([value])
    g, h = cast("Callable[[Vector], tuple[Vector, Vector]]", loaded.constraints)(x.copy())
    return np.concatenate([[value], g, h])


def _differs(spec: ProblemSpec, what: str) -> LlamocoError:
    return LlamocoError(f"a statement of problem {spec.problem_id} in another style changes {what}; report this")
