"""What the tolerance of the equalities can buy is no progress: candidates that differ by no more are equal."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from llamoco_data.export.making import LabelledProblem, References, instructions, replay_of, to_table
from llamoco_data.ordering import yardstick, yardstick_from
from llamoco_data.portfolio import portfolio, render
from llamoco_data.portfolio.stored_candidates import stored_candidates
from llamoco_data.problems.checking import own_problem
from llamoco_data.problems.evaluation import build
from llamoco_data.problems.own_spec import OwnProblemSpec
from llamoco_data.problems.sampling import sample
from llamoco_data.problems.slack import slack_worth
from llamoco_data.racing import Exhaustive, Race, Run, next_runs
from llamoco_data.runs import RunRecord, run_program
from llamoco_data.scoring.cases import read_export
from llamoco_data.scoring.programs import Generated
from llamoco_data.verdicts import judge
from tests.campaigns import SMALL

pytestmark = pytest.mark.unit

LINE = "x[0] + x[1] - 1"
UNITS = (1e-6, 1.0, 1e6)
TOLERANCE = 1e-4
"""Of an equality."""


def problem(objective: str = "x @ x", h: str = LINE, g: str = "", budget: int = 800) -> OwnProblemSpec:
    return own_problem(
        "import numpy as np\n\n"
        "lower, upper = np.zeros(3), np.full(3, 2.0)\n"
        f"max_evaluations = {budget}\n\n\n"
        f"def objective(x):\n    return {objective}\n\n\n"
        f"def constraints(x):\n    return np.array([{g}]), np.array([{h}])\n"
    )


def worth(x: tuple[float, ...], objective: str = "x @ x", h: str = LINE, g: str = "") -> float:
    return slack_worth(build(problem(objective, h, g)), np.array(x))


def answering(*points: tuple[float, ...]) -> str:
    """A program that evaluates some points, and returns the last."""
    return (
        "import numpy as np\n\n\n"
        "def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):\n"
        f"    for x in {[list(point) for point in points]}:\n"
        "        objective(np.array(x))\n"
        "    return np.array(x)\n"
    )


START = (1.9, 0.1, 1.0)
EXACT = (0.5, 0.5, 0.0)
SLACK = (0.49995, 0.49995, 0.0)
"""Optimal, with all of the equality's tolerance used up."""


def records(spec: OwnProblemSpec, points: dict[str, tuple[float, ...]], seeds: int = 3) -> list[RunRecord]:
    """Runs that end at these points, by candidate."""
    return [
        run_program(answering(START, point), spec, seed).model_copy(update={"candidate_id": name})
        for name, point in points.items()
        for seed in range(seeds)
    ]


@pytest.mark.parametrize("unit", UNITS)
def test_slack_worth_at_an_optimum_is_twice_the_multiplier_times_the_tolerance(unit: float):
    assert worth(EXACT, f"{unit} * (x @ x)") == pytest.approx(2 * TOLERANCE * unit, rel=1e-3)
    assert worth(SLACK, f"{unit} * (x @ x)") == pytest.approx(2 * TOLERANCE * unit, rel=1e-3)


def test_slack_worth_is_less_where_the_equality_is_stricter():
    assert worth(EXACT, h=f"1e6 * ({LINE})") == pytest.approx(2e-6 * TOLERANCE, rel=1e-3)


def test_slack_worth_of_several_equalities_is_their_sum():
    one, two = worth((0.5, 0.5, 0.5), h=LINE), worth((0.5, 0.5, 0.5), h=f"{LINE}, x[2] - 0.5")
    assert two - one == pytest.approx(2 * TOLERANCE, rel=1e-3)  # of x2 squared at 0.5 the slope is 1


def test_slack_worth_of_an_equality_stated_twice_is_that_of_one():
    assert worth(EXACT, h=f"{LINE}, {LINE}") == pytest.approx(worth(EXACT), rel=1e-3)


@pytest.mark.parametrize(
    ("x", "objective", "h", "g", "multiplier"),
    [
        ((0.7, 0.3, 0.0), "x @ x", LINE, "0.7 - x[0]", 0.6),  # of x0 and x1 the latter alone can give way
        ((0.5, 0.5, 0.0), "x[0]**2 + x[1]**2 + 100 * x[2]", f"{LINE} + x[2]", "", 1.0),  # x2 is at its bound
        ((1e-9, 0.0, 0.0), "3 * x[0] + x[1]", "x[0] - 1e-9", "", 0.0),  # no room below
    ],
)
def test_slack_worth_counts_no_step_that_breaks_a_bound_or_an_inequality(
    x: tuple[float, ...], objective: str, h: str, g: str, multiplier: float
):
    assert worth(x, objective, h, g) == pytest.approx(2 * TOLERANCE * multiplier, rel=1e-3, abs=1e-8)


def test_slack_worth_is_nothing_where_the_objective_is_at_its_minimum_anyway_or_has_no_slopes():
    assert worth((0.5, 0.5, 0.5), "(x - 0.5) @ (x - 0.5)") == 0
    assert worth((0.5, 0.5, 0.5), "x @ x", "1e-9 * (x[0] + x[1])") == 0
    assert worth(EXACT, h=f"{LINE} if x[0] >= x[1] else np.nan") == 0


