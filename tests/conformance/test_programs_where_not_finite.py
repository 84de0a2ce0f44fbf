"""Every program on problems that have no value in places: a library's own stop is never a failure of the program.

The problems are a user's own, run and judged as in a campaign: what raises there, or is not finite, has no value.
"""

import itertools
import math

import numpy as np
import pytest

from llamoco_data.portfolio import program_text
from llamoco_data.problems.own_spec import OwnProblemSpec
from llamoco_data.runs import RunRecord, run_program
from tests.programs import CONSTRAINED, NAMES, UNCONSTRAINED, budget_of, minimize_of

pytestmark = pytest.mark.conformance

PLACES = {
    "half of the box": "u[0] < 0.5",
    "a corner": "(u > 0.7).all()",
    "a line": "abs(u[0] - u[1]) < 1e-3",
    "everywhere but one point": "(u != 0.5).any()",
    "everywhere but a corner": "(u > 0.3).any()",
    "everywhere": "True",
}
NO_VALUES = ("np.nan", "np.inf", "-np.inf", "1e305", "1 / 0")
"""What the objective gives there; the last one raises."""

LIMITS = {
    "an inequality": ("[0.4 - u[0] - 0.1 * u[1]], []", 1, 0),
    "NaN in half of the box": ("[np.nan if u[1] > 0.5 else 0.4 - u[0]], []", 1, 0),
    "infinite in places": ("[-np.inf if u[1] > 0.5 else 0.4 - u[0], np.inf if u[0] < 0.1 else -1.0], []", 2, 0),
    "an equality with NaN": ("[], [np.nan if u[1] > 0.8 else u[0] - u[1] ** 2]", 0, 1),
    "NaN everywhere": ("[np.nan], [np.nan]", 1, 1),
}
BOXES = {
    "one unit in the last place": (1.0, float(np.nextafter(1.0, 2.0))),
    "the smallest number": (0.0, 5e-324),
    "denormal": (1e-310, 1e-308),
    "small": (-1e-200, 1e-200),
    "wide": (-1e300, 1e300),
}


def problem(value: str, limits: str = "", *, dimension: int = 2, box=(0.0, 1.0), budget: int = 60) -> OwnProblemSpec:
    """Of a point u of the unit cube, as Python expressions; `limits` names one of `LIMITS`."""
    constraints, num_inequality, num_equality = LIMITS[limits] if limits else ("", 0, 0)
    lines = ["import numpy as np", f"max_evaluations = {budget}"]
    lines += [f"lower, upper = np.full({dimension}, {box[0]}), np.full({dimension}, {box[1]})"]
    lines += [f"def objective(x):\n    u = (x - lower) / (upper - lower)\n    return {value}"]
    if limits:
        lines += [f"def constraints(x):\n    u = (x - lower) / (upper - lower)\n    return {constraints}"]
    return OwnProblemSpec(
        source="\n".join(lines),
        dimension=dimension,
        lower=(box[0],) * dimension,
        upper=(box[1],) * dimension,
        max_evaluations=budget,
        num_inequality=num_inequality,
        num_equality=num_equality,
    )


def run(name: str, spec: OwnProblemSpec) -> RunRecord:
    return run_program(program_text(name, {}), spec, seed=3)


def failures(name: str, cases: dict[str, OwnProblemSpec]) -> list[str]:
    """Cases in which a program does not complete, or leaves more than a tenth of its budget."""
    found = []
    for case, spec in cases.items():
        record = run(name, spec)
        if record.status != "completed" or record.evaluations < 0.9 * spec.max_evaluations or record.outside_box:
            found.append(f"{case}: {record.status} after {record.evaluations}, {record.detail}")
    return found


@pytest.mark.parametrize("name", UNCONSTRAINED)
def test_program_completes_where_the_objective_has_no_value(name: str):
    cases = {
        f"{worth} in {place}": problem(
            f"{worth} if {PLACES[place]} else u.sum()", dimension=2 + i % 2, budget=budget_of(name, 60, 12)
        )
        for i, place in enumerate(PLACES)
        for worth in (NO_VALUES[i % 5], NO_VALUES[(i + 2) % 5])
    }
    assert failures(name, cases) == []


@pytest.mark.parametrize("name", CONSTRAINED)
def test_program_completes_where_constraints_or_objective_have_no_value(name: str):
    cases = {
        f"{limits}, no objective in {place}": problem(
            f"np.nan if {PLACES[place]} else u.sum()", limits, dimension=2 + i % 2
        )
        for i, place in enumerate(PLACES)
        for limits in list(LIMITS)[i % 2 :: 2]
    }
    assert failures(name, cases) == []


@pytest.mark.parametrize("name", NAMES)
def test_program_completes_in_a_box_of_any_width(name: str):
    values = ("x.sum()", "((u - 0.3) ** 2).sum()", "np.nan if u[0] < 0.5 else x.sum()")
    kinds = [""] * (name in UNCONSTRAINED) + ["an inequality"] * (name in CONSTRAINED)
    cases = {
        f"{value} with {limits or 'no constraints'}, {box}": problem(
            value, limits, box=BOXES[box], budget=budget_of(name, 40, 12)
        )
        for box, value, limits in itertools.product(BOXES, values, kinds)
    }
    assert failures(name, cases) == []


@pytest.mark.parametrize("name", NAMES)
def test_program_alone_survives_values_that_nobody_made_finite(name: str):
    """As where a program is pasted: no evaluator stands between it and the objective."""
    limits = None if name in UNCONSTRAINED else lambda u: (np.array([0.4 - u[0]]), np.array([]))
    for worth, holes in itertools.product(
        (math.nan, math.inf, -math.inf), (lambda u: u[0] < 0.5, lambda u: (u > 0.3).any(), lambda _: True)
    ):
        asked = []

        def objective(u: np.ndarray, worth=worth, holes=holes, asked=asked) -> float:
            asked.append(u)
            return worth if holes(u) else float(u.sum())

        minimize = minimize_of(program_text(name, {}))
        x = minimize(objective, np.zeros(2), np.ones(2), budget_of(name, 60, 20), 0, constraints=limits)
        values = [math.inf if holes(u) or (limits and limits(u)[0] > 0) else u.sum() for u in asked]
        if min(values) < math.inf:
            assert x.sum() == min(values)


def winner(value: str, box: tuple[float, float]) -> float:
    """Best value of all programs that take no constraints to need, each of which completes."""
    found = []
    for name in UNCONSTRAINED:
        record = run(name, problem(value, box=box, budget=budget_of(name, 200, 30)))
        assert record.status == "completed", f"{name}: {record.detail}"
        assert record.best_f is not None, name
        found.append(record.best_f)
    return min(found)


def test_winner_finds_the_edge_of_what_has_no_value():
    assert winner("np.nan if x[0] < 0.5 else x[0] + x[1]", (0.0, 1.0)) == pytest.approx(0.5, abs=1e-6)


def test_winner_finds_the_equilibrium_of_two_reactions():
    """Gibbs energy of isobutane and 1-butene that react in two ways (Kitchin, pycse); its logarithms end inside."""
    value = (
        "(lambda a, b, d: -a * np.log(108) - b * np.log(284) + d * np.log(2.5) + 2 * (0.5 - a - b) * "
        "np.log((0.5 - a - b) / d) + a * np.log(a / d) + b * np.log(b / d))(x[0], x[1], 1 - x[0] - x[1])"
    )
    assert winner(value, (0.001, 0.499)) == pytest.approx(-2.5594240, abs=1e-6)
