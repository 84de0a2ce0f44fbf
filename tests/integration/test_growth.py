"""A campaign that grows in every way it can: what is run then, and what becomes of the rows of its set. About 15 s."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from llamoco_data.campaign import CampaignSpec, read_problems
from llamoco_data.campaign.driver import run_candidates
from llamoco_data.execution.inline import InlineExecutor
from llamoco_data.export import export
from llamoco_data.instruction_set import read_instructions
from llamoco_data.portfolio.stored_candidates import StoredCandidate, stored_candidates
from llamoco_data.racing import Exhaustive
from llamoco_data.runs import RunRecord, program_id
from llamoco_data.store import Store
from tests.campaigns import grown

pytestmark = pytest.mark.integration

SPEC = grown(num_problems=4, optimizers=("slsqp", "nelder_mead", "random_search"))
BUDGETS = (0.9,)


def first_settings(candidates: Sequence[StoredCandidate]) -> tuple[StoredCandidate, ...]:
    """A grid of one point for every optimizer."""
    return tuple({candidate.optimizer: candidate for candidate in reversed(candidates)}.values())[::-1]


def rewritten(candidates: Sequence[StoredCandidate]) -> tuple[StoredCandidate, ...]:
    """The same optimizers and settings in other texts, except for random search."""
    texts = {candidate.program: f"{candidate.program}\n# as before\n" for candidate in candidates}
    return tuple(
        candidate
        if candidate.optimizer == "random_search"
        else candidate.model_copy(update={"program": text, "candidate_id": program_id(text)})
        for candidate in candidates
        for text in [texts[candidate.program]]
    )


NARROW = first_settings(stored_candidates(SPEC.optimizers))


def run(folder: Path, spec: CampaignSpec, candidates: Sequence[StoredCandidate]) -> int:
    """The number of new runs."""
    return run_candidates(folder, spec, candidates, InlineExecutor()).progress.new_runs


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("growth")
    run(folder / "c", SPEC, NARROW)
    export(folder / "c", folder / "set", budgets=BUDGETS)
    return folder


@pytest.fixture
def place(before: Path, tmp_path: Path) -> Path:
    return shutil.copytree(before, tmp_path / "place")


def stored(folder: Path) -> dict[str, RunRecord]:
    store = Store(folder)
    ids = [store.problem_id(index) for index in store.indices()]
    return {record.run_id: record for problem_id in ids if problem_id for record in store.records(problem_id)}


MORE_RUNS = {"new winner", "new results", "new problem", "new budget", "problem withdrawn", "budget withdrawn"}
"""The last four are of problems that were kept out before, or are now."""

GROWTH = {
    "problems": (SPEC.model_copy(update={"num_problems": 6}), NARROW, BUDGETS, {"new problem"}),
    "repeats": (
        SPEC.model_copy(update={"policy": Exhaustive(repeats=3)}),
        NARROW,
        BUDGETS,
        MORE_RUNS,
    ),
    "optimizers": (
        SPEC.model_copy(update={"optimizers": (*SPEC.optimizers[:-1], "de", "random_search")}),
        first_settings(stored_candidates((*SPEC.optimizers[:-1], "de", "random_search"))),
        BUDGETS,
        MORE_RUNS,
    ),
    "settings": (SPEC, stored_candidates(SPEC.optimizers), BUDGETS, MORE_RUNS),
    "texts": (SPEC, rewritten(NARROW), BUDGETS, {"new program text"}),
    "wordings": (SPEC.model_copy(update={"wordings": 2}), NARROW, BUDGETS, {"new wording"}),
    "budgets": (SPEC, NARROW, (0.9, 0.1), {"new budget"}),
}
FREE = {"wordings", "budgets"}
KEEPS_OUT = {"repeats", "optimizers", "settings"}
"""After more runs of it a problem may not be worth teaching any more; then it leaves with all its rows."""


@pytest.mark.parametrize("what", GROWTH)
def test_campaign_that_grows_runs_what_is_missing_and_says_what_became_of_its_rows(what: str, place: Path):
    spec, candidates, budgets, reasons = GROWTH[what]
    runs_before = stored(place / "c")
    num_new = run(place / "c", spec, candidates)
    runs_after = stored(place / "c")
    asked = [record for problem in read_problems(place / "c") for record in problem.records]
    assert {run_id: runs_after[run_id] for run_id in runs_before} == runs_before
    assert num_new == len(runs_after) - len(runs_before) == len({r.run_id for r in asked} - set(runs_before))
    assert (num_new == 0) == (what in FREE)

    exported = export(place / "c", place / "set", budgets=budgets)
    assert exported.changes is not None
    assert (exported.snapshot, exported.changes.since) == (2, 1)
    assert set(exported.changes.count()) <= reasons
    assert exported.changes.rows


@pytest.mark.parametrize("what", GROWTH)
def test_question_keeps_its_id_its_text_and_its_side_when_its_campaign_grows(what: str, place: Path):
    spec, candidates, budgets, _ = GROWTH[what]
    run(place / "c", spec, candidates)
    export(place / "c", place / "set", budgets=budgets)
    columns = ("problem_id", "base_problem_id", "form", "wording", "prompt", "problem_spec", "split")
    old, now = (
        {row["instruction_id"]: [row[name] for name in columns] for row in table.to_pylist()}
        for table in (read_instructions(place / "set", snapshot=1), read_instructions(place / "set"))
    )
    left = {instruction_id: row for instruction_id, row in old.items() if instruction_id not in now}
    assert {instruction_id: row for instruction_id, row in old.items() if instruction_id in now} == {
        instruction_id: row for instruction_id, row in now.items() if instruction_id in old
    }
    assert not left or what in KEEPS_OUT
    assert not {row[0] for row in left.values()} & {row[0] for row in now.values()}


def test_campaign_that_grew_in_every_way_at_once_exports_what_one_that_began_so_does(place: Path, tmp_path: Path):
    spec = SPEC.model_copy(update={"num_problems": 5, "policy": Exhaustive(repeats=3), "wordings": 2})
    for folder in (place / "c", tmp_path / "whole"):
        run(folder, spec, stored_candidates(SPEC.optimizers))
    grew = export(place / "c", place / "set", budgets=(0.9, 0.1))
    began = export(tmp_path / "whole", tmp_path / "set", budgets=(0.9, 0.1))
    assert grew.files == began.files  # named by their content
    assert read_instructions(grew.folder).equals(read_instructions(began.folder))
