"""One slice of work on one problem: a pure function from what has been run to what was run next.

It knows nothing of processes, clusters or files; executors decide where it runs, the campaign what becomes of it.
"""

import time
from collections.abc import Sequence

from pydantic import Field

from llamoco_data.identity import Record
from llamoco_data.portfolio.entrants import Entrant
from llamoco_data.problems.evaluation import build
from llamoco_data.problems.sampling import ProblemMixture, sample
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.racing import Policy, next_runs
from llamoco_data.runs import RunRecord, run_program

SLICE_S = 2.0
"""Wall time of a slice: what is lost with a worker, and what a drain waits for, beside the run it is in."""


class Draw(Record):
    """A problem that its worker draws: cheaper than drawing every problem on the driver."""

    mixture: ProblemMixture
    seed: int
    index: int


class Task(Record):
    """A problem and how far it is."""

    index: int
    """Position of the problem in its campaign."""
    problem: ProblemSpec | Draw
    policy: Policy
    time_limit_s: float
    records: tuple[RunRecord, ...] = ()
    """What has been run on the problem so far."""
    slice_s: float = SLICE_S
    single: bool = False
    """One run only: after a lost worker, to find the run that took it down."""


class Progress(Record):
    """What a slice gave."""

    problem: ProblemSpec
    records: tuple[RunRecord, ...]
    """New runs, in the order in which they were made."""
    num_applicable: int = Field(ge=0)
    """Entrants that apply to the problem."""
    finished: bool
    """Whether the policy asks for no more runs."""


def advance(task: Task, entrants: Sequence[Entrant]) -> Progress:
    """Runs what the policy asks for on one problem until it is satisfied or the slice is over."""
    spec = problem_of(task)
    program = {entrant.candidate_id: entrant.program for entrant in entrants if not entrant.declines(spec)}
    problem = build(spec)
    new: list[RunRecord] = []
    ends = time.monotonic() + task.slice_s
    while runs := next_runs(task.policy, spec.problem_id, tuple(program), (*task.records, *new)):
        for run in runs:
            new.append(
                run_program(program[run.candidate_id], spec, run.seed, problem=problem, time_limit_s=task.time_limit_s)
            )
            if task.single or time.monotonic() >= ends:
                finished = not next_runs(task.policy, spec.problem_id, tuple(program), (*task.records, *new))
                return Progress(problem=spec, records=tuple(new), num_applicable=len(program), finished=finished)
    return Progress(problem=spec, records=tuple(new), num_applicable=len(program), finished=True)


def problem_of(task: Task) -> ProblemSpec:
    """The spec of a task's problem, drawn where the task only names it."""
    if isinstance(task.problem, ProblemSpec):
        return task.problem
    return sample(task.problem.mixture, task.problem.seed, task.problem.index)
