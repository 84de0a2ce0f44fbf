"""Campaigns with a prior: made, run, resumed, grown and mended, each from its folder alone."""

import io
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console

from llamoco_data.campaign import CampaignReader, CampaignSpec, plan, read_problems, run_campaign, view_of
from llamoco_data.campaign.foresight import PRIOR_FILE, Foresight
from llamoco_data.campaign.spec import keep_campaign, load_campaign
from llamoco_data.cli.show_output import show
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.export import export, make_prior, write_prior
from llamoco_data.identity import LlamocoError
from llamoco_data.instruction_set import read_instructions, split_of
from llamoco_data.problems.sampling import ProblemMixture
from llamoco_data.racing import Informed, Race
from llamoco_data.selector import Prior, prior_from
from llamoco_data.store import Store
from llamoco_data.verification import verify
from tests.campaigns import OneRunSlices, grown, results
from tests.unit.test_selector import measured

pytestmark = pytest.mark.integration

RACE = Race(runs_per_candidate=1.2)
BEFORE = grown(
    num_problems=34,
    optimizers=("slsqp", "nelder_mead", "powell", "de", "random_search"),
    policy=RACE,
    mixture=ProblemMixture(
        min_dimension=2, max_dimension=3, min_budget_factor=50, max_budget_factor=60, constrained_share=0.0
    ),
)
NUM_NEW = 6
"""Problems of the campaign with a prior that have informed races."""


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A campaign of whole races."""
    folder = tmp_path_factory.mktemp("whole") / "c"
    run_campaign(folder, BEFORE, InlineExecutor())
    return folder


@pytest.fixture(scope="module")
def prior(before: Path) -> Prior:
    return make_prior(before)


def informed(prior: Prior, num_problems: int = NUM_NEW) -> CampaignSpec:
    policy = Informed(
        prior=prior.prior_id, first_informed=0, full=RACE, full_share=0.2, opened=1, runs_per_candidate=0.8
    )
    return BEFORE.model_copy(update={"seed": 24, "num_problems": num_problems, "policy": policy})


@pytest.fixture(scope="module")
def finished(prior: Prior, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("informed") / "c"
    run_campaign(folder, informed(prior), InlineExecutor(), prior=prior)
    return folder


def contents(folder: Path) -> Sequence[object]:
    """Problems with their precedents, and all runs."""
    store = Store(folder)
    ids = [store.problem_id(index) for index in store.indices()]
    return [(problem_id, store.precedents(str(problem_id))) for problem_id in ids] + [*results(folder)]


def test_prior_is_that_of_the_training_problems_alone(before: Path, prior: Prior):
    export(before, before.parent / "set")
    training = {row["problem_id"] for row in read_instructions(before.parent / "set", "train").to_pylist()}
    assert 20 <= prior.scores.shape[0] == len(training)
    assert "random_search" not in prior.spec.optimizers
    assert prior.spec.num_problems == BEFORE.num_problems


def test_informed_race_leaves_optimizers_out_and_random_search_in(finished: Path):
    optimizer = {c: one.optimizer for c, one in CampaignReader(view_of(finished)).candidates.items()}
    runs = list(read_problems(finished))
    ran = {one.index: {optimizer[record.candidate_id] for record in one.records} for one in runs}
    assert all("random_search" in names for names in ran.values())
    assert all(one.complete for one in runs)
    assert {one.informed for one in runs} == {True, False}
    every = set(BEFORE.optimizers)
    assert all(ran[one.index] == every for one in runs if not one.informed)
    assert any(ran[one.index] < every for one in runs if one.informed)


def test_prior_is_asked_about_training_problems_from_the_first_informed_on_alone(finished: Path, prior: Prior):
    spec = informed(prior)
    every, later = (
        spec.model_copy(update={"policy": Informed(prior=prior.prior_id, first_informed=first)}) for first in (0, 3)
    )
    known = [
        problem for index in range(NUM_NEW) if (problem := Foresight(every, Store(finished), prior).problem(index))
    ]
    splits = [split_of(problem.spec, spec.held_out_families) for problem in known]
    assert [split == "train" for split in splits] == [True, True, False, True, True, True]
    # Folders of earlier releases hold precedents of all problems.
    stored = [problem.model_copy(update={"precedents": problem.precedents or known[1].precedents}) for problem in known]

    def asked(wanted: CampaignSpec) -> list[int]:
        foresight = Foresight(wanted, Store(finished), prior)
        return [each.index for each in stored if foresight.prospects(each, spec.optimizers) is not None]

    assert asked(every) == [0, 1, 3, 4, 5]
    assert asked(later) == [3, 4, 5]


def test_informed_campaign_that_is_interrupted_and_resumed_without_its_prior_ends_in_the_same_rows(
    finished: Path, prior: Prior, tmp_path: Path
):
    spec, asked = informed(prior), iter(range(40))
    run_campaign(tmp_path / "c", spec, OneRunSlices(InlineExecutor()), prior=prior, stop=lambda: next(asked, 40) > 30)
    assert 0 < len(results(tmp_path / "c")) < len(results(finished))
    run_campaign(tmp_path / "c", spec, InlineExecutor())
    assert contents(tmp_path / "c") == contents(finished)


def test_informed_campaign_grows_from_its_folder_alone_to_one_that_began_so(prior: Prior, tmp_path: Path):
    small, large = informed(prior, 2), informed(prior, 4)
    run_campaign(tmp_path / "c", small, InlineExecutor(), prior=prior)
    assert plan(tmp_path / "c", large).problems_missing == 2
    run_campaign(tmp_path / "c", large, InlineExecutor())
    run_campaign(tmp_path / "whole", large, InlineExecutor(), prior=prior)
    assert contents(tmp_path / "c") == contents(tmp_path / "whole")
    assert [finding.line for finding in verify(tmp_path / "c", sample=1, checked=Counter())] == []


def test_campaign_of_whole_races_that_gains_a_prior_keeps_them(tmp_path: Path, prior: Prior):
    spec = BEFORE.model_copy(update={"seed": 6, "num_problems": 2})
    run_campaign(tmp_path / "c", spec, InlineExecutor())
    whole = results(tmp_path / "c")
    policy = informed(prior).policy.model_copy(update={"first_informed": 2, "full_share": 0.0})
    run_campaign(
        tmp_path / "c", spec.model_copy(update={"num_problems": 4, "policy": policy}), InlineExecutor(), prior=prior
    )
    assert results(tmp_path / "c")[: len(whole)] == whole
    assert [one.informed for one in read_problems(tmp_path / "c")] == [False, False, True, True]


def test_prior_for_problems_that_have_whole_races_is_refused(tmp_path: Path, prior: Prior):
    spec = BEFORE.model_copy(update={"num_problems": 2})
    keep_campaign(tmp_path / "c", spec)
    with pytest.raises(LlamocoError, match="holds another campaign: its policy is"):
        keep_campaign(tmp_path / "c", spec.model_copy(update={"policy": informed(prior).policy}))


def test_second_prior_and_lost_or_damaged_ones_are_told_in_one_line(finished: Path, prior: Prior, tmp_path: Path):
    other = prior_from(measured(), source="elsewhere", num_problems=60, always=())
    spec, folder = informed(prior), tmp_path / "c"
    run_campaign(folder, informed(prior, 1), InlineExecutor(), prior=prior)
    with pytest.raises(LlamocoError, match="a campaign keeps its prior"):
        run_campaign(folder, spec, InlineExecutor(), prior=other)
    (folder / PRIOR_FILE).write_bytes(prior.data[:-1])
    with pytest.raises(LlamocoError, match=r"prior\.parquet is damaged; give the prior .* again with --prior FILE"):
        run_campaign(folder, spec, InlineExecutor())
    (folder / PRIOR_FILE).unlink()
    with pytest.raises(LlamocoError, match=r"prior\.parquet is missing; give the prior .* again with --prior FILE"):
        list(read_problems(folder))
    run_campaign(folder, informed(prior, 1), InlineExecutor(), prior=prior)
    assert (folder / PRIOR_FILE).read_bytes() == prior.data


def test_problems_of_a_damaged_file_are_drawn_again_with_their_precedents(prior: Prior, tmp_path: Path):
    folder = tmp_path / "c"
    run_campaign(folder, informed(prior, 2), InlineExecutor(), prior=prior)
    there = contents(folder)
    for file in (folder / "problems").iterdir():
        file.write_bytes(file.read_bytes()[:-1])
    run_campaign(folder, informed(prior, 2), InlineExecutor())
    assert contents(folder) == there


def test_single_best_solver_of_a_set_ran_wherever_it_applies(finished: Path, tmp_path: Path):
    made = export(finished, tmp_path / "set")
    rows = read_instructions(tmp_path / "set").to_pylist()
    single_best = rows[0]["single_best_candidate"]
    assert made.report.single_best
    for runs in read_problems(finished):
        assert single_best in {record.candidate_id for record in runs.records}
    for row in rows:
        assert {result["optimizer"] for result in row["optimizer_scores"]} <= set(BEFORE.optimizers)


def test_show_says_how_many_optimizers_an_informed_race_left_out(finished: Path):
    said = {}
    for runs in read_problems(finished):
        console = Console(record=True, width=200, file=io.StringIO())
        show(console, str(finished), str(runs.index), None)
        said[runs.informed] = re.search(r"an informed race: \d optimizers? not run", console.export_text())
    assert said[True]
    assert not said[False]


def test_prior_of_too_few_problems_is_refused_and_a_file_never_replaced(finished: Path, before: Path, tmp_path: Path):
    with pytest.raises(
        LlamocoError, match=r"training problems that are judged .*, and a prior needs 20; go on"
    ) as refused:
        make_prior(finished)
    number = f"{load_campaign(finished).num_problems:,}"
    growing = f"go on, with N above {number}, with: llamoco-data run {finished} --problems N"
    assert str(refused.value).endswith(growing), "every run is made, so only more problems help"
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(LlamocoError, match="taken exists, and a prior must not replace it"):
        write_prior(before, tmp_path / "taken")
