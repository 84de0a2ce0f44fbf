"""Runs one program text on one problem with one seed; whatever the program does, a RunRecord comes out.

The program runs in this process and is trusted: this module measures and contains mistakes; it confines no attack.
"""

import contextlib
import functools
import importlib
import random
import re
import signal
import threading
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field
from threadpoolctl import threadpool_limits

from llamoco_data.identity import Record, digest
from llamoco_data.problems.evaluation import (
    BudgetSpent,
    Constraints,
    Meter,
    Objective,
    Problem,
    build,
    proven_optimum,
)
from llamoco_data.problems.functions.definition import Vector
from llamoco_data.problems.own_spec import AnySpec
from llamoco_data.problems.slack import slack_worth
from llamoco_data.silence import silence
from llamoco_data.texts import PREFIX, execute

TIME_LIMIT_S = 300.0
"""Default limit of one run. Generous, so that only a hang meets it: a run cut by the clock is not reproducible."""

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

MEASURED: frozenset[RunStatus] = frozenset({"completed", "over_budget"})
"""Statuses whose result takes part in a verdict."""


class RunRecord(Record):
    """The result of one run. Equal runs give equal records, except for `cpu_s`."""

    problem_id: str
    candidate_id: str
    """Digest of the program text."""
    seed: int = Field(ge=0)
    """The seed that the program was called with."""
    max_evaluations: int = Field(ge=1)
    status: RunStatus
    detail: str = ""
    """Reason in one line, where the status is not `completed`."""
    optimum: float | None = None
    """The problem's proven minimum, where there is one."""
    best_f: float | None = None
    """Objective of the best point evaluated inside the box: feasible first, then lowest."""
    violation: float | None = None
    """Mean constraint violation of the best point: 0 where it is feasible."""
    slack_worth: float | None = Field(default=None, ge=0)
    """Amount of the objective that the tolerance of the equalities is worth at the best point.

    None where there is no equality, where the minimum is proven, where the point is infeasible, and in runs of earlier
    releases.
    """
    evaluations: int = Field(default=0, ge=0)
    evaluations_to_target: int | None = None
    """Evaluation at which the error was first at most 1e-8, where the optimum is proven."""
    outside_box: int = Field(default=0, ge=0)
    """Evaluations outside the box: counted, never the best."""
    non_finite: int = Field(default=0, ge=0)
    """Evaluations without a finite objective value."""
    trace: tuple[tuple[int, float, float], ...] = ()
    """(evaluations, best objective, best violation) at ten checkpoints a decade and at the end."""
    cpu_s: float = Field(default=0.0, ge=0)
    """Processor time of the run: a measurement of the machine, not part of the result."""

    @property
    def run_id(self) -> str:
        """Digest of what decides the run."""
        return run_id(self.problem_id, self.candidate_id, self.seed, self.max_evaluations)


def run_id(problem_id: str, candidate_id: str, seed: int, max_evaluations: int) -> str:
    """The id of a run: the digest of the four values that decide it."""
    return digest([problem_id, candidate_id, seed, max_evaluations])


def program_id(program: str) -> str:
    """The id of a program: the digest of its text."""
    return digest(program)


def run_seed(problem_id: str, repeat: int) -> int:
    """The seed that a campaign gives to the repeat-th run (from 0) of every candidate on a problem."""
    return int(digest(["seed", problem_id, repeat])[:7], 16)


def run_program(
    program: str, spec: AnySpec, seed: int, *, problem: Problem | None = None, time_limit_s: float = TIME_LIMIT_S
) -> RunRecord:
    """Runs a program text on a problem and records the result; nothing that the program does raises an error here.

    Only `KeyboardInterrupt` passes through, because it is taken for the user's. The time limit interrupts Python code,
    in the main thread only; code that hangs in a compiled library is stopped by the executor, which kills the worker.

    Args:
        program: a Python text that defines `minimize(objective, lower, upper, max_evaluations, seed, constraints)`.
        problem: the built problem, where the caller has it already.
    """
    problem = build(spec) if problem is None else problem
    one_thread()
    meter = Meter(problem)
    given = Given(
        objective=meter.objective,
        constraints=meter.constraints,
        lower=problem.lower.copy(),
        upper=problem.upper.copy(),
        max_evaluations=problem.max_evaluations,
        refused=lambda: meter.refused,
    )
    began = time.process_time()
    with quiet(seed):
        status, detail = _timed(lambda: outcome(program, given, seed), time_limit_s)
    return recorded(program, problem, seed, meter, status, detail, time.process_time() - began)


