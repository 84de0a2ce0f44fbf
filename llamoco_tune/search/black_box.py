# pyright: reportExplicitAny=false
"""A problem of an export as a black box: its own Python, executed here, gives the value of a point."""

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llamoco_tune.records import TuningError, digest

EQUALITY_TOLERANCE = 1e-4
"""Most that an equality may be off, as in `llamoco_data`."""


@dataclass(frozen=True, slots=True)
class Value:
    """What a point is worth."""

    f: float
    violation: float
    """Mean excess over the constraints; 0 for a feasible point."""

    @property
    def order(self) -> tuple[float, float]:
        """Smaller for a better point: feasible points by their value, before others by their violation."""
        return self.violation, self.f


_WORST = Value(math.inf, math.inf)
"""Value of a point at which a problem's code fails or gives no finite number."""


@dataclass(frozen=True, slots=True)
class BlackBox:
    """A problem whose values alone are known."""

    lower: NDArray[np.float64]
    """Lower bounds, shape (D,)."""
    upper: NDArray[np.float64]
    """Upper bounds, shape (D,)."""
    max_evaluations: int
    is_constrained: bool
    call: Callable[[NDArray[np.float64]], Value]

    @property
    def dimension(self) -> int:
        return len(self.lower)


def black_box(problem_id: str, source: str, max_evaluations: int) -> BlackBox:
    """The black box of a problem; its text is executed in this process, with all its permissions.

    Raises:
        TuningError: the text fails, or is no problem.
    """
    module = ModuleType(f"llamoco_problem_{digest(source)}")
    sys.modules[module.__name__] = module  # classes of the text look for their module by its name
    try:
        exec(compile(source, f"<problem {problem_id}>", "exec"), module.__dict__)
        names: dict[str, Any] = module.__dict__
        lower_D, upper_D = (np.asarray(names[name], dtype=np.float64) for name in ("lower", "upper"))
        objective, constraints = names["objective"], names.get("constraints")
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the code may be a user's, and raise anything
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:160]
        raise TuningError(f"the code of problem {problem_id} fails: {reason}; export its campaign again") from None
    call = _call(objective, constraints)
    return BlackBox(lower_D, upper_D, max_evaluations, constraints is not None, call)


def _call(objective: Callable[..., Any], constraints: Callable[..., Any] | None) -> Callable[..., Value]:
    def call(x_D: NDArray[np.float64]) -> Value:
        try:
            f = float(objective(x_D.copy()))
            excess = _excess(constraints, x_D) if constraints else 0.0
        except (Exception, SystemExit):  # noqa: BLE001
            return _WORST
        return Value(f, excess) if math.isfinite(f) and math.isfinite(excess) else _WORST

    return call


def _excess(constraints: Callable[..., Any], x_D: NDArray[np.float64]) -> float:
    g, h = (np.asarray(values, dtype=np.float64) for values in constraints(x_D.copy()))
    off = np.abs(h)
    excess = np.concatenate([np.maximum(g, 0.0), np.where(off > EQUALITY_TOLERANCE, off, 0.0)])
    return float(excess.mean()) if excess.size else 0.0
