"""The catalogue of constraint forms: a left-hand side phi(y), compared with a bound.

y holds the m variables that a constraint is about, `a` its coefficients, `c` and `w` its parameters; a form uses the
ones that its entry names.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import cos, exp, log, pi, sin
from types import MappingProxyType
from typing import Literal

from llamoco_data.problems.functions.definition import Vector

Sense = Literal["<=", ">=", "="]


@dataclass(frozen=True, slots=True)
class ConstraintForm:
    """A left-hand side phi(y), m >= 2; the three spellings of its formula agree to 1e-9 relative."""

    name: str
    title: str
    kernel: Callable[[Vector, Vector, float, float], float]
    """Scalar kernel (y[m], a[m], c, w) -> phi; `dispatch` compiles it."""
    numpy: str
    """NumPy expression in `y`, and in `a`, `{c}`, `{w}` where the form uses them; braces stand for the numbers."""
    latex: str
    """LaTeX in y_1 ... y_m, and in a_i, `<c>`, `<w>` where the form uses them; angle brackets stand for the numbers."""
    senses: tuple[Sense, ...]
    """Comparisons in which the form is used."""
    source: str
    uses_coefficients: bool = False
    positive_coefficients: bool = False
    uses_center: bool = False
    uses_width: bool = False
    linear: bool = False


def linear(y: Vector, a: Vector, c: float, w: float) -> float:
    total = 0.0
    for i in range(len(y)):
        total += a[i] * y[i]
    return total


def ball(y: Vector, a: Vector, c: float, w: float) -> float:
    total = 0.0
    for i in range(len(y)):
        total += (y[i] - c) ** 2
    return total


def weighted_squares(y: Vector, a: Vector, c: float, w: float) -> float:
    total = 0.0
    for i in range(len(y)):
        total += a[i] * y[i] ** 2
    return total


def absolute(y: Vector, a: Vector, c: float, w: float) -> float:
    total = 0.0
    for i in range(len(y)):
        total += abs(y[i] - c)
    return total


def max_norm(y: Vector, a: Vector, c: float, w: float) -> float:
    largest = 0.0
    for i in range(len(y)):
        largest = max(largest, abs(y[i] - c))
    return largest


def sinusoid(y: Vector, a: Vector, c: float, w: float) -> float:
    total = 0.0
    for i in range(len(y)):
        total += a[i] * sin(w * y[i])
    return total


def bilinear(y: Vector, a: Vector, c: float, w: float) -> float:
    total = 0.0
    for i in range(len(y) - 1):
        total += y[i] * y[i + 1]
    return total


def log_sum_exp(y: Vector, a: Vector, c: float, w: float) -> float:
    total = 0.0
    for i in range(len(y)):
        total += exp(w * y[i])
    return log(total)


def rippled_ball(y: Vector, a: Vector, c: float, w: float) -> float:
    total = 0.0
    for i in range(len(y)):
        t = w * (y[i] - c)
        total += t**2 - 2 * cos(2 * pi * t)
    return total


def differences(y: Vector, a: Vector, c: float, w: float) -> float:
    total = 0.0
    for i in range(len(y) - 1):
        total += (y[i + 1] - y[i]) ** 2
    return total


def parabola(y: Vector, a: Vector, c: float, w: float) -> float:
    total = 0.0
    for i in range(1, len(y)):
        total += y[i] ** 2
    return y[0] - w * total


def cubic(y: Vector, a: Vector, c: float, w: float) -> float:
    total = 0.0
    for i in range(len(y)):
        total += a[i] * (w * y[i]) ** 3
    return total


def fractional(y: Vector, a: Vector, c: float, w: float) -> float:
    top = 0.0
    squares = 0.0
    for i in range(len(y)):
        top += a[i] * y[i]
        squares += y[i] ** 2
    return top / (1 + w * squares)


FORMS: tuple[ConstraintForm, ...] = (
    ConstraintForm(
        name="linear",
        title="Linear",
        kernel=linear,
        numpy="np.sum(a * y)",
        latex=r"\sum_{i=1}^{m} a_i y_i",
        senses=("<=", ">=", "="),
        uses_coefficients=True,
        linear=True,
        source="COCO bbob-constrained (Dufosse et al. 2022)",
    ),
    ConstraintForm(
        name="ball",
        title="Ball, its outside, or sphere",
        kernel=ball,
        numpy="np.sum((y - {c}) ** 2)",
        latex=r"\sum_{i=1}^{m} \left( y_i - <c> \right)^2",
        senses=("<=", ">=", "="),
        uses_center=True,
        source="Michalewicz and Schoenauer 1996, problem G2's kin; CEC 2006 g03, g11",
    ),
    ConstraintForm(
        name="weighted_squares",
        title="Ellipsoid",
        kernel=weighted_squares,
        numpy="np.sum(a * y**2)",
        latex=r"\sum_{i=1}^{m} a_i y_i^2",
        senses=("<=", ">=", "="),
        uses_coefficients=True,
        positive_coefficients=True,
        source="CEC 2006 g10's kin (Liang et al. 2006)",
    ),
    ConstraintForm(
        name="absolute",
        title="Sum of absolute values",
        kernel=absolute,
        numpy="np.sum(np.abs(y - {c}))",
        latex=r"\sum_{i=1}^{m} \left| y_i - <c> \right|",
        senses=("<=", ">="),
        uses_center=True,
        source="l1 ball, as in sparse regression (Tibshirani 1996)",
    ),
    ConstraintForm(
        name="max_norm",
        title="Largest deviation",
        kernel=max_norm,
        numpy="np.max(np.abs(y - {c}))",
        latex=r"\max_{i=1}^{m} \left| y_i - <c> \right|",
        senses=("<=", ">="),
        uses_center=True,
        source="Chebyshev ball (Boyd and Vandenberghe 2004, section 6.1)",
    ),
    ConstraintForm(
        name="sinusoid",
        title="Sum of sines",
        kernel=sinusoid,
        numpy="np.sum(a * np.sin({w} * y))",
        latex=r"\sum_{i=1}^{m} a_i \sin(<w> y_i)",
        senses=("<=", ">="),
        uses_coefficients=True,
        uses_width=True,
        source="CEC 2017 constrained suite, C12 and C14 kin (Wu et al. 2017)",
    ),
    ConstraintForm(
        name="bilinear",
        title="Products of neighbours",
        kernel=bilinear,
        numpy="np.sum(y[:-1] * y[1:])",
        latex=r"\sum_{i=1}^{m-1} y_i y_{i+1}",
        senses=("<=", ">=", "="),
        source="pooling problems (Haverly 1978)",
    ),
    ConstraintForm(
        name="log_sum_exp",
        title="Smooth maximum",
        kernel=log_sum_exp,
        numpy="np.log(np.sum(np.exp({w} * y)))",
        latex=r"\ln \left( \sum_{i=1}^{m} \exp(<w> y_i) \right)",
        senses=("<=",),
        uses_width=True,
        source="geometric programming (Boyd and Vandenberghe 2004, section 4.5)",
    ),
    ConstraintForm(
        name="rippled_ball",
        title="Rippled ball with disconnected pieces",
        kernel=rippled_ball,
        numpy="np.sum(({w} * (y - {c})) ** 2 - 2 * np.cos(2 * np.pi * {w} * (y - {c})))",
        latex=(
            r"\sum_{i=1}^{m} \left( \left( <w> (y_i - <c>) \right)^2 - 2 \cos \left( 2 \pi \cdot <w> (y_i - <c>)"
            r" \right) \right)"
        ),
        senses=("<=", ">="),
        uses_center=True,
        uses_width=True,
        source="CEC 2017 constrained suite, C7 and C10 kin (Wu et al. 2017)",
    ),
    ConstraintForm(
        name="differences",
        title="Squared differences of neighbours",
        kernel=differences,
        numpy="np.sum(np.diff(y) ** 2)",
        latex=r"\sum_{i=1}^{m-1} \left( y_{i+1} - y_i \right)^2",
        senses=("<=", ">="),
        source="CEC 2010 constrained suite, C4 kin (Mallipeddi and Suganthan 2010)",
    ),
    ConstraintForm(
        name="parabola",
        title="Parabola",
        kernel=parabola,
        numpy="y[0] - {w} * np.sum(y[1:] ** 2)",
        latex=r"y_1 - <w> \sum_{i=2}^{m} y_i^2",
        senses=("<=", ">=", "="),
        uses_width=True,
        source="CEC 2006 g08, g11 and g24 kin (Liang et al. 2006)",
    ),
    ConstraintForm(
        name="cubic",
        title="Sum of cubes",
        kernel=cubic,
        numpy="np.sum(a * ({w} * y) ** 3)",
        latex=r"\sum_{i=1}^{m} a_i (<w> y_i)^3",
        senses=("<=", ">=", "="),
        uses_coefficients=True,
        uses_width=True,
        source="CEC 2006 g05 and g13 kin (Liang et al. 2006)",
    ),
    ConstraintForm(
        name="fractional",
        title="Ratio",
        kernel=fractional,
        numpy="np.sum(a * y) / (1 + {w} * np.sum(y**2))",
        latex=r"\frac{\sum_{i=1}^{m} a_i y_i}{1 + <w> \sum_{i=1}^{m} y_i^2}",
        senses=("<=", ">="),
        uses_coefficients=True,
        uses_width=True,
        source="fractional programming (Schaible 1976)",
    ),
)
FORM_BY_NAME: Mapping[str, ConstraintForm] = MappingProxyType({form.name: form for form in FORMS})
FORM_CODE: Mapping[str, int] = MappingProxyType({form.name: code for code, form in enumerate(FORMS)})
"""Position in the catalogue: the number by which the compiled evaluator knows a form."""