def recorded(
    program: str, problem: Problem, seed: int, meter: Meter, status: RunStatus, detail: str, cpu_s: float
) -> RunRecord:
    """The record of a run with its status; the meter's results count unless the program was stopped or never began."""
    blank = RunRecord(
        problem_id=problem.spec.problem_id,
        candidate_id=program_id(program),
        seed=seed,
        max_evaluations=problem.max_evaluations,
        status=status,
        detail=one_line(detail),
        optimum=problem.optimum,
        cpu_s=cpu_s,
    )
    if status in ("timed_out", "crashed", "invalid_program"):
        return blank
    with quiet(seed):
        return _with_result(blank, meter, _slack_worth(problem, meter))


def unmeasured(
    program: str, spec: AnySpec, seed: int, status: Literal["declined", "timed_out", "crashed"], detail: str
) -> RunRecord:
    """The record of a run without a result: declined, or lost with its worker."""
    return RunRecord(
        problem_id=spec.problem_id,
        candidate_id=program_id(program),
        seed=seed,
        max_evaluations=spec.max_evaluations,
        status=status,
        detail=one_line(detail),
        optimum=proven_optimum(spec),
    )


class _TimedOut(BaseException):
    """The run's time is up."""


@dataclass(frozen=True, slots=True)
class Given:
    """The part of a problem that a run gives to its program."""

    objective: Objective
    constraints: Constraints | None
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
        except (_TimedOut, KeyboardInterrupt):
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
    except (_TimedOut, KeyboardInterrupt):
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
    except (_TimedOut, KeyboardInterrupt):
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


def _slack_worth(problem: Problem, meter: Meter) -> float | None:
    if problem.optimum is not None or not problem.spec.num_equality or meter.best_violation != 0:
        return None
    assert meter.best_x is not None, "a violation is that of a point"
    return slack_worth(problem, meter.best_x)


def _with_result(record: RunRecord, meter: Meter, slack_worth: float | None) -> RunRecord:
    return record.model_copy(
        update={
            "best_f": meter.best_f,
            "violation": meter.best_violation,
            "slack_worth": slack_worth,
            "evaluations": meter.evaluations,
            "evaluations_to_target": meter.evaluations_to_target,
            "outside_box": meter.outside_box,
            "non_finite": meter.non_finite,
            "trace": meter.trace(),
        }
    )


def describe(error: BaseException) -> str:
    """An error's type, line and message, in one line."""
    where = f" at line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
    try:
        message = error.msg if isinstance(error, SyntaxError) else str(error)
    except (_TimedOut, KeyboardInterrupt):
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
    return re.sub(r"0x[0-9a-f]{6,}", "0x...", " ".join(text.split()))[:MAX_DETAIL_CHARACTERS]


@contextlib.contextmanager
def quiet(seed: int) -> Generator[None]:
    """Seeds the global generators, and silences what the program prints, logs or warns about."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - pycma and others draw from the global generator
    with silence():
        yield


def _timed(run: Callable[[], tuple[RunStatus, str]], limit_s: float) -> tuple[RunStatus, str]:
    """The outcome of a run, or `timed_out` where its time limit has passed, even if the program swallows the signal.

    The signal is sent in the main thread only: at the limit, and then every second.
    """
    if threading.current_thread() is not threading.main_thread():
        return run()
    rang, running = False, True

    def ring(_signum: int, _frame: object) -> None:
        nonlocal rang
        rang = True
        if running:
            raise _TimedOut

    timed_out: tuple[RunStatus, str] = ("timed_out", "the run did not end within its time limit")
    result = timed_out
    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, limit_s, 1.0)
    try:
        with contextlib.suppress(_TimedOut):
            try:
                result = run()
            finally:
                running = False
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return timed_out if rang else result


@functools.cache
def one_thread() -> None:
    """Limits linear algebra to one thread, because sums in another order give other results."""
    importlib.import_module("scipy.linalg")  # its own BLAS must be loaded before it can be limited
    threadpool_limits(1)
