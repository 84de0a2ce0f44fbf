"""LaTeX says what is evaluated: formulas and statements, read back by an independent reader, agree with the kernels."""

import math
from typing import Any

import numpy as np
import pytest

from llamoco_data.problems.constraint_forms import FORMS, ConstraintForm
from llamoco_data.problems.functions import FUNCTIONS, BasicFunction
from tests.latex_formulas import Definition, LatexError, Scope, read_definition, read_formula

pytestmark = pytest.mark.property

DIMENSIONS = (2, 3, 10)
NUM_POINTS = 5


def close(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-9 * max(1.0, abs(a), abs(b))


def evaluate(kernel: Any, *arguments: Any) -> float:
    """The kernel's own Python text, without its compiler."""
    return kernel.py_func(*arguments)


def definitions_of(texts: tuple[str, ...]) -> dict[str, Definition]:
    return {definition.name: definition for definition in map(read_definition, texts)}


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_function_latex_read_back_agrees_with_kernel(function: BasicFunction, dimension: int) -> None:
    formula, definitions = read_formula(function.latex), definitions_of(function.where)
    random = np.random.default_rng(dimension)
    points = random.uniform(-1, 1, (NUM_POINTS, dimension)) * function.half_width * random.choice([0.1, 1, 1.5])
    for z in [np.zeros(dimension), *points]:
        read_back = formula.formula(Scope({"z": z, "d": dimension}, definitions))
        assert close(read_back, evaluate(function.kernel, z)), (z, read_back)
    known = {"z", "d", "e", r"\pi", *definitions}
    assert all(part.free <= known for part in [formula, *definitions.values()])
    assert set(definitions) <= set().union(*(part.free for part in [formula, *definitions.values()]))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_constraint_form_latex_read_back_agrees_with_kernel(form: ConstraintForm, dimension: int) -> None:
    center, width = 0.75, 1.3
    formula = read_formula(form.latex.replace("<c>", str(center)).replace("<w>", str(width)))
    assert form.uses_center == ("<c>" in form.latex)
    assert form.uses_width == ("<w>" in form.latex)
    assert form.uses_coefficients == ("a" in formula.free)
    random = np.random.default_rng(dimension)
    a = random.normal(size=dimension)
    for y in [np.zeros(dimension), *random.uniform(-5, 5, (NUM_POINTS, dimension))]:
        read_back = formula.formula(Scope({"y": y, "a": a, "m": dimension}))
        assert close(read_back, evaluate(form.kernel, y, a, center, width)), (y, read_back)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2^{3^2}", 512),
        ("-2^2", -4),
        (r"\sum_{i=1}^{3} i x_i + 1", 15),
        (r"\sum_{i=1}^{3} \sum_{j=1}^{i} x_j", 10),
        (r"\sum_{i=1}^{2} x_i x_{i+1}", 8),
        (r"\sum_{i=1}^{3} x_{(i \bmod 3) + 1}^2", 14),
        (r"\max_{i=1}^{3} \left| x_i - 3 \right|", 2),
        (r"\max_{1 \le i \le 3} \left| x_i - 3 \right|", 2),
        (r"\min \left( x_1, -x_2 \right)", -2),
        (r"\frac{1}{2} \prod_{k=0}^{2} 2^k - 1", 3),
        (r"\lfloor -0.5 \rfloor \sin^2(\pi x_1)", 0),
        (r"\begin{cases} 10 & x_1 > 0, x_2 \text{ odd} \\ 20 & \text{otherwise} \end{cases}", 20),
        (r"1.5 \cdot 10^{-3}", 0.0015),
        (r"\ln \left( e \right)", 1),
    ],
)
def test_reader_follows_conventions(text: str, value: float) -> None:
    read_back = read_formula(text).formula(Scope({"x": np.array([1, 2, 3])}))
    assert math.isclose(read_back, value, abs_tol=1e-12)


@pytest.mark.parametrize(
    "text",
    [
        "",
        r"\fooz_i",
        r"\mathcal{X}",
        r"\frac{1}2",
        "2 3",
        "10^12",
        "(1 + 2",
        r"\left( 1 + 2 )",
        "1 + + 2",
        "1 - -2",
        r"2 \cdot",
        r"\sin x",
        r"\cos(2)^2",
        r"\sum x_i",
        r"\sum_{i=1} x_i",
        r"\sum_{i=1}^{3}",
        "x_1 = 2",
        r"\begin{cases} 1 & x_1 > 0 \\ 2 & \end{cases}",
        r"\begin{cases} 1 & x_1 \end{cases}",
        "1 § 2",
        "x_i",
        "x_4",
        "x_0",
        "u",
        r"x_{1.5}",
        r"(-1)^{0.5}",
    ],
)
def test_malformed_latex_is_refused(text: str) -> None:
    with pytest.raises(LatexError):
        read_formula(text).formula(Scope({"x": np.array([1.0, 2.0, 3.0])}))
