"""The runs that a scores folder lacks, as work for a drive, which makes and commits them."""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from llamoco_data.box.layers import Tier
from llamoco_data.drive import DriveProgress, Pace, Step
from llamoco_data.execution import GivenRuns, Program, Task
from llamoco_data.portfolio.limits import NO_LIMITS
from llamoco_data.racing import Run
from llamoco_data.runs import RunRecord
from llamoco_data.scoring.cases import Case
from llamoco_data.scoring.plan import RunPlan
from llamoco_data.store import Block, Store

TASK_RUNS = 6
"""Number of runs of a problem that go to a worker together."""


def missing_runs(plan: RunPlan, store: Store) -> dict[str, list[Run]]:
    """The runs of the plan that the folder does not hold, by problem_id."""
    missing: dict[str, list[Run]] = {}
    for problem_id, runs in plan.runs.items():
        table = store.run_table(problem_id)
        made = set(zip(table["candidate_id"].to_pylist(), table["seed"].to_pylist(), strict=True))
        left = [run for run in runs if (run.candidate_id, run.seed) not in made]
        if left:
            missing[problem_id] = left
    return missing


def missing_work(
    plan: RunPlan, cases: Mapping[str, Case], store: Store, time_limit_s: float, confined: Tier
) -> "MissingRuns":
    """The runs of the plan that the folder does not hold, as work for a drive."""
    missing = missing_runs(plan, store)
    return MissingRuns(
        programs=tuple(Program(program_id=key, text=text, limits=NO_LIMITS) for key, text in plan.texts.items()),
        tasks=deque(_tasks(missing, cases, time_limit_s, confined)),
        left=Counter({problem_id: len(runs) for problem_id, runs in missing.items()}),
        num_problems=len(plan.runs),
        num_runs=plan.num_runs,
    )


def _tasks(
    missing: Mapping[str, list[Run]], cases: Mapping[str, Case], time_limit_s: float, confined: Tier
) -> list[Task]:
    return [
        Task(
            index=index,
            problem=cases[problem_id].spec,
            wants=GivenRuns(runs=tuple(runs[first : first + TASK_RUNS])),
            time_limit_s=time_limit_s,
            confined=confined,
        )
        for index, (problem_id, runs) in enumerate(missing.items())
        for first in range(0, len(runs), TASK_RUNS)
    ]


@dataclass(slots=True)
class MissingRuns:
    """The runs still to make, and those that came in since the last commit."""

    programs: tuple[Program, ...]
    tasks: deque[Task]
    left: Counter[str]
    """Number of runs that each problem lacks, by problem_id."""
    num_problems: int
    num_runs: int
    records: list[RunRecord] = field(default_factory=list)
    """Runs since the last commit."""

    @property
    def width(self) -> int:
        """See `Work`."""
        return len(self.tasks)

    def next(self) -> Task | None:
        """See `Work`."""
        return self.tasks.popleft() if self.tasks else None

    def took(self, step: Step) -> None:
        """See `Work`; the rest of an unfinished task is handed out next."""
        self.records.extend(step.records)
        self.left.subtract(record.problem_id for record in step.records)
        if not step.finished:
            self.tasks.appendleft(step.rest)

    def block(self) -> Block:
        """See `Work`."""
        return Block(records=self.records)

    def committed(self) -> None:
        """See `Work`."""
        self.records = []

    def progress(self, pace: Pace) -> DriveProgress:
        """See `Work`."""
        runs_left = self.left.total()
        unfinished = sum(count > 0 for count in self.left.values())
        return pace.progress(
            problems_done=self.num_problems - unfinished,
            problems_total=self.num_problems,
            problems_unbegun=unfinished,
            runs_done=self.num_runs - runs_left,
            runs_left=runs_left,
            spent={},
        )
