"""Every basic function and every constraint form, against the promises of its entry."""

import numpy as np
import pytest

from llamoco_data.problems.constraint_forms import FORMS, ConstraintForm
from llamoco_data.problems.evaluation import build
from llamoco_data.problems.functions import FUNCTIONS, BasicFunction
from llamoco_data.problems.spec import Component, Constraint, ProblemSpec

pytestmark = pytest.mark.conformance

FUNCTION_CASES = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.name)
FORM_CASES = pytest.mark.parametrize("form", FORMS, ids=lambda f: f.name)


def numpy_text(function: BasicFunction):
    body = "\n".join(f"    {line}" for line in function.numpy.splitlines())
    namespace: dict = {"np": np}
    exec(f"def f(z):\n{body}", namespace)
    return namespace["f"]


def close(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-9 * max(1.0, abs(a), abs(b))


def test_catalogue_size_meets_the_design():
    assert len(FUNCTIONS) >= 30
    assert len(FORMS) >= 10
    assert len({f.name for f in FUNCTIONS}) == len(FUNCTIONS)


@FUNCTION_CASES
@pytest.mark.parametrize("dimension", [2, 3, 10, 50])
def test_function_numpy_text_equals_kernel(function: BasicFunction, dimension: int):
    rng = np.random.default_rng(dimension)
    text, kernel = numpy_text(function), function.kernel
    for size in (0.0, 1e-3, 0.3, 1.0, 2.0):
        z = rng.uniform(-1, 1, dimension) * function.half_width * size
        assert close(text(z), kernel(z)), z


@FUNCTION_CASES
@pytest.mark.parametrize("dimension", [2, 5, 20])
def test_function_minimum_is_zero_at_the_origin(function: BasicFunction, dimension: int):
    kernel = function.kernel
    at_origin = kernel(np.zeros(dimension))
    assert abs(at_origin) <= 1e-11 * dimension
    rng = np.random.default_rng(dimension)
    for exponent in np.linspace(-6, 0.5, 200):
        z = rng.normal(size=dimension) * function.half_width * 10**exponent
        assert kernel(z) >= at_origin, z


def spec_of(function: str, constraints: tuple[Constraint, ...] = ()) -> ProblemSpec:
    return ProblemSpec(
        kind="single",
        dimension=3,
        box=(-5.0, 5.0),
        shifts=((0.0, 0.0, 0.0),),
        components=(Component(function=function, weight=1.0, scale=1.0, shift=0),),
        constraints=constraints,
        feasible_point=(0.0, 0.0, 0.0) if constraints else (),
        max_evaluations=100,
    )


@FUNCTION_CASES
def test_function_number_reaches_its_compiled_kernel(function: BasicFunction):
    z = np.random.default_rng(3).uniform(-1, 1, 3) * function.half_width
    assert build(spec_of(function.name)).objective(z) == pytest.approx(function.kernel(z), rel=1e-12)


@FUNCTION_CASES
def test_function_declared_separable_has_no_interactions(function: BasicFunction):
    """F is separable exactly where f(a + b) - f(a) - f(b) + f(0) vanishes for moves a, b of different variables."""
    rng = np.random.default_rng(5)
    kernel = function.kernel
    worst = 0.0
    for _ in range(60):
        base = rng.uniform(-1, 1, 4) * function.half_width
        a, b = np.zeros(4), np.zeros(4)
        i, j = rng.choice(4, 2, replace=False)
        a[i], b[j] = rng.uniform(-1, 1, 2) * function.half_width
        values = [kernel(base), kernel(base + a), kernel(base + b), kernel(base + a + b)]
        worst = max(worst, abs(values[0] - values[1] - values[2] + values[3]) / max(1e-300, *map(abs, values)))
    assert (worst < 1e-9) == function.separable


@FORM_CASES
@pytest.mark.parametrize("size", [2, 3, 10])
def test_form_numpy_expression_equals_kernel(form: ConstraintForm, size: int):
    rng = np.random.default_rng(size)
    for _ in range(20):
        y, a = rng.uniform(-5, 5, size), rng.integers(1, 6, size).astype(float)
        c, w = (float(v) for v in np.round(rng.uniform(0.1, 1, 2), 2))
        text = eval(form.numpy.format(c=c, w=w), {"np": np, "y": y, "a": a})
        assert close(text, form.kernel(y, a, c, w))


@FORM_CASES
def test_form_number_reaches_its_compiled_kernel(form: ConstraintForm):
    y = np.array([0.3, -1.2, 2.0])
    a = (1.0, 2.0, 3.0) if form.uses_coefficients else ()
    for sense in form.senses:
        constraint = Constraint(form=form.name, sense=sense, bound=0.7, coefficients=a, center=0.25, width=0.5)
        g, h = build(spec_of("sphere", (constraint,))).constraints(y)
        phi = form.kernel(y, np.array(a or (0.0, 0.0, 0.0)), 0.25, 0.5)
        expected = 0.7 - phi if sense == ">=" else phi - 0.7
        assert (len(g), len(h)) == ((0, 1) if sense == "=" else (1, 0))
        assert [*g, *h] == pytest.approx([expected], rel=1e-12)


@FORM_CASES
def test_form_uses_exactly_the_parameters_it_declares(form: ConstraintForm):
    y, a = np.array([0.3, -1.2, 2.0]), np.array([1.0, 2.0, 3.0])
    kernel = form.kernel
    before = kernel(y, a, 0.25, 0.5)
    assert (kernel(y, a + 1, 0.25, 0.5) != before) == form.uses_coefficients
    assert (kernel(y, a, 0.75, 0.5) != before) == form.uses_center
    assert (kernel(y, a, 0.25, 0.7) != before) == form.uses_width