def test_slack_worth_of_an_equality_without_slope_at_its_root_shows_where_slack_is_used():
    """The square of a line admits a strip a hundred times as wide."""
    used_up = (0.495, 0.495, 0.0)
    assert worth(used_up, h=f"({LINE})**2") == pytest.approx(0.5 - 2 * 0.495**2, rel=0.01)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("h", [LINE, f"{LINE}, x[2]"])
def test_exact_answer_is_as_good_as_one_that_uses_up_the_tolerance(unit: float, h: str):
    spec = problem(f"{unit} * (x @ x)", h)
    found = records(spec, {"exact": EXACT, "slack": SLACK, "random": START})
    verdict = judge(found, order=("slack", "exact", "random"), baseline="random")
    assert verdict.near_ties == ("exact",)
    assert [standing.score for standing in verdict.standings[:2]] == [1, 1]
    assert judge(found, order=("exact", "slack", "random"), baseline="random").winner == "exact"
    assert judge(found[::-1], order=("slack", "exact", "random"), baseline="random") == verdict


def test_answer_that_is_worse_by_more_than_slack_can_buy_is_worse():
    found = records(problem(), {"far": (0.52, 0.48, 0.0), "slack": SLACK, "random": START})
    verdict = judge(found, order=("far", "slack", "random"), baseline="random")
    assert (verdict.winner, verdict.near_ties) == ("slack", ())


def test_race_drops_no_exact_answer_for_one_that_uses_up_the_tolerance():
    """A race compares as the verdict does: of equals the earlier candidates stay."""
    spec = problem()
    points = {f"exact{i}": EXACT for i in range(3)} | {f"slack{i}": SLACK for i in range(3)}
    found = [record.model_copy(update={"seed": run.seed}) for record, run in _first_runs(spec, points)]
    racers = {name: name for name in points}
    wanted = next_runs(Race(finalists=2, leaders=1e-9, runs_per_candidate=2), spec.problem_id, racers, found)
    assert {run.candidate_id for run in wanted} == {"exact0", "exact1"}


def _first_runs(spec: OwnProblemSpec, points: dict[str, tuple[float, ...]]) -> list[tuple[RunRecord, Run]]:
    racers = {name: name for name in points}
    runs = next_runs(Exhaustive(repeats=1), spec.problem_id, racers, [])
    return list(zip(records(spec, points, seeds=1), runs, strict=True))


def test_runs_of_the_portfolio_on_an_equality_are_judged_by_more_than_their_use_of_its_tolerance():
    spec = problem()
    found = [
        run_program(render(candidate, spec), spec, seed)
        for name in ("slsqp", "crs2", "random_search")
        for candidate in portfolio((name,))[:1]
        for seed in range(2)
    ]
    verdict = judge(found)
    scores = {standing.candidate_id: standing.score for standing in verdict.standings}
    slsqp, crs2 = (portfolio((name,))[0].candidate_id for name in ("slsqp", "crs2"))
    assert verdict.best_known == pytest.approx(0.4999, abs=1e-5)
    assert scores[slsqp] == scores[crs2] == 1
    assert verdict.winner == slsqp  # it needs fewer evaluations


def test_tolerance_where_the_minimum_is_proven_is_what_it_was():
    mixture = SMALL.mixture.model_copy(update={"constrained_share": 1.0})
    drawn = (sample(mixture, seed=3, index=index) for index in range(200))
    spec = next(spec for spec in drawn if spec.num_equality and build(spec).optimum is not None)
    (candidate,) = portfolio(("random_search",))
    record = run_program(answering(tuple(spec.shifts[0])), spec, 0)
    assert (record.violation, record.slack_worth) == (0, None)
    assert yardstick([record]).tolerance == 1e-8
    assert run_program(render(candidate, spec), spec, 0).slack_worth is None


def test_tolerance_of_runs_of_an_earlier_release_is_what_it_was_and_one_new_run_tells_the_worth():
    new = records(problem(), {"exact": EXACT, "slack": SLACK}, seeds=1)
    old = [record.model_copy(update={"slack_worth": None}) for record in new]
    assert yardstick(old) == yardstick_from(new[1].best_f, proven=False)
    assert yardstick([new[0], old[1]]).tolerance == new[0].slack_worth


def test_row_tells_its_tolerance_and_programs_are_scored_by_it(tmp_path: Path):
    spec = problem()
    found = records(spec, {"exact": EXACT, "slack": SLACK, "random": START})
    verdict = judge(found, order=("exact", "slack", "random"), baseline="random")
    (slsqp,) = stored_candidates(("slsqp",))[:1]
    references = References(dict.fromkeys(("exact", "slack", "random"), slsqp), "slack", "random")
    judged = LabelledProblem(spec, replay_of(found, "exact"), verdict, "train", spec.problem_id)
    table = to_table(instructions(judged, references, wordings=1))
    (tmp_path / "data").mkdir()
    pq.write_table(table, tmp_path / "data" / "train-00000-of-00001.parquet")
    row = table.to_pylist()[0]
    assert json.loads(row["extra"]) == {"tolerance": yardstick(found).tolerance}
    asked = {name: row[name] for name in ("instruction_id", "problem_id", "split", "form")}
    program = Generated(
        **asked, sample=0, program="", ended="stop", detail="", prompt_tokens=0, completion_tokens=0, seconds=0.0
    )
    (case,) = read_export(tmp_path, [program]).cases.values()
    assert case.measured_by == yardstick(found)
