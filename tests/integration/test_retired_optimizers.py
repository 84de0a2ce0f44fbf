"""A campaign with an optimizer that has left the portfolio: it is read and exported as it is, and grows without it."""

import shutil
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from rich.console import Console

from llamoco_data.campaign import add_problems, load_campaign, plan, run_campaign, status
from llamoco_data.campaign.driver import run_candidates
from llamoco_data.cli.campaign_output import show_plan
from llamoco_data.execution import executor
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.export import export
from llamoco_data.identity import LlamocoError
from llamoco_data.instruction_set import read_instructions
from llamoco_data.portfolio import OPTIMIZER_BY_NAME, RETIRED
from llamoco_data.portfolio.stored_candidates import StoredCandidate, stored_candidates
from llamoco_data.problems.checking import own_problem
from llamoco_data.racing import Race
from llamoco_data.recipes import RECIPES, campaign_for
from llamoco_data.report import write_report
from llamoco_data.runs import RunRecord, program_id
from llamoco_data.scoring import score
from llamoco_data.store import Store
from llamoco_data.store.upgrades import whole_limits
from llamoco_data.verification import verify
from tests.campaigns import grown
from tests.own_problems import BOWL
from tests.scores import write_programs, written

pytestmark = pytest.mark.integration

TODAY = grown(
    recipe="demo", num_problems=3, optimizers=("pso", "ga", "random_search"), policy=Race(runs_per_candidate=4)
)
THEN = TODAY.model_copy(update={"optimizers": ("pso", "clpso", "ga", "random_search")})
FAREWELL = "clpso has left the portfolio: {} goes on without it; its runs stay in the folder, but no longer count"


