"""The catalogue's LaTeX says what its kernels compute: read back by an independent reader, the two agree."""

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from llamoco_data.latex_reader import Definition, LatexError, Scope, bold, read_definition, read_formula
from llamoco_data.problems.constraint_forms import FORMS, ConstraintForm
from llamoco_data.problems.functions import FUNCTIONS, BasicFunction

pytestmark = pytest.mark.property

VECTORS = {bold("x"): np.array([[1.0], [2.0], [3.0]]), bold("y_2"): np.array([[4.0], [5.0]])}
DIMENSIONS = (2, 3, 10)
NUM_POINTS = 5


def close(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-9 * max(1.0, abs(a), abs(b))


def evaluate(kernel: Any, *arguments: Any) -> float:
    """The kernel as plain Python."""
    return kernel(*arguments)


def definitions_of(texts: tuple[str, ...]) -> dict[str, Definition]:
    return {definition.name: definition for definition in map(read_definition, texts)}


def column(*entries: float) -> NDArray[np.float64]:
    return np.array(entries, dtype=float).reshape(-1, 1)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)
@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_function_latex_read_back_agrees_with_kernel(function: BasicFunction, dimension: int) -> None:
    formula, definitions = read_formula(function.latex), definitions_of(function.where)
    random = np.random.default_rng(dimension)
    points = random.uniform(-1, 1, (NUM_POINTS, dimension)) * function.half_width * random.choice([0.1, 1, 1.5])
    used: set[str] = set()
    for z in [np.zeros(dimension), *points]:
        scope = Scope({bold("z"): column(*z), "d": dimension}, definitions, used=used)
        assert close(formula(scope), evaluate(function.kernel, z)), z
    assert used == set(definitions)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
@pytest.mark.parametrize("dimension", DIMENSIONS)
def test_constraint_form_latex_read_back_agrees_with_kernel(form: ConstraintForm, dimension: int) -> None:
    center, width = 0.75, 1.3
    formula = read_formula(form.latex.replace("<c>", str(center)).replace("<w>", str(width)))
    assert form.uses_center == ("<c>" in form.latex)
    assert form.uses_width == ("<w>" in form.latex)
    random = np.random.default_rng(dimension)
    a = random.normal(size=dimension)
    coefficients = {bold("a"): column(*a)} if form.uses_coefficients else {}
    for y in [np.zeros(dimension), *random.uniform(-5, 5, (NUM_POINTS, dimension))]:
        scope = Scope({bold("y"): column(*y), "m": dimension, **coefficients})
        assert close(formula(scope), evaluate(form.kernel, y, a, center, width)), y


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
        (r"\min \left( x_1, -x_2 \right)", -2),
        (r"\frac{1}{2} \prod_{k=0}^{2} 2^k - 1", 3),
        (r"\lfloor -0.5 \rfloor \sin^2(\pi x_1)", 0),
        (r"\begin{cases} 10 & x_1 > 0, \lfloor x_2 \rfloor \text{ odd} \\ 20 & \text{otherwise} \end{cases}", 20),
        (r"1.5 \cdot 10^{-3}", 0.0015),
        (r"\ln \left( e \right)", 1),
        (r"\mathbf{x}^\top \mathbf{x}", 14),
        (r"\| \mathbf{x} \|^2 + y_{2,1}", 18),
        (r"2 (0, 0, 1) \mathbf{x} \mathbf{x}^\top (1, 0, 0)^\top", 6),
        (r"(1, 1, 1) \left( \mathbf{x} \oslash \mathbf{x} \right)", 3),
        (r"(1, 1, 1) \operatorname{diag}(\mathbf{x})^{-1} \mathbf{x}", 3),
    ],
)
def test_reader_follows_conventions(text: str, value: float) -> None:
    read_back = read_formula(text)(Scope(VECTORS))
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
        r"\mathbf{x} + 1",
        r"\mathbf{x} + \mathbf{y}_2",
        r"\mathbf{x} \mathbf{x}",
        r"\mathbf{x}^2",
        r"\sin(\mathbf{x})",
        r"2 \oslash 3",
        r"(1, 2)^\top + [1]^\top",
        r"y_1",
    ],
)
def test_malformed_latex_is_refused(text: str) -> None:
    with pytest.raises(LatexError):
        read_formula(text)(Scope(VECTORS))
