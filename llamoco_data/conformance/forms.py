"""The rules of a constraint form: one formula in three spellings, with the numbers that its entry names alone."""

import ast
import re
from collections.abc import Iterator

import numpy as np

from llamoco_data.conformance.functions import require_kernel
from llamoco_data.conformance.rules import Checked, Rules, checked, require
from llamoco_data.conformance.statements import close, require_statements, sampled
from llamoco_data.identity import stream
from llamoco_data.latex_reader import LatexError, Scope, bold, read_formula
from llamoco_data.plugins import CONSTRAINT, brought
from llamoco_data.problems.compiling import compiled
from llamoco_data.problems.constraint_forms import FORM_BY_NAME, ConstraintForm
from llamoco_data.problems.evaluation import build
from llamoco_data.problems.functions.definition import Vector
from llamoco_data.problems.sampling import draw_constraint
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.texts import execute

DIMENSIONS = (2, 3, 10)
CENTER, WIDTH = 0.75, 1.3
"""Parameters of the form at the points where spellings are compared."""


def check_form(form: ConstraintForm) -> Iterator[Checked]:
    """The checks of a constraint form, of a plug-in or of this package, one after the other."""
    return checked(_RULES, form)


def _can_be_shown(form: ConstraintForm) -> None:
    require_kernel(form.kernel, "y, a, c, w")
    text = form.numpy.format(c="c", w="w")
    names = {node.id for node in ast.walk(ast.parse(text, mode="eval")) if isinstance(node, ast.Name)}
    strange = sorted(names - {"np", "y", "a", "c", "w", "abs"})
    require(not strange, f"its `numpy` uses {', '.join(strange)}, and has only np, y, a, {{c}} and {{w}}")
    require(len(form.title) <= 60 and "\n" not in form.title, "its title is no short line")


def _names_its_numbers(form: ConstraintForm) -> None:
    spellings = (("numpy", form.numpy, r"\ba\b", "{c}", "{w}"), ("latex", form.latex, r"\ba_", "<c>", "<w>"))
    for spelling, text, coefficients, center, width in spellings:
        used = {
            "uses_coefficients": bool(re.search(coefficients, text)),
            "uses_center": center in text,
            "uses_width": width in text,
        }
        for field, is_used in used.items():
            said = {
                "uses_coefficients": form.uses_coefficients,
                "uses_center": form.uses_center,
                "uses_width": form.uses_width,
            }[field]
            require(said == is_used, f"`{field}` is {str(said).lower()}, which is not so of its `{spelling}`")
    require(form.uses_coefficients or not form.positive_coefficients, "it has `positive_coefficients`, but uses none")


def _text_is_kernel(form: ConstraintForm) -> None:
    source = f"import numpy as np\n\n\ndef f(y, a, c, w):\n    return {form.numpy.format(c='c', w='w')}\n"
    executed = execute(source, "statement")
    text = executed.names["f"]
    assert callable(text)
    try:
        for y, a in _points():
            value, expected = text(y, a, CENTER, WIDTH), form.kernel(y, a, CENTER, WIDTH)
            require(isinstance(value, float), f"its `numpy` returns a {type(value).__name__}, not a number")
            assert isinstance(value, float)
            require(close(value, expected), f"at y = {y} `numpy` gives {value:.12g}, the kernel {expected:.12g}")
    finally:
        executed.forget()


def _latex_is_kernel(form: ConstraintForm) -> None:
    try:
        formula = read_formula(form.latex.replace("<c>", str(CENTER)).replace("<w>", str(WIDTH)))
        for y, a in _points():
            coefficients = {bold("a"): a.reshape(-1, 1)} if form.uses_coefficients else {}
            value = formula(Scope({bold("y"): y.reshape(-1, 1), "m": len(y), **coefficients}))
            expected = form.kernel(y, a, CENTER, WIDTH)
            require(close(value, expected), f"at y = {y} `latex` gives {value:.12g}, the kernel {expected:.12g}")
    except LatexError as error:
        require(False, f"its `latex` cannot be read: {error}")


def _compiles(form: ConstraintForm) -> None:
    kernel = compiled(form.kernel)
    for y, a in _points():
        value, expected = kernel(y.copy(), a, CENTER, WIDTH), form.kernel(y, a, CENTER, WIDTH)
        require(close(value, expected), f"at y = {y} it gives {value:.12g} compiled, and {expected:.12g} as Python")


def _is_as_linear_as_it_says(form: ConstraintForm) -> None:
    rng = np.random.default_rng(0)
    gaps: list[float] = []
    for _ in range(5):
        one, other, a = rng.normal(size=(3, 4))
        origin, both = form.kernel(np.zeros(4), a, CENTER, WIDTH), form.kernel(one + other, a, CENTER, WIDTH)
        parts = form.kernel(one, a, CENTER, WIDTH) + form.kernel(other, a, CENTER, WIDTH) - origin
        gaps.append(abs(both - parts))
    require((max(gaps) < 1e-9) == form.linear, f"`linear` is {str(form.linear).lower()}, which is not so")


def _depends_on_every_variable(form: ConstraintForm) -> None:
    for position in range(4):
        values: set[float] = set()
        rng = np.random.default_rng(position)
        y, a = rng.normal(size=4), rng.normal(size=4)
        for _ in range(20):
            y[position] = 3 * rng.normal()
            values.add(form.kernel(y, a, CENTER, WIDTH))
        require(len(values) > 1, f"of four variables it does not depend on variable {position + 1}")


def _is_stated(form: ConstraintForm) -> None:
    for spec in with_form(form):
        problem = build(spec)
        over = problem.violation(np.array(spec.feasible_point))
        require(over == 0, f"drawn around a point, it does not hold there, but misses by {over:.3g}")
        require_statements(spec)


def with_form(form: ConstraintForm) -> Iterator[ProblemSpec]:
    """Drawn problems with the form as their only constraint, in each of its senses."""
    senses = [equality for equality in (False, True) if ("=" in form.senses if equality else {*form.senses} - {"="})]
    pinned = () if form.name in FORM_BY_NAME else (brought(CONSTRAINT, form.name).pinned,)
    for spec in sampled():
        for equality in senses:
            point = spec.shifts[0]
            rng = stream("form", form.name, spec.problem_id, int(equality))
            bare = spec.model_copy(update={"constraints": (), "feasible_point": (), "feasible_share": 1.0})
            constraint = draw_constraint(rng, bare, form, point, equality)
            changes = {"constraints": (constraint,), "feasible_point": point, "plugins": pinned}
            yield ProblemSpec.model_validate(bare.model_copy(update=changes).model_dump())


def _points() -> Iterator[tuple[Vector, Vector]]:
    for dimension in DIMENSIONS:
        rng = np.random.default_rng(dimension)
        for _ in range(5):
            yield rng.uniform(-5, 5, dimension), rng.normal(size=dimension)


_RULES: Rules[ConstraintForm] = {
    "its kernel and its NumPy expression can be shown in statements": _can_be_shown,
    "it uses the numbers that its entry names, and no others": _names_its_numbers,
    "its NumPy expression gives what its kernel gives": _text_is_kernel,
    "its LaTeX, read back, gives what its kernel gives": _latex_is_kernel,
    "its kernel compiles, and gives the same": _compiles,
    "it is linear if its entry says so, and only then": _is_as_linear_as_it_says,
    "it depends on every variable": _depends_on_every_variable,
    "drawn around a point it holds there, and statements say what the evaluator measures": _is_stated,
}