def candidates_then() -> tuple[StoredCandidate, ...]:
    """Those of an earlier release: its CLPSO is, for the test, a program that wins."""
    *swarms, ga, last = stored_candidates(TODAY.optimizers)
    (best, *_) = stored_candidates(("slsqp",))
    text = '"""Comprehensive learning particle swarm: for tests."""\n' + best.program.split("\n", 1)[1]

    clpso = StoredCandidate(
        candidate_id=program_id(text),
        optimizer="clpso",
        family="particle swarm",
        settings={},
        program=text,
        limits=RETIRED["clpso"],
    )
    return (*swarms, clpso, ga, last)


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished campaign and its export, as the earlier release left them."""
    place = tmp_path_factory.mktemp("earlier")
    run_candidates(place / "c", TODAY, candidates_then(), InlineExecutor())
    (place / "c" / "campaign.json").write_text(THEN.model_dump_json(indent=2))
    export(place / "c", place / "set")
    return place


@pytest.fixture
def place(earlier: Path, tmp_path: Path) -> Path:
    return shutil.copytree(earlier, tmp_path / "place")


def stored(folder: Path) -> dict[str, RunRecord]:
    """Every run of the folder, by its run_id."""
    store = Store(folder)
    ids = [store.problem_id(index) for index in store.indices()]
    return {record.run_id: record for problem_id in ids if problem_id for record in store.records(problem_id)}


def wrong(folder: Path) -> list[str]:
    return [finding.line for finding in verify(folder, sample=5, checked=Counter())]


def test_campaign_of_a_retired_optimizer_is_read_as_it_is(place: Path):
    before = status(place / "c")
    assert (before.problems_complete, before.runs_by_optimizer["clpso"] > 0) == (3, True)
    assert wrong(place / "c") == wrong(place / "set") == []
    assert export(place / "c", place / "set").unchanged
    rows = read_instructions(place / "set").to_pylist()
    assert "clpso" in {row["optimizer"] for row in rows}
    assert "clpso" in write_report(place / "c", place / "page.html").file.read_text()


def test_plan_names_the_retired_optimizer_and_changes_nothing(place: Path, capsys: pytest.CaptureFixture[str]):
    before = (place / "c" / "campaign.json").read_bytes()
    planned = plan(place / "c", load_campaign(place / "c"))
    show_plan(Console(width=300), planned, str(place / "c"))
    assert capsys.readouterr().out.startswith(FAREWELL.format(place / "c") + "\n")
    assert "clpso" not in planned.runs_missing_by_optimizer
    assert (place / "c" / "campaign.json").read_bytes() == before


def test_campaign_grows_without_the_retired_optimizer_and_keeps_its_runs(place: Path, tmp_path: Path):
    before, notices = stored(place / "c"), list[str]()
    run_campaign(place / "c", load_campaign(place / "c"), InlineExecutor(), notice=notices.append)
    assert notices == [FAREWELL.format(place / "c")]
    assert load_campaign(place / "c") == TODAY
    now = status(place / "c")
    assert (now.problems_complete, set(now.runs_by_optimizer)) == (3, set(TODAY.optimizers))
    assert wrong(place / "c") == []
    after = stored(place / "c")
    assert {run_id: after[run_id] for run_id in before} == before

    assert run_campaign(place / "c", TODAY, InlineExecutor(), notice=notices.append).progress.new_runs == 0
    assert len(notices) == 1

    run_campaign(tmp_path / "fresh", TODAY, InlineExecutor())
    fresh, anew = export(tmp_path / "fresh", tmp_path / "fresh-set"), export(place / "c", place / "set")
    assert anew.files == fresh.files  # named by their content
    assert anew.changes is not None
    assert "new winner" in anew.changes.count()
    assert wrong(place / "set") == []


def test_campaign_takes_own_problems_before_it_grows(place: Path):
    (added,) = add_problems(place / "c", [own_problem(BOWL, "bowl")])
    assert load_campaign(place / "c") == THEN.model_copy(update={"own_problems": (added,)})
    assert campaign_for(place / "c", None, None).own_problems == (added,)


def test_today_s_recipe_brings_its_optimizers_and_takes_the_retired_one(place: Path):
    wanted = campaign_for(place / "c", "demo", 5)
    assert wanted.optimizers == RECIPES["demo"]().optimizers
    assert (wanted.num_problems, wanted.mixture) == (5, THEN.mixture)


def test_programs_are_scored_on_the_export_of_a_retired_optimizer(place: Path):
    rows = read_instructions(place / "set").to_pylist()
    row = next(row for row in rows if row["optimizer"] == "clpso")
    write_programs(place / "programs.parquet", [written(row, row["answer"])])
    scored = score(place / "programs.parquet", place / "set", place / "scores", executor("inline"))
    assert scored.summary is not None
    (told,) = pq.read_table(place / "scores" / "scores.parquet").to_pylist()
    assert (told["named"], told["label"]) == ("clpso", "clpso")


@pytest.mark.parametrize("name", ["gone", "clpso"])
def test_optimizer_that_the_folder_never_had_is_no_retired_one(name: str, tmp_path: Path):
    """A retired name is known only where a folder's campaign has it; any other unknown name is an error everywhere."""
    spec = TODAY.model_copy(update={"optimizers": (*TODAY.optimizers, name)})
    with pytest.raises(LlamocoError, match=f"the portfolio has no {name}; mend it"):
        run_campaign(tmp_path / "c", spec, InlineExecutor())
    assert not (tmp_path / "c").exists()


def test_campaign_of_retired_optimizers_alone_says_that_none_is_left(place: Path):
    (place / "c" / "campaign.json").write_text(THEN.model_copy(update={"optimizers": ("clpso",)}).to_json())
    with pytest.raises(LlamocoError, match="none of the optimizers asked for is in the portfolio any more: clpso; ask"):
        run_campaign(place / "c", load_campaign(place / "c"), InlineExecutor())


def test_retired_optimizers_are_in_no_portfolio_and_keep_their_limits():
    assert not set(RETIRED) & set(OPTIMIZER_BY_NAME)
    assert whole_limits("clpso", {}) == RETIRED["clpso"].model_dump(mode="json")
