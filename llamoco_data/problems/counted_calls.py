"""Counts the evaluations of a problem whose values Python gives; the kernel counts, remembers and stops."""

from collections.abc import Callable
from math import isnan, nan

import numpy as np
from numpy.typing import NDArray

from llamoco_data.problems import kernel
from llamoco_data.problems.functions.definition import Vector

Code = NDArray[np.int64]
Value = Callable[[Vector, Code, Vector], float]
"""(x[D], code, memory) -> objective."""
Fill = Callable[[Vector, Code, Vector], None]
"""(x[D], code, memory) -> nothing; it writes g and then h into the `values` part of `memory`."""


def counted_call(objective: Value, fill: Fill) -> Callable[..., float]:
    """The counterpart of `kernel.call` with these values."""

    def call(x: Vector, want: int, code: Code, memory: Vector) -> float:
        if want == kernel.PURE_OBJECTIVE:
            return objective(x, code, memory)
        if want == kernel.PURE_CONSTRAINTS:
            fill(x, code, memory)
            return kernel.mean_violation(code, memory)
        known = kernel.recall(x, want, code, memory)
        if not isnan(known):
            return known
        if memory[kernel.EVALUATIONS] >= memory[kernel.BUDGET]:
            return nan
        f = objective(x, code, memory)
        fill(x, code, memory)
        return kernel.book(x, f, want, code, memory)

    return call


def warm_up(lower: Vector, code: Code, memory: Vector) -> None:
    """Compiles what counts, or loads it from disk: now, and not in a run, whose time is measured."""
    scratch = memory.copy()
    kernel.recall(lower, kernel.OBJECTIVE, code, scratch)
    kernel.book(lower, 0.0, kernel.OBJECTIVE, code, scratch)
