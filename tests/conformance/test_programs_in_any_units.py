"""Every program in other units: of the variables, the objective and the constraints, as a person may choose them.

Units that are powers of two leave every rounding as it was. So a program without absolute constants asks the very same
points, and one different point betrays a constant. Units of 1e-6 and 1e6 round differently; there the results agree.
"""

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest

from llamoco_data.portfolio import program_text
from tests.programs import CONSTRAINED, UNCONSTRAINED, budget_of, minimize_of

pytestmark = pytest.mark.conformance

LOWER = np.array([-1.0, -60.0, 2.0])
WIDTH = np.array([4.0, 128.0, 1 / 64])
MODELS = ["al_cma_es", "cobyla", "slsqp", "trust_constr"]
"""Programs that follow each constraint by a model; the others add up violations as they are given."""

Limits = Callable[[np.ndarray], tuple[list[float], list[float]]]


def valley(u: np.ndarray) -> float:
    z = 4 * (u - np.array([0.3, 0.5, 0.6]))
    return float(100 * ((z[1:] - z[:-1] ** 2) ** 2).sum() + (z**2 + 1 - np.cos(9 * z)).sum())


def sphere(u: np.ndarray) -> float:
    return float(((u - 0.4) ** 2).sum())


def inequalities(u: np.ndarray) -> tuple[list[float], list[float]]:
    return [0.9 - u.sum(), u[0] * u[1] - 0.1], []


def both(u: np.ndarray) -> tuple[list[float], list[float]]:
    """With the sphere, the minimum is 0.02, at (0.5, 0.5, 0.4); the equality's slack of 1e-4 buys less than 2e-5."""
    return [u[2] - 0.5], [u[0] ** 2 + u[1] ** 2 - 0.5]


def points(
    name: str,
    function: Callable[[np.ndarray], float],
    limits: Limits | None,
    budget: int,
    *,
    x: float = 1.0,
    f: float = 1.0,
    g: float = 1.0,
    h: float = 1.0,
) -> np.ndarray:
    """The points that a program asks, in shares of the box, where a unit is worth so much of each; shape (N, 3)."""
    lower, width, asked = LOWER * x, WIDTH * x, []

    def objective(at: np.ndarray) -> float:
        asked.append((at - lower) / width)
        return f * function(asked[-1])

    def constraints(at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert limits is not None
        inequality, equality = limits((at - lower) / width)
        return g * np.array(inequality), h * np.array(equality)

    minimize = minimize_of(program_text(name, {}))
    minimize(objective, lower.copy(), lower + width, budget, 0, constraints=constraints if limits else None)
    return np.array(asked)


def score(u: np.ndarray, function: Callable[[np.ndarray], float], limits: Limits) -> tuple[float, float]:
    """(violation, value) of a point, in the units of one."""
    g, h = limits(u)
    return sum(max(v, 0.0) for v in g) + sum(max(abs(v) - 1e-4, 0.0) for v in h), function(u)


FINE, COARSE = 2.0**-20, 2.0**20


@pytest.mark.parametrize("name", UNCONSTRAINED)
def test_program_asks_the_same_points_in_other_units(name: str):
    budget = budget_of(name, 900, 25)
    for function, units in ((valley, {"x": FINE, "f": COARSE}), (sphere, {"x": COARSE, "f": FINE})):
        here = points(name, function, None, budget)
        assert np.array_equal(points(name, function, None, budget, **units), here), units


@pytest.mark.parametrize("name", CONSTRAINED)
def test_program_asks_the_same_points_where_inequalities_have_other_units(name: str):
    here = points(name, sphere, inequalities, 400)
    for units in ({"x": FINE, "f": COARSE, "g": FINE}, {"x": COARSE, "f": FINE, "g": COARSE}):
        assert np.array_equal(points(name, sphere, inequalities, 400, **units), here), units


@pytest.mark.parametrize("name", [name for name in MODELS if name != "cobyla"])  # it goes by the largest violation
def test_program_asks_the_same_points_where_each_constraint_has_a_unit_of_its_own(name: str):
    here = points(name, sphere, both, 400)
    for g, h in itertools.product((FINE, COARSE), repeat=2):
        assert np.array_equal(points(name, sphere, both, 400, g=g, h=h), here), (g, h)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_program_finds_as_good_a_point_in_any_units(name: str, unit: float):
    """Judged in the units of one: what is feasible would follow the units of h, whose tolerance is absolute.

    Roundings lead to other points, and where a search ends varies with them by less than 1e-4.
    """
    for units in ({"x": unit}, {"f": unit}, {"g": unit}, {"h": unit}):
        asked = points(name, sphere, both, 1200 if name == "al_cma_es" else 500, **units)
        violation, value = min(score(u, sphere, both) for u in asked)
        assert violation == 0.0, units
        assert value == pytest.approx(0.02, abs=1e-4), units


@pytest.mark.parametrize("name", CONSTRAINED)
def test_program_measures_a_nanometre_part_in_metres(name: str):
    """Least x0 + 2 x1 with x0 + x1 >= 1e-8 in a box of 1e-8 metres: no farther off than in tens of nanometres."""

    def gap(metre: float) -> float:
        asked = []

        def objective(x: np.ndarray) -> float:
            asked.append(x / metre)
            return float(x[0] + 2 * x[1])

        def limits(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return np.array([metre - x[0] - x[1]]), np.array([])

        box = np.full(2, metre)
        minimize_of(program_text(name, {}))(objective, np.zeros(2), box, 400, 1, constraints=limits)
        return min((u[0] + 2 * u[1] - 1 for u in asked if u.sum() >= 1), default=math.inf)

    assert gap(1e-8) <= 1.5 * gap(1.0) + 1e-6
