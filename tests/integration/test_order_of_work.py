"""The order of work decides nothing: whatever is begun first, shared or lost, the rows are the same. About 8 s."""

import random
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from llamoco_data.campaign import CampaignSpec, agenda, read_problems, run_campaign
from llamoco_data.campaign.agenda import Agenda
from llamoco_data.campaign.costs import Cost, problem_costs
from llamoco_data.execution import ByPolicy, Draw, Lost, Program, Slice, Task, advance
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.portfolio.stored_candidates import stored_candidates
from llamoco_data.problems.sampling import sample, sample_size
from llamoco_data.racing import Race
from llamoco_data.recipes import standard
from llamoco_data.store import Store
from tests.campaigns import SMALL, grown, results

pytestmark = pytest.mark.integration

RACE = grown(policy=Race(leaders=0.5, runs_per_candidate=2.0), num_problems=3)


@dataclass(slots=True)
class Crowd:
    """Many workers in this process, whose slices of one run end in any order; some are lost."""

    size: int
    lost_share: float = 0.0
    most_on_one_problem: int = 0
    begun: list[int] = field(default_factory=list)

    def connected(self) -> AbstractContextManager[None]:
        """See `Executor.connected`."""
        return nullcontext()

    def run(
        self, programs: Sequence[Program], pending: Callable[[], Task | None], width: int
    ) -> Generator[Slice | None]:
        """See `Executor.run`."""
        del width
        chance = random.Random(self.size)
        out: list[Task] = []
        while True:
            while len(out) < self.size and (task := pending()) is not None:
                out.append(task.model_copy(update={"slice_s": 0.0}))
                if task.index not in self.begun:
                    self.begun.append(task.index)
            if not out:
                return
            self.most_on_one_problem = max(self.most_on_one_problem, *Counter(task.index for task in out).values())
            task = out.pop(chance.randrange(len(out)))
            # Never twice in a row, or the run would be at fault.
            lost = not task.single and chance.random() < self.lost_share
            yield Slice(task, Lost("crashed", "its worker is gone") if lost else advance(task, programs))


@pytest.fixture(scope="module", params=[SMALL, RACE], ids=["exhaustive", "race"])
def spec(request: pytest.FixtureRequest) -> CampaignSpec:
    return request.param


@pytest.fixture(scope="module")
def alone(spec: CampaignSpec, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("alone") / "c"
    run_campaign(folder, spec, InlineExecutor())
    return folder


@pytest.fixture(autouse=True)
def _shared_in_small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of these problems take milliseconds."""
    monkeypatch.setattr(agenda, "PART_S", 1e-4)


@pytest.mark.parametrize("crowd", [Crowd(3), Crowd(40), Crowd(8, lost_share=0.3)], ids=["few", "many", "lossy"])
def test_crowd_of_workers_gives_the_rows_of_one(spec: CampaignSpec, alone: Path, crowd: Crowd, tmp_path: Path):
    outcome = run_campaign(tmp_path / "c", spec, crowd)
    assert results(tmp_path / "c") == results(alone)
    assert outcome.progress.new_runs == outcome.progress.runs_total == len(results(alone))
    assert all(problem.complete for problem in read_problems(tmp_path / "c"))
    assert crowd.most_on_one_problem > 1


def test_crowd_that_is_stopped_in_the_middle_goes_on_to_the_same_rows(spec: CampaignSpec, alone: Path, tmp_path: Path):
    asked = iter(range(20))
    outcome = run_campaign(tmp_path / "c", spec, Crowd(8), stop=lambda: next(asked, None) is None)
    assert outcome.drained
    run_campaign(tmp_path / "c", spec, Crowd(2))
    assert results(tmp_path / "c") == results(alone)


def opened(costs: dict[int, Cost], workers: int) -> list[int]:
    """The order in which so many workers, each of which takes one task and does not return, begin problems."""
    draw = Draw(mixture=SMALL.mixture, seed=0, index=0)
    first = Task(index=0, problem=draw, wants=ByPolicy(policy=SMALL.policy, optimizers={}), time_limit_s=1.0)
    plan = Agenda((), lambda index: first.model_copy(update={"index": index}), costs)
    return [task.index for _ in range(workers) if (task := plan.next()) is not None]


def test_agenda_of_a_long_campaign_begins_in_order_and_of_a_short_one_with_the_longest():
    many = {index: Cost(1.0, 2.0) for index in range(1000)} | {700: Cost(5.0, 10.0)}
    assert opened(many, 4) == [0, 1, 2, 3]
    few = {index: Cost(1.0, 2.0) for index in range(10)} | {7: Cost(5.0, 10.0), 8: Cost(1.0, 9.0)}
    assert opened(few, 4) == [0, 7, 8, 1]


def test_size_of_a_problem_is_that_of_the_whole_problem():
    spec = standard()
    for index in range(10):
        problem = sample(spec.mixture, spec.seed, index)
        assert sample_size(spec.mixture, spec.seed, index) == (problem.dimension, problem.max_evaluations)


def test_costs_tell_long_problems_from_short_ones(tmp_path: Path):
    spec = standard()
    costs = problem_costs(spec, stored_candidates(spec.optimizers), Store(tmp_path), range(200))
    budgets = {index: sample_size(spec.mixture, spec.seed, index)[1] for index in costs}
    longest, shortest = max(budgets, key=budgets.__getitem__), min(budgets, key=budgets.__getitem__)
    assert costs[longest].expected_s > 3 * costs[shortest].expected_s
    assert all(cost.most_s > cost.expected_s for cost in costs.values())
