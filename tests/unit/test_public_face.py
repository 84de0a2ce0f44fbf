"""The names that notebooks and outside checks use, together, as the design states them."""

import re
import subprocess
import sys

import pytest

import llamoco_data
import llamoco_tune

pytestmark = pytest.mark.unit

NOTEBOOK = """
from llamoco_data import (ProblemSpec, sample_problem, build, statement, portfolio, render, run_program, judge,
                          read_instructions, own_problem, read_spec)
spec = sample_problem(recipe="demo", seed=7, index=3)
assert ProblemSpec.from_json(spec.to_json()).problem_id == spec.problem_id
problem = build(spec)
assert problem.objective((problem.lower + problem.upper) / 2) < float("inf")
g, h = problem.constraints(problem.lower)
assert len(g) == spec.num_inequality and len(h) == spec.num_equality
assert problem.max_evaluations == spec.max_evaluations
assert "minimize" in statement(spec, form="python", wording=3) and statement(spec, form="latex")
candidates = [c for c in portfolio() if c.optimizer in ("random_search", "de", "pso")]
assert all(c.candidate_id and c.family and c.settings is not None for c in candidates)
records = [run_program(render(c, spec), spec, seed=s) for c in candidates for s in (0, 1)]
assert all(r.status == "completed" and r.evaluations <= spec.max_evaluations and r.trace for r in records)
verdict = judge(records)
assert verdict.winner in {c.candidate_id for c in candidates} and 0 <= verdict.confidence <= 1
from llamoco_data.statements import python_source
own = own_problem(python_source(spec))
assert read_spec(own.to_json()).problem_id == own.problem_id and read_spec(spec.to_json()) == spec
assert build(own).objective(problem.lower) == build(read_spec(own.to_json())).objective(problem.lower)
assert python_source(spec) in statement(own) and run_program(render(candidates[0], own), own, seed=1).best_f is not None
"""


def test_public_face_works_as_the_design_shows_it():
    subprocess.run([sys.executable, "-c", NOTEBOOK], check=True)


def test_public_face_has_every_name_it_lists():
    for name in llamoco_data.__all__:
        assert getattr(llamoco_data, name).__module__.startswith("llamoco_data.")


def test_public_face_without_such_a_name_raises():
    with pytest.raises(AttributeError, match="surprise"):
        _ = llamoco_data.surprise


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("slqsp", "de"), "there is no optimizer slqsp; the nearest names: slsqp"),
        (("???",), "there is no optimizer ???; the nearest names: see `llamoco-data portfolio`"),
        ("slsqp", "optimizers: expected names, such as ('slsqp',), not one text"),
    ],
)
def test_portfolio_of_unknown_names_says_what_there_is(names, said):
    with pytest.raises(llamoco_data.LlamocoError, match=f"^{re.escape(said)}"):
        llamoco_data.portfolio(names)


def test_public_face_of_tuning_has_every_name_it_lists_and_its_error():
    for name in llamoco_tune.__all__:
        assert getattr(llamoco_tune, name).__module__.startswith("llamoco_tune.")
    with pytest.raises(llamoco_tune.TuningError, match=r"^absent\.py cannot be read"):
        llamoco_tune.ask("absent.py")


def test_package_of_tuning_is_imported_without_its_dependencies():
    code = "import sys, llamoco_tune; sys.exit('pydantic' in sys.modules or 'numpy' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
