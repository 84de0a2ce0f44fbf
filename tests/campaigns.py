"""Small campaigns, and executors and candidates that tests put into them."""

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from llamoco_data.campaign import CampaignSpec, read_problems, run_campaign
from llamoco_data.execution import Executor, Program, Slice, Task
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.export import export
from llamoco_data.files import Place
from llamoco_data.portfolio.limits import NO_LIMITS
from llamoco_data.portfolio.stored_candidates import StoredCandidate
from llamoco_data.problems.sampling import ProblemMixture
from llamoco_data.racing import Exhaustive, Race
from llamoco_data.recipes import recipe
from llamoco_data.runs import RunRecord, program_id

SMALL = CampaignSpec(
    recipe="small",
    seed=3,
    num_problems=4,
    mixture=ProblemMixture(min_dimension=2, max_dimension=4, min_budget_factor=50, max_budget_factor=60),
    optimizers=("slsqp", "nelder_mead", "de", "random_search"),
    policy=Exhaustive(repeats=2),
    wordings=1,
    time_limit_s=60.0,
)

HEAD = "def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):\n"


def grown(**fields: object) -> CampaignSpec:
    """The small campaign with other fields."""
    return SMALL.model_copy(update=fields)


def small(num_problems: int = SMALL.num_problems, repeats: int = 2) -> CampaignSpec:
    """The small campaign in another size."""
    return grown(num_problems=num_problems, policy=Exhaustive(repeats=repeats))


def candidate(body: str) -> StoredCandidate:
    """A candidate that applies to every problem, with a program of the test's own."""
    program = HEAD + "".join(f"    {line}\n" for line in body.splitlines())
    return StoredCandidate(
        candidate_id=program_id(program),
        optimizer="test",
        family="baseline",
        settings={},
        program=program,
        limits=NO_LIMITS,
    )


@dataclass(frozen=True, slots=True)
class OneRunSlices:
    """Another executor with slices of one run, so that problems are interrupted in their middle."""

    executor: Executor

    def connected(self) -> AbstractContextManager[None]:
        return self.executor.connected()

    def run(
        self, programs: Sequence[Program], pending: Callable[[], Task | None], width: int
    ) -> Generator[Slice | None]:
        def shortened() -> Task | None:
            task = pending()
            return task and task.model_copy(update={"slice_s": 0.0})

        yield from self.executor.run(programs, shortened, width)


def results(folder: Place) -> list[RunRecord]:
    """All records of a campaign in a fixed order, without what the machine's speed decides."""
    problems = read_problems(folder)
    return [record.model_copy(update={"cpu_s": 0.0}) for problem in problems for record in problem.records]


def exported_campaign(place: Path, optimizers: tuple[str, ...], max_evaluations: int, max_dimension: int) -> Path:
    """A whole campaign of 16 problems in `campaign` below a folder, and its export in `export`, which is returned."""
    demo = recipe("demo")
    changes = {
        "num_problems": 16,
        "mixture": demo.mixture.model_copy(update={"max_evaluations": max_evaluations, "max_dimension": max_dimension}),
        "optimizers": (*optimizers, "random_search"),
        "policy": Race(),
        "wordings": 1,
    }
    run_campaign(place / "campaign", demo.model_copy(update=changes), InlineExecutor())
    export(place / "campaign", place / "export")
    return place / "export"
