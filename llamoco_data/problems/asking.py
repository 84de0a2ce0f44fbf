"""Evaluates a user's own problem at given points, keeps the answers, and rejects those of a wrong type or shape."""

import warnings
from dataclasses import dataclass, field

import numpy as np

from llamoco_data.identity import LlamocoError
from llamoco_data.problems.functions.definition import Vector
from llamoco_data.problems.source import Loaded
from llamoco_data.problems.spec import EQUALITY_TOLERANCE

_SCALARS = (float, int, np.floating, np.integer)


def wrong(what: str, advice: str) -> LlamocoError:
    """The error about a user's own problem, in one line whatever its parts contain."""
    return LlamocoError(_one_line(f"{what}; {advice}"))


def described(error: BaseException) -> str:
    """An error's type, line and message, in one line of about 200 characters at most."""
    line = f" at line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
    try:
        message = error.msg if isinstance(error, SyntaxError) else str(error)
    except (Exception, SystemExit):  # noqa: BLE001 - the error is the user's, and describes itself
        message = "it has no message"
    text = _one_line(f"{type(error).__name__}{line}{': ' if message else ''}{message}")
    return text if len(text) <= 200 else f"{text[:200]} ..."


def _one_line(text: str) -> str:
    """A text in one line that UTF-8 can write."""
    return " ".join(text.encode("utf-8", "backslashreplace").decode().split())


@dataclass(slots=True)
class Asked:
    """One execution of a problem's text, with its answers so far."""

    loaded: Loaded
    answers: list[tuple[float, Vector]] = field(default_factory=list)
    """(objective, g and h in one array) at each point; NaN where the code raised an error."""
    shape: tuple[int, int] | None = None
    """Lengths of g and h; None before `constraints` has answered."""
    first_error: str = ""
    """Description of the first error that the code raised; empty if there was none."""

    def ask(self, x: Vector) -> None:
        """Evaluates objective and constraints at x and keeps the answer.

        Raises:
            LlamocoError: the answer has a wrong type or shape, or the code changed x.
        """
        given = x.copy()
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            f = self._objective(given)
            values = self._constraints(given) if self.loaded.constraints else np.zeros(0)
        if given.tobytes() != x.tobytes():
            raise wrong("it changes the x that it is given", "compute with a copy, x.copy()")
        self.answers.append((f, values))

    @property
    def num_finite(self) -> int:
        """Number of points at which objective and constraints are finite."""
        return sum(bool(np.isfinite([f, *values]).all()) for f, values in self.answers)

    @property
    def num_feasible(self) -> int:
        return sum(excess(values, self.shape or (0, 0)) == 0 for _, values in self.answers)

    def _objective(self, x: Vector) -> float:
        try:
            value = self.loaded.objective(x)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the code is the user's, and may raise anything
            self.first_error = self.first_error or described(error)
            return np.nan
        if isinstance(value, np.ndarray) and value.ndim == 0:
            value = value[()]
        if not isinstance(value, _SCALARS):
            raise wrong(f"objective(x) returned {_kind(value)} at x = {shown(x)}", "return one number")
        return float(value)

    def _constraints(self, x: Vector) -> Vector:
        assert self.loaded.constraints is not None, "called only where there are constraints"
        try:
            both = self.loaded.constraints(x)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the code is the user's, and may raise anything
            self.first_error = self.first_error or described(error)
            return np.full(sum(self.shape or (1, 0)), np.nan)
        advice = "return (g, h), two arrays, np.zeros(0) for the one that there is none of"
        if not isinstance(both, tuple) or len(both) != 2:
            raise wrong(f"constraints(x) returned {_kind(both)} at x = {shown(x)}", advice)
        for name, part in zip("gh", both, strict=True):
            if not isinstance(part, np.ndarray) or part.ndim != 1 or part.dtype.kind not in "fiu":
                raise wrong(f"constraints(x) returned {_kind(part)} as {name} at x = {shown(x)}", advice)
        g, h = (np.asarray(part, np.float64) for part in both)
        shape = (len(g), len(h))
        if self.shape not in (None, shape):
            what = f"constraints(x) returned {shape} values of g and h at x = {shown(x)}, and {self.shape} elsewhere"
            raise wrong(what, "return as many at every point")
        self.shape = shape
        return np.concatenate([g, h])


def excess(values: Vector, shape: tuple[int, int]) -> float:
    """The largest of g and |h| at an infeasible point; 0 at a feasible one.

    Args:
        values: g, then h.
        shape: the lengths of g and h.
    """
    g, h = np.split(values, [shape[0]])
    over = [*g, *(np.abs(h) - EQUALITY_TOLERANCE)]
    return 0.0 if all(value <= 0 for value in over) else float(np.max([*g, *np.abs(h)]))


def _kind(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and type {value.dtype}"
    if isinstance(value, tuple):
        return f"a tuple of {len(value)}"
    return "None" if value is None else f"a {type(value).__name__}"


def shown(x: Vector) -> str:
    """A point as text, with its first four coordinates."""
    some = ", ".join(f"{value:.4g}" for value in x[:4])
    return f"[{some}{', ...' if len(x) > 4 else ''}]"
