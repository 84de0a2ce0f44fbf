"""The order of work decides nothing: whatever is begun first, shared or lost, the rows are the same. About 30 s."""

import random
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from llamoco_data.campaign import CampaignSpec, add_problems, agenda, load_campaign, read_problems, run_campaign
from llamoco_data.campaign.agenda import Agenda
from llamoco_data.campaign.costs import Cost, problem_costs
from llamoco_data.campaign.driver import run_candidates
from llamoco_data.execution import ByPolicy, Draw, Lost, Program, Slice, Task, advance
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.execution.ray_actors import RayExecutor
from llamoco_data.portfolio.stored_candidates import stored_candidates
from llamoco_data.problems.checking import own_problem
from llamoco_data.problems.sampling import sample, sample_size
from llamoco_data.racing import Exhaustive, Race
from llamoco_data.recipes import standard
from llamoco_data.store import Store
from tests.campaigns import SMALL, OneRunSlices, candidate, grown, results
from tests.own_problems import BOWL

pytestmark = pytest.mark.integration

RACE = grown(policy=Race(leaders=0.5, runs_per_candidate=2.0), num_problems=3)


@dataclass(slots=True)
class Crowd:
    """Many workers in this process, whose slices of one run end in any order; some are lost."""

    size: int
    lost_share: float = 0.0
    most_on_one_problem: int = 0
    begun: list[int] = field(default_factory=list)
    width: int = 0
    """See `Executor.run`."""

    def connected(self) -> AbstractContextManager[None]:
        """See `Executor.connected`."""
        return nullcontext()

    def run(
        self, programs: Sequence[Program], pending: Callable[[], Task | None], width: int
    ) -> Generator[Slice | None]:
        """See `Executor.run`."""
        self.width, size = width, min(self.size, width)
        chance = random.Random(self.size)
        out: list[Task] = []
        while True:
            while len(out) < size and (task := pending()) is not None:
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


MEETING = """
import os, pathlib, time
folder = pathlib.Path({folder!r})
(folder / f"run-{{os.getpid()}}").touch()
for _ in range(max_evaluations):
    objective(lower)
ends = time.monotonic() + 8
while (folder / "begun").exists() and len(list(folder.glob("run-*"))) < 2 and time.monotonic() < ends:
    time.sleep(0.01)
(folder / "begun").touch()
return lower
"""


def test_one_open_problem_is_shared_by_the_crowd(spec: CampaignSpec, tmp_path: Path):
    one, crowd = spec.model_copy(update={"num_problems": 1}), Crowd(8)
    run_campaign(tmp_path / "alone", one, InlineExecutor())
    run_campaign(tmp_path / "c", one, crowd)
    assert results(tmp_path / "c") == results(tmp_path / "alone")
    assert crowd.most_on_one_problem > 1


def test_one_open_problem_is_shared_by_ray_actors(local_ray: None, tmp_path: Path):
    """Every run but the first waits until two processes have begun one, for 8 s at most."""
    one = grown(num_problems=1, optimizers=("random_search",), policy=Exhaustive(repeats=6))
    meeting = candidate(MEETING.format(folder=str(tmp_path)))
    run_candidates(tmp_path / "c", one, (meeting,), OneRunSlices(RayExecutor("local", 2)))
    assert [record.status for record in results(tmp_path / "c")] == ["completed"] * 6
    assert len(list(tmp_path.glob("run-*"))) == 2


def test_no_more_workers_are_asked_for_than_runs_can_be_made_at_once(tmp_path: Path):
    """On a problem with constraints: two settings of SLSQP and random search, and none of Nelder-Mead."""
    spec = grown(optimizers=("slsqp", "nelder_mead", "random_search"), num_problems=0, policy=Race())
    add_problems(tmp_path / "c", [own_problem(BOWL)], start=spec)
    crowd = Crowd(8)
    run_campaign(tmp_path / "c", load_campaign(tmp_path / "c"), crowd)
    assert crowd.width == 3


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
