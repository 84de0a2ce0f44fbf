"""Runs a program text in this process and says how that ended: the part of a run that needs no problem and no meter.

It imports neither problems nor evaluators, so that a process that is to know none of them can load it.
"""

import contextlib
import functools
import importlib
import random
import re
import signal
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from llamoco_data.silence import silence
from llamoco_data.texts import PREFIX, execute

Vector = NDArray[np.float64]

MAX_DETAIL_CHARACTERS = 200

RunStatus = Literal[
    "completed", "over_budget", "declined", "invalid_program", "raised", "bad_return", "timed_out", "crashed"
]
"""How a run ended:

completed        it returned a point of the box;
over_budget      it asked for more evaluations than allowed and was stopped; what it found before counts;
declined         the candidate does not apply to the problem, and was not run;
invalid_program  the text does not compile, fails while it is loaded, or defines no `minimize`;
raised           it ended with an error of its own;
bad_return       it returned no finite point of the box of the right shape;
timed_out        it did not end within its time limit;
crashed          it took its worker process down with it.
"""


class BudgetSpent(BaseException):
    """The evaluation budget is used up; raised again at every further call.

    It is not an `Exception`, so that a program's own error handling does not swallow it by accident.
    """


class TimedOut(BaseException):
    """The run's time is up."""


@dataclass(frozen=True, slots=True)
class Given:
    """The part of a problem that a run gives to its program."""

    objective: Callable[[Vector], float]
    constraints: Callable[[Vector], tuple[Vector, Vector]] | None
    lower: Vector
    upper: Vector
    max_evaluations: int
    refused: Callable[[], bool]
    """Whether the program has asked for more than `max_evaluations`."""


def outcome(program: str, given: Given, seed: int) -> tuple[RunStatus, str]:
    """Runs a program text in this process; returns the status and, where it is not `completed`, a reason in one line.

    Raises:
        KeyboardInterrupt: the user's, or one that the program raised, since they cannot be told apart.
    """
    with contextlib.ExitStack() as afterwards:
        try:
            executed = execute(program, "program")
            afterwards.callback(executed.forget)
            minimize = _minimize(executed.names)
        except (TimedOut, KeyboardInterrupt):
            raise
        except BaseException as error:  # noqa: BLE001 - a program may raise anything, SystemExit included
            return "invalid_program", describe(error)
        return _called(minimize, given, seed)


def _called(minimize: Callable[..., object], given: Given, seed: int) -> tuple[RunStatus, str]:
    """Calls a program's `minimize`; returns what `outcome` returns."""
    try:
        lower, upper = given.lower.copy(), given.upper.copy()
        x = minimize(given.objective, lower, upper, given.max_evaluations, seed, constraints=given.constraints)
    except BudgetSpent:
        return "over_budget", over_budget(given.max_evaluations)
    except (TimedOut, KeyboardInterrupt):
        raise
    except BaseException as error:  # noqa: BLE001 - a program may raise anything, SystemExit included
        # A library may turn the stop signal into an error of its own, so the meter decides.
        if given.refused():
            return "over_budget", over_budget(given.max_evaluations)
        return "raised", describe(error)
    if given.refused():
        return "over_budget", f"{over_budget(given.max_evaluations)}, and hid the stop signal"
    complaint = _complaint(x, given)
    return ("bad_return", complaint) if complaint else ("completed", "")


def over_budget(max_evaluations: int) -> str:
    """The reason that goes with the status `over_budget`."""
    return f"it asked for more than {max_evaluations} evaluations"


def _minimize(names: Mapping[str, object]) -> Callable[..., object]:
    """The function `minimize` among the names that a program defines.

    Raises:
        NameError: there is no such function.
    """
    minimize = names.get("minimize")
    if not callable(minimize):
        raise NameError("the program defines no function minimize(objective, lower, upper, max_evaluations, seed, ...)")
    return minimize


def _complaint(x: object, given: Given) -> str:
    """Why a returned value is no point of the box; empty where it is one."""
    try:
        point = np.asarray(x, dtype=np.float64)
    except (TimedOut, KeyboardInterrupt):
        raise
    except BaseException:  # noqa: BLE001 - the value is the program's, and converts itself
        return f"it returned a {type(x).__name__}, not a point"
    if point.shape != given.lower.shape:
        return f"it returned shape {point.shape}, not {given.lower.shape}"
    if not np.isfinite(point).all():
        return "it returned a point that is not finite"
    if (point < given.lower).any() or (point > given.upper).any():
        return "it returned a point outside the box"
    return ""


def how_ended(code: int) -> str:
    """How a program's process ended, in words.

    Args:
        code: exit code, or the signal that ended it with a minus sign.
    """
    if code >= 0:
        return f"its process ended itself with exit code {code}"
    with contextlib.suppress(ValueError):  # most real-time signals have no name
        return f"its process was ended by {signal.Signals(-code).name}"
    return f"its process was ended by signal {-code}"


def describe(error: BaseException) -> str:
    """An error's type, line and message, in one line."""
    where = f" at line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
    try:
        message = error.msg if isinstance(error, SyntaxError) else str(error)
    except (TimedOut, KeyboardInterrupt):
        raise
    except BaseException:  # noqa: BLE001 - the error is the program's, and describes itself
        message = "it has no message"
    return one_line(f"{type(error).__name__}{where}: {message}")


def one_line(text: str) -> str:
    """A text in one line of UTF-8, shortened, without what differs between processes: equal failures read equal.

    It leaves out memory addresses and the folders that hold the files of texts.
    """
    text = text.encode("utf-8", "backslashreplace").decode()
    text = re.sub(rf"[^\s\"'<>()]*/{PREFIX}\w+/\w+/", "", text)
    text = printable(" ".join(text.split()))
    return re.sub(r"0x[0-9a-f]{6,}", "0x...", text)[:MAX_DETAIL_CHARACTERS]


def printable(text: str) -> str:
    """A text without control characters, which could command the terminal: they are escaped as in Python."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


@contextlib.contextmanager
def quiet(seed: int) -> Generator[None]:
    """Seeds the global generators, and silences what the program prints, logs or warns about."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - pycma and others draw from the global generator
    with silence():
        yield


@functools.cache
def one_thread() -> None:
    """Limits linear algebra to one thread, because sums in another order give other results."""
    importlib.import_module("scipy.linalg")  # its own BLAS must be loaded before it can be limited
    threadpool_limits(1)
