"""Runs one program text on one problem with one seed; whatever the program does, a RunRecord comes out.

The program runs in this process and is trusted: this module measures and contains mistakes; it confines no attack.
"""

import contextlib
import signal
import threading
import time
from collections.abc import Callable
from typing import Literal

from pydantic import Field

from llamoco_data.box.layers import Tier
from llamoco_data.identity import Record, digest
from llamoco_data.outcomes import Given, RunStatus, TimedOut, one_line, one_thread, outcome, quiet
from llamoco_data.problems.evaluation import Meter, Problem, build, proven_optimum
from llamoco_data.problems.own_spec import AnySpec
from llamoco_data.problems.slack import slack_worth

TIME_LIMIT_S = 300.0
"""Default limit of one run. Generous, so that only a hang meets it: a run cut by the clock is not reproducible."""
MOST_TIME_S = 1e6
"""Greatest time limit of a run; much more does not fit into the timers of the system."""

MEASURED: frozenset[RunStatus] = frozenset({"completed", "over_budget"})
"""Statuses whose result takes part in a verdict."""


class RunRecord(Record):
    """The result of one run. Equal runs give equal records, except for `cpu_s` and `faults`."""

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
    tier: Tier | None = None
    """How the program was confined; None in a campaign, whose programs are our own, and in runs of earlier releases."""
    faults: int | None = Field(default=None, ge=0)
    """Attempts that the confinement spoilt, and that count against no program; None where nothing is confined."""
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
            raise TimedOut

    timed_out: tuple[RunStatus, str] = ("timed_out", "the run did not end within its time limit")
    result = timed_out
    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, limit_s, 1.0)
    try:
        with contextlib.suppress(TimedOut):
            try:
                result = run()
            finally:
                running = False
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    return timed_out if rang else result
