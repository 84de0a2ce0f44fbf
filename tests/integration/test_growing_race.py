"""A finished race whose portfolio gains an optimizer: what is run then, and what rows come of it."""

from pathlib import Path

import pytest

from llamoco_data.campaign import CampaignSpec, plan, read_candidates, read_problems, run_campaign
from llamoco_data.campaign.driver import run_candidates
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.portfolio.stored_candidates import stored_candidates
from llamoco_data.racing import Race
from llamoco_data.runs import RunRecord
from llamoco_data.store import Store
from tests.campaigns import OneRunSlices, candidate, grown

pytestmark = pytest.mark.integration

BEFORE = ("slsqp", "nelder_mead", "cma_es", "simulated_annealing", "crs2", "random_search")
AFTER = ("slsqp", "nelder_mead", "cma_es", "simulated_annealing", "crs2", "pso", "random_search")
POLICY = Race(runs_per_candidate=1.5)


def race(optimizers: tuple[str, ...]) -> CampaignSpec:
    return grown(policy=POLICY, optimizers=optimizers)


def everything(folder: Path) -> dict[str, RunRecord]:
    """All runs of a folder by id, those that no longer count included."""
    store = Store(folder)
    ids = [store.problem_id(index) for index in store.indices()]
    return {record.run_id: record for problem_id in ids if problem_id for record in store.records(problem_id)}


def rows(folder: Path) -> list[RunRecord]:
    return [record.model_copy(update={"cpu_s": 0.0}) for runs in read_problems(folder) for record in runs.records]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("race") / "c"
    run_campaign(folder, race(BEFORE), InlineExecutor())
    return folder


def test_race_that_is_interrupted_after_every_run_ends_in_the_same_rows(finished: Path, tmp_path: Path):
    run_campaign(tmp_path / "c", race(BEFORE), OneRunSlices(InlineExecutor()))
    assert rows(tmp_path / "c") == rows(finished)


def test_race_spends_its_runs_on_some_candidates_and_finishes_every_problem(finished: Path):
    for runs in read_problems(finished):
        applies = [candidate for candidate in read_candidates(finished) if not candidate.declines(runs.spec)]
        counts = [sum(r.candidate_id == candidate.candidate_id for r in runs.records) for candidate in applies]
        assert runs.complete
        seeds = POLICY.finalists * (POLICY.least_seeds - 1)
        assert len(runs.records) <= max(POLICY.runs_per_candidate * len(applies), sum(map(bool, counts)) + seeds)
        assert max(counts) >= POLICY.least_seeds
        assert min(counts) <= 1


def test_race_that_gains_an_optimizer_evaluates_its_runs_and_what_the_race_then_asks_for(finished: Path):
    before = everything(finished)
    planned = plan(finished, race(AFTER))
    outcome = run_campaign(finished, race(AFTER), InlineExecutor())
    after = everything(finished)
    new = [record for run_id, record in after.items() if run_id not in before]
    assert {run_id: after[run_id] for run_id in before} == before
    assert outcome.progress.new_evaluations == sum(record.evaluations for record in new)
    assert outcome.progress.new_runs == len(new)
    optimizer = {candidate.candidate_id: candidate.optimizer for candidate in read_candidates(finished)}
    assert "pso" in {optimizer[record.candidate_id] for record in new}
    asked = {record.run_id for runs in read_problems(finished) for record in runs.records}
    assert {record.run_id for record in new} <= asked
    assert planned.runs_missing_by_optimizer["pso"] > 0


def test_race_that_gained_an_optimizer_has_the_rows_of_one_that_began_with_it(finished: Path, tmp_path: Path):
    run_campaign(finished, race(AFTER), InlineExecutor())
    run_campaign(tmp_path / "c", race(AFTER), InlineExecutor())
    assert rows(finished) == rows(tmp_path / "c")
    assert len(everything(finished)) > len(everything(tmp_path / "c"))


def test_race_whose_grid_is_widened_has_the_rows_of_one_that_began_with_it(tmp_path: Path):
    spec, wide = race(BEFORE), stored_candidates(BEFORE)
    narrow = tuple({candidate.optimizer: candidate for candidate in reversed(wide)}.values())[::-1]
    run_candidates(tmp_path / "c", spec, narrow, InlineExecutor())
    before = everything(tmp_path / "c")
    outcome = run_candidates(tmp_path / "c", spec, wide, InlineExecutor())
    after = everything(tmp_path / "c")
    assert {run_id: after[run_id] for run_id in before} == before
    assert outcome.progress.new_runs == len(after) - len(before) > 0
    run_candidates(tmp_path / "whole", spec, wide, InlineExecutor())
    assert rows(tmp_path / "c") == rows(tmp_path / "whole")


def test_race_whose_new_optimizer_never_returns_runs_it_once_a_problem(tmp_path: Path):

    spec = race(BEFORE)
    run_candidates(tmp_path / "c", spec, stored_candidates(BEFORE), InlineExecutor())
    before = everything(tmp_path / "c")
    fails = candidate("raise ValueError('no')")
    run_candidates(tmp_path / "c", spec, (*stored_candidates(BEFORE), fails), InlineExecutor())
    new = [record for run_id, record in everything(tmp_path / "c").items() if run_id not in before]
    runs_of_it = [record for record in new if record.candidate_id == fails.candidate_id]
    assert len(runs_of_it) == spec.num_problems
    assert {record.status for record in runs_of_it} == {"raised"}
