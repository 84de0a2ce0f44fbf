"""The evaluator of a drawn problem with parts of plug-ins: the kernel gives its own parts, Python adds the others.

The kernel takes an unknown part for zero. A plug-in's part that raises an error has a value that is not finite.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import nan

import numpy as np

from llamoco_data.identity import LlamocoError
from llamoco_data.plugins import required
from llamoco_data.problems import kernel
from llamoco_data.problems.asking import described
from llamoco_data.problems.counted_calls import Code, counted_call
from llamoco_data.problems.functions import FUNCTION_CODE
from llamoco_data.problems.functions.definition import Vector
from llamoco_data.problems.plugin_functions import compiled_function
from llamoco_data.problems.spec import ProblemSpec

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


def plugin_call(spec: ProblemSpec) -> Callable[..., float] | None:
    """The counterpart of `kernel.call` for a problem with parts of plug-ins; None for one without.

    Raises:
        PluginMissing: a plug-in is not installed here, or is another here.
        LlamocoError: a plug-in's kernel does not compile.
    """
    for pinned in spec.plugins:
        required(pinned)
    terms = [
        _Term(position, component.weight, _tried(component.function))
        for position, component in enumerate(spec.components)
        if component.function not in FUNCTION_CODE
    ]
    if not terms:
        return None

    def objective(x: Vector, code: Code, memory: Vector) -> float:
        total = kernel.call(x, kernel.PURE_OBJECTIVE, code, memory)
        for term in terms:
            total += term.value(x, code, memory)
        return total

    def fill(x: Vector, code: Code, memory: Vector) -> None:
        if spec.constraints:
            kernel.call(x, kernel.PURE_CONSTRAINTS, code, memory)

    return counted_call(objective, fill)


def _tried(name: str) -> Callable[[Vector], float]:
    """A plug-in's basic function, compiled, so that no run waits for that.

    Raises:
        LlamocoError: it does not compile.
    """
    function = compiled_function(name)
    try:
        function(np.zeros(2))
    except ArithmeticError:
        pass
    except Exception as error:
        raise LlamocoError(f"the basic function {name!r} of a plug-in does not compile: {described(error)}") from error
    return function
