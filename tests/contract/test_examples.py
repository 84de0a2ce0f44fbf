"""The worked examples of docs/ask.md: each is asked about, and its answer does better than random search."""

import subprocess
import sys
from pathlib import Path

import pytest

from llamoco_data import own_problem, portfolio, render, run_program
from llamoco_tune import ask
from llamoco_tune.asking.problem import read_problem

pytestmark = pytest.mark.contract

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "examples"
EXAMPLES = sorted(file for file in FOLDER.iterdir() if file.suffix in (".py", ".tex") and file.name != "valley.py")


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.name)
def test_example_is_answered_with_a_program_that_beats_random_search(file: Path):
    spec = own_problem(file.with_suffix(".py").read_text())
    problem = read_problem(file)
    found = (problem.dimension, problem.max_evaluations, problem.is_constrained)
    assert found == (spec.dimension, spec.max_evaluations, bool(spec.num_constraints))
    (floor,) = portfolio(("random_search",))
    answered, drawn = (run_program(text, spec, seed=1) for text in (ask(file).program, render(floor, spec)))
    assert answered.status == drawn.status
    assert answered.best_f is not None
    assert answered.violation == 0
    assert drawn.best_f is not None
    assert drawn.violation != 0 or answered.best_f < drawn.best_f


def test_page_shows_the_answers_of_the_model_of_the_package():
    script = [sys.executable, str(ROOT / "docs" / "examples.py"), "--check"]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
