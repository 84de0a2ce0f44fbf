"""The evaluator of a user's own problem: Python gives the values, the kernel counts, remembers and stops.

An error in the Python code, or a result of a wrong type or shape, counts as a value that is not finite; it is never a
failure of the program that asked for it.
"""

from collections.abc import Callable
from math import nan

import numpy as np

from llamoco_data.problems import kernel
from llamoco_data.problems.counted_calls import Code, counted_call
from llamoco_data.problems.functions.definition import Vector
from llamoco_data.problems.own_spec import OwnProblemSpec
from llamoco_data.problems.source import Loaded, load_source


def own_call(spec: OwnProblemSpec) -> Callable[..., float]:
    """The counterpart of `kernel.call` for a user's own problem. Its text is executed now, its functions at every call.

    Raises:
        Exception: whatever the text raises when it is executed.
    """
    loaded = load_source(spec.source)
    first = kernel.BEST_X_AT + 6 * spec.dimension

    def objective(x: Vector, code: Code, memory: Vector) -> float:
        del code, memory
        return _objective(loaded, x)

    def fill(x: Vector, code: Code, memory: Vector) -> None:
        del code
        if spec.num_constraints:
            memory[first : first + spec.num_constraints] = _constraints(loaded, spec, x)

    return counted_call(objective, fill)


def _objective(loaded: Loaded, x: Vector) -> float:
    try:
        return float(loaded.objective(x.copy()))  # pyright: ignore[reportArgumentType] - what is no number raises
    except (Exception, SystemExit):  # noqa: BLE001 - the code is the user's, and may raise anything
        return nan


def _constraints(loaded: Loaded, spec: OwnProblemSpec, x: Vector) -> Vector:
    """The values of g, then of h."""
    assert loaded.constraints is not None, "a problem with constraints defines them"
    try:
        g, h = loaded.constraints(x.copy())  # pyright: ignore[reportGeneralTypeIssues] - what is no pair raises
        g, h = np.asarray(g, np.float64), np.asarray(h, np.float64)
        if g.shape == (spec.num_inequality,) and h.shape == (spec.num_equality,):
            return np.concatenate([g, h])
    except (Exception, SystemExit):  # noqa: BLE001 - the code is the user's, and may raise anything
        pass
    return np.full(spec.num_constraints, nan)
