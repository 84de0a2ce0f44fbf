"""The evaluator of a drawn problem with parts of plug-ins: the kernel gives its own parts, Python adds the others.

The kernel takes an unknown part for zero. A plug-in's part that raises an error has a value that is not finite.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

from llamoco_data.identity import LlamocoError
from llamoco_data.plugins import required
from llamoco_data.problems import kernel
from llamoco_data.problems.asking import described
from llamoco_data.problems.compiling import compiled
from llamoco_data.problems.constraint_forms import FORM_CODE
from llamoco_data.problems.counted_calls import Code, counted_call
from llamoco_data.problems.functions import FUNCTION_CODE
from llamoco_data.problems.functions.definition import Vector
from llamoco_data.problems.plugin_forms import plugin_form
from llamoco_data.problems.plugin_functions import plugin_function
from llamoco_data.problems.spec import Constraint, ProblemSpec

UNKNOWN = -1
"""The number of every part that the kernel does not know."""


@dataclass(frozen=True, slots=True)
class _Term:
    """A component of the objective."""

    position: int
    weight: float
    function: Callable[[Vector], float]

    def value(self, x: Vector, code: Code, memory: Vector) -> float:
        at = kernel.BEST_X_AT + 4 * len(x)
        count = kernel.argument(x, self.position, code, memory)
        try:
            return self.weight * self.function(memory[at : at + count])
        except ArithmeticError:
            return nan


@dataclass(frozen=True, slots=True)
class _Limit:
    """A constraint."""

    position: int
    constraint: Constraint
    variables: NDArray[np.int64]
    units: Vector
    """Units of its variables."""
    coefficients: Vector
    form: Callable[[Vector, Vector, float, float], float]

    def value(self, x: Vector) -> float:
        constraint = self.constraint
        y = x[self.variables] / self.units
        try:
            phi = self.form(y, self.coefficients, constraint.center, constraint.width)
        except ArithmeticError:
            return nan
        return constraint.bound - phi if constraint.sense == ">=" else phi - constraint.bound


def plugin_call(spec: ProblemSpec) -> Callable[..., float] | None:
    """The counterpart of `kernel.call` for a problem with parts of plug-ins; None for one without.

    Raises:
        PluginMissing: a plug-in is not installed here, or is another here.
        LlamocoError: a plug-in's kernel does not compile.
    """
    for pinned in spec.plugins:
        required(pinned)
    terms = [
        _Term(position, component.weight, _compiled_function(component.function))
        for position, component in enumerate(spec.components)
        if component.function not in FUNCTION_CODE
    ]
    limits = [_limit(k, spec) for k, each in enumerate(spec.constraints) if each.form not in FORM_CODE]
    if not terms and not limits:
        return None
    first = kernel.BEST_X_AT + 6 * spec.dimension

    def objective(x: Vector, code: Code, memory: Vector) -> float:
        total = kernel.call(x, kernel.PURE_OBJECTIVE, code, memory)
        for term in terms:
            total += term.value(x, code, memory)
        return total

    def fill(x: Vector, code: Code, memory: Vector) -> None:
        if spec.constraints:
            kernel.call(x, kernel.PURE_CONSTRAINTS, code, memory)
        for limit in limits:
            memory[first + limit.position] = limit.value(x)

    return counted_call(objective, fill)


def _limit(position: int, spec: ProblemSpec) -> _Limit:
    constraint = spec.constraints[position]
    variables = np.array(constraint.variables or range(spec.dimension), np.int64)
    units = np.array(spec.units or (1.0,) * spec.dimension)[variables]
    coefficients = np.array(constraint.coefficients or (0.0,) * len(variables))
    return _Limit(position, constraint, variables, units, coefficients, _compiled_form(constraint.form))


@functools.cache
def _compiled_function(name: str) -> Callable[[Vector], float]:
    """A plug-in's basic function, compiled here, so that no run waits for that.

    Raises:
        LlamocoError: see `plugin_function`; or it does not compile.
    """
    function = compiled(plugin_function(name).kernel)
    _try(lambda: function(np.zeros(2)), f"basic function {name!r}")
    return function


@functools.cache
def _compiled_form(name: str) -> Callable[[Vector, Vector, float, float], float]:
    form = compiled(plugin_form(name).kernel)
    _try(lambda: form(np.zeros(2), np.zeros(2), 0.0, 1.0), f"constraint form {name!r}")
    return form


def _try(call: Callable[[], float], called: str) -> None:
    try:
        call()
    except ArithmeticError:
        pass
    except Exception as error:
        raise LlamocoError(f"the {called} of a plug-in does not compile: {described(error)}") from error


def forget() -> None:
    """Lets the next call look anew at what is installed."""
    _compiled_function.cache_clear()
    _compiled_form.cache_clear()
