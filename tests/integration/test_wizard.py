"""The pipe between our evaluator and a player of nevergrad: budget, seed, and runs that are kept."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from llamoco_data import sample_problem
from tests.benchmarks.wizard import Wizard

pytestmark = pytest.mark.integration

SPEC = sample_problem("demo", index=0).model_copy(update={"constraints": (), "max_evaluations": 60})


@pytest.fixture(scope="module")
def wizard() -> Iterator[Wizard]:
    """A simple optimizer of nevergrad, which works with any NumPy."""
    player = Wizard(Path(sys.executable), "OnePlusOne")
    yield player
    player.close()


def test_wizard_spends_the_budget_and_is_decided_by_its_seed(wizard: Wizard):
    runs = [wizard.run(SPEC, seed) for seed in (3, 3, 4)]
    assert [run.evaluations for run in runs] == [60, 60, 60]
    assert all(run.outside_box == 0 and run.cpu_s > 0 for run in runs)
    assert runs[0].trace == runs[1].trace != runs[2].trace


def test_wizard_run_is_made_once(wizard: Wizard, tmp_path: Path):
    made = wizard.kept(SPEC, 5, tmp_path)
    (file,) = tmp_path.iterdir()
    before = file.stat().st_mtime_ns
    assert wizard.kept(SPEC, 5, tmp_path) == made
    assert file.stat().st_mtime_ns == before
