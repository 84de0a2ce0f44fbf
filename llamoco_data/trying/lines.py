"""What happens in a trial as lines of JSON, for a program that shows it live; a line is a record of this module."""

import os
import time
from typing import Literal

from llamoco_data.box.layers import Tier
from llamoco_data.identity import Record
from llamoco_data.outcomes import RunStatus, printable
from llamoco_data.problems.checking import Checked
from llamoco_data.problems.evaluation import Meter
from llamoco_data.runs import RunRecord
from llamoco_data.trying.running import Trial, Tried

EVERY_S = 0.2
"""Least time between two lines of one run that is under way."""

Row = tuple[int, float, float]
"""Evaluations, and objective and mean violation of the best point so far."""


class ProblemLine(Record):
    """The first line: the problem has passed its check."""

    line: Literal["problem"] = "problem"
    dimension: int
    num_inequality: int
    num_equality: int
    max_evaluations: int
    programs: tuple[str, ...]
    """Names of the programs, that which is tried first."""
    seeds: int
    """Runs of each program."""
    remarks: tuple[str, ...]
    """What is odd about the problem, but may be intended."""


class RunLine(Record):
    """How far a run has come; a later line of the same run replaces it."""

    line: Literal["run"] = "run"
    program: str
    repeat: int
    """Number of the run, from 0."""
    status: RunStatus | None
    """How the run ended; None while it is under way."""
    detail: str
    """Reason in one line, where the run ended otherwise than `completed`."""
    evaluations: int
    trace: tuple[Row, ...]
    """Ten checkpoints a decade, and the latest evaluation."""


class ProgramResult(Record):
    """A program's row in the table of a trial."""

    program: str
    runs: int
    feasible: int
    """Runs that found a feasible point."""
    best: float | None
    """Least feasible objective; None where there is none, as for the median."""
    median: float | None
    evaluations: float
    """Mean over the runs, like `cpu_s`."""
    cpu_s: float


class ResultLine(Record):
    """The last line: what the trial came to."""

    line: Literal["result"] = "result"
    tier: Tier
    """How well the programs were confined."""
    best_known: float | None
    """Least feasible objective of all runs."""
    programs: tuple[ProgramResult, ...]
    """Best first, in the order of verdicts."""
    x: tuple[float, ...] | None
    """Best point of the program that was tried; None where no run has one."""
    f: float | None
    """Objective at that point."""
    violated: tuple[tuple[str, float], ...]
    """Name and value of each constraint that the point violates."""
    said: str
    """Beginning of what the program printed in its first run that failed."""


class Lines:
    """Writes the lines of a trial to a descriptor, which stays open when an executed text silences the process."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = os.dup(descriptor)
        self._due = 0.0

    def begin(self, checked: Checked, programs: tuple[str, ...], seeds: int) -> None:
        """Writes the first line."""
        spec = checked.spec
        self._write(
            ProblemLine(
                dimension=spec.dimension,
                num_inequality=spec.num_inequality,
                num_equality=spec.num_equality,
                max_evaluations=spec.max_evaluations,
                programs=programs,
                seeds=seeds,
                remarks=checked.remarks,
            )
        )

    def __call__(self, program: str, repeat: int, run: Meter | RunRecord) -> None:
        """Writes the state of a run, if it has ended or no line was written for a while."""
        if isinstance(run, RunRecord):
            self._due = 0.0
            status, detail, trace = run.status, run.detail, run.trace
        elif time.monotonic() < self._due:
            return
        else:
            self._due = time.monotonic() + EVERY_S
            status, detail, trace = None, "", run.trace()
        self._write(
            RunLine(
                program=program,
                repeat=repeat,
                status=status,
                detail=printable(detail),
                evaluations=run.evaluations,
                trace=trace,
            )
        )

    def end(self, tried: Tried) -> None:
        """Writes the last line."""
        subject = tried.subject
        self._write(
            ResultLine(
                tier=tried.tier,
                best_known=tried.measured_by.best_known,
                programs=tuple(map(_result, tried.trials)),
                x=subject.best.x if subject.best else None,
                f=subject.best.f if subject.best else None,
                violated=subject.best.violated if subject.best else (),
                said=subject.said,
            )
        )

    def _write(self, line: Record) -> None:
        content = line.to_json().encode() + b"\n"
        while content:
            content = content[os.write(self._descriptor, content) :]


def _result(trial: Trial) -> ProgramResult:
    count = len(trial.records)
    return ProgramResult(
        program=trial.name,
        runs=count,
        feasible=len(trial.feasible),
        best=trial.feasible[0] if trial.feasible else None,
        median=trial.median_f,
        evaluations=sum(run.evaluations for run in trial.records) / count,
        cpu_s=sum(run.cpu_s for run in trial.records) / count,
    )
