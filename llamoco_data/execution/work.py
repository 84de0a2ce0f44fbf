"""One slice of work on one problem: a pure function from what has been run to what was run next.

It knows nothing of processes, clusters or files: executors decide where it runs, and a drive keeps what it returns.
"""

import time
from collections.abc import Container, Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field

from llamoco_data.apart import run_text
from llamoco_data.attempts import LONGEST
from llamoco_data.box.layers import Tier
from llamoco_data.confined import machine_at_fault, run_confined
from llamoco_data.identity import Record
from llamoco_data.portfolio.limits import Limits
from llamoco_data.problems.evaluation import Meter, Problem, build
from llamoco_data.problems.own_spec import AnySpec, OwnProblemSpec
from llamoco_data.problems.sampling import ProblemMixture, sample
from llamoco_data.problems.spec import Component, ProblemSpec
from llamoco_data.racing import Policy, Prospects, Run, next_runs
from llamoco_data.runs import RunRecord, run_program

SLICE_S = 2.0
"""Wall time of a slice: what is lost with a worker and what a drain waits for, the run under way not counted."""


class Draw(Record):
    """A problem that is drawn where the task runs, which is cheaper than drawing every problem on the driver."""

    mixture: ProblemMixture
    seed: int
    index: int


class Program(Record):
    """A program text that may be run, and the limits of the problems that it takes."""

    program_id: str
    """Digest of the text."""
    text: str
    limits: Limits


class ByPolicy(Record):
    """The runs that a policy asks for, one stage after another."""

    kind: Literal["by policy"] = "by policy"
    policy: Policy
    optimizers: Mapping[str, str]
    """candidate_id -> its optimizer, in catalogue order; programs that do not apply to the problem are passed over."""
    prospects: Prospects | None = None
    """What a prior expects of the optimizers on the problem; None where nothing is expected."""


class GivenRuns(Record):
    """Given runs, none of which waits for another's result."""

    kind: Literal["given"] = "given"
    runs: tuple[Run, ...]


class Task(Record):
    """A problem, the runs wanted on it, and how far it is."""

    index: int
    """Position of the problem in its campaign."""
    problem: ProblemSpec | OwnProblemSpec | Draw
    wants: Annotated[ByPolicy | GivenRuns, Field(discriminator="kind")]
    """The runs to make."""
    time_limit_s: float
    """Time limit of one run."""
    records: tuple[RunRecord, ...] = ()
    """What has been run on the problem so far."""
    slice_s: float = SLICE_S
    """Wall time of a slice, the last run not counted."""
    confined: Tier | None = None
    """Least tier at which its programs may run, because they are strangers'; at `trusted` each has a process of its own
    and runs as the user. None where they are our own, and run in this process."""
    single: bool = False
    """Whether a slice makes one run only: after a lost worker, to find the run that took it down."""
    alone: bool = False
    """Whether no other task may run on the same node, so that no neighbour takes its memory."""
    lost_workers: int = Field(default=0, ge=0)
    """Workers that the next run has cost, where the task is single."""
    lost_nodes: int = Field(default=0, ge=0)
    """Nodes that were lost while the next run was on them, where the task is single."""

    @property
    def prospects(self) -> Prospects | None:
        """What a prior expects of the optimizers on the problem; None where nothing is expected."""
        return self.wants.prospects if isinstance(self.wants, ByPolicy) else None


class Progress(Record):
    """What a slice returned."""

    problem: ProblemSpec | OwnProblemSpec
    records: tuple[RunRecord, ...]
    """New runs, in the order in which they were made."""
    finished: bool
    """Whether nothing is left of the task."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during a run, with what the slice had made before it."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self.progress = progress


def advance(task: Task, programs: Sequence[Program]) -> Progress:
    """Makes the runs of a task until none is left or the slice is over; at least one run.

    Raises:
        Interrupted: the user's Ctrl-C.
    """
    spec = drawn(task.problem)
    texts = applicable(programs, spec)
    problem = build(spec)
    records = list(task.records)
    ends = time.monotonic() + task.slice_s
    over = False
    while (runs := _left_of(task, spec, texts, records)) and not over:
        for run in runs:
            text = texts[run.candidate_id]
            try:
                records.append(_made(task, text, problem, run.seed))
            except KeyboardInterrupt:
                made = tuple(records[len(task.records) :])
                raise Interrupted(Progress(problem=spec, records=made, finished=False)) from None
            over = task.single or time.monotonic() >= ends
            if over:
                break
    return Progress(
        problem=spec,
        records=tuple(records[len(task.records) :]),
        finished=not runs,
    )


def _made(task: Task, text: str, problem: Problem, seed: int) -> RunRecord:
    """The record of a run, made where the task's programs may run."""
    limit_s, tier = task.time_limit_s, task.confined
    if tier is None:
        return run_program(text, problem.spec, seed, problem=problem, time_limit_s=limit_s)
    if tier == "trusted":
        with machine_at_fault():
            return run_text(text, problem.spec, seed, problem=problem, time_limit_s=limit_s, waits=True)
    run = run_confined(text, problem.spec, seed, problem=problem, time_limit_s=limit_s, least=tier, waits=True)
    return run.record


def longest_s(task: Task) -> float:
    """Wall time that one run of a task may take before it ends itself; a stranger's program has two attempts."""
    return task.time_limit_s * (1.0 if task.confined is None else LONGEST)


def _left_of(task: Task, spec: AnySpec, applies: Container[str], records: Sequence[RunRecord]) -> tuple[Run, ...]:
    """The next runs of a task that has these records; empty where nothing is left of it."""
    if isinstance(task.wants, GivenRuns):
        made = {(record.candidate_id, record.seed) for record in records}
        return tuple(run for run in task.wants.runs if (run.candidate_id, run.seed) not in made)
    optimizers = {program: optimizer for program, optimizer in task.wants.optimizers.items() if program in applies}
    return next_runs(task.wants.policy, spec.problem_id, optimizers, records, task.wants.prospects)


def drawn(problem: AnySpec | Draw) -> AnySpec:
    """The spec of a task's problem."""
    if isinstance(problem, Draw):
        return sample(problem.mixture, problem.seed, problem.index)
    return problem


def applicable(programs: Sequence[Program], spec: AnySpec) -> dict[str, str]:
    """program_id -> text of the programs that apply to a problem, in their order."""
    return {program.program_id: program.text for program in programs if not program.limits.declines(spec)}


def runs_wanted(task: Task, programs: Sequence[Program]) -> tuple[Run, ...]:
    """The runs that a task asks for next; empty where it is finished."""
    spec = drawn(task.problem)
    return _left_of(task, spec, applicable(programs, spec), task.records)


def warm_up() -> None:
    """Compiles the evaluator, or loads it from its disk cache: about 20 s the first time on a machine, then 0.5 s."""
    spec = ProblemSpec(
        kind="single",
        dimension=2,
        box=(-1.0, 1.0),
        shifts=((0.0, 0.0),),
        components=(Component(function="sphere", weight=1.0, scale=1.0, shift=0),),
        max_evaluations=1,
    )
    problem = build(spec)
    Meter(problem).objective(problem.lower)
