"""Statements in styles of their own define the same problem, and have every element that they claim."""

import ast
from collections import Counter
from itertools import combinations

import numpy as np
import pytest

from llamoco_data.export.proof import check_same
from llamoco_data.identity import LlamocoError
from llamoco_data.problems.checking import own_problem
from llamoco_data.problems.constraint_forms import FORMS, ConstraintForm
from llamoco_data.problems.evaluation import build
from llamoco_data.problems.functions import FUNCTIONS, BasicFunction
from llamoco_data.problems.spec import Constraint, ProblemSpec
from llamoco_data.statements import FIRST_STYLED, code_of, python_source, statement, styled_wording
from llamoco_data.statements.styles import ELEMENTS, Element, Style, draw_style, styled_source
from llamoco_data.statements.styles.vocabulary import LONG_NAMES, REMARKS, SHORT_NAMES
from tests.odd_problems import odd_problem
from tests.problem_mixtures import sampled

pytestmark = pytest.mark.property

ARITHMETIC: dict[str, frozenset[Element]] = {
    "vectors": frozenset(),
    "loops": frozenset({"loops"}),
    "loops and math": frozenset({"loops", "math"}),
    "comprehensions": frozenset({"math"}),
}


def style(elements: frozenset[Element]) -> Style:
    """A style of these elements, with the first names and remarks."""
    names = LONG_NAMES if "long names" in elements else SHORT_NAMES
    return Style(
        elements=elements,
        names={role: options[0] for role, options in names.items()},
        remarks={step: options[0] for step, options in REMARKS.items()} if "comments" in elements else {},
    )


def with_function(function: BasicFunction) -> ProblemSpec:
    """A rotated problem of one function."""
    base = sampled(0)
    component = base.components[0].model_copy(
        update={"function": function.name, "variables": (), "reflections": (0,), "shift": 0}
    )
    fields = {"kind": "single", "dimension": 3, "units": (), "shifts": ((0.5, -0.25, 0.1),), "constraints": ()}
    fields |= {"reflections": ((1, 2, 0),), "components": (component.model_dump(),), "feasible_point": ()}
    return ProblemSpec.model_validate(base.model_dump() | fields | {"feasible_share": 1.0})


def with_form(form: ConstraintForm) -> ProblemSpec:
    """A problem of three variables, constrained by one form in each sense that it is used with."""
    senses = sorted(form.senses, key="=".__eq__)
    coefficients = (0.5, 2.0, 1.0) if form.uses_coefficients else ()
    constraints = tuple(
        Constraint(form=form.name, sense=sense, bound=bound, coefficients=coefficients, center=0.25, width=0.5)
        for sense, bound in zip(senses, (1.5, -0.75, 0.0), strict=False)
    )
    spec = with_function(FUNCTIONS[0])
    return spec.model_copy(update={"constraints": constraints, "feasible_point": (0.1, 0.2, 0.3)})


@pytest.mark.parametrize("arithmetic", ARITHMETIC)
@pytest.mark.parametrize("named", [frozenset(), frozenset({"long names", "class", "hints"})], ids=["short", "long"])
def test_every_function_and_form_in_every_arithmetic_is_the_same(arithmetic: str, named: frozenset[Element]) -> None:
    written = style(ARITHMETIC[arithmetic] | named)
    for spec in (*map(with_function, FUNCTIONS), *map(with_form, FORMS)):
        check_same(styled_source(spec, written), python_source(spec), spec)


def test_problems_in_every_pair_of_elements_are_the_same() -> None:
    small = [spec for spec in map(sampled, range(100)) if spec.dimension <= 8]
    specs = (
        next(spec for spec in small if spec.units and spec.constraints),
        next(spec for spec in small if spec.kind == "hybrid" and spec.reflections),
    )
    for spec in specs:
        for pair in combinations(ELEMENTS, 2):
            check_same(styled_source(spec, style(frozenset(pair))), python_source(spec), spec)


def test_drawn_styles_of_all_kinds_of_problems_are_the_same() -> None:
    seen: Counter[Element] = Counter()
    for index, spec in enumerate((*map(sampled, range(20)), *map(odd_problem, range(20)))):
        drawn = draw_style(np.random.default_rng(index))
        seen.update(drawn.elements)
        assert len(drawn.elements) >= 3
        check_same(styled_source(spec, drawn), python_source(spec), spec)
    assert set(seen) == set(ELEMENTS)


def test_text_that_states_another_problem_is_no_proof() -> None:
    spec = next(
        spec for spec in map(sampled, range(100)) if spec.constraints and spec.components[0].weight not in (1, 2)
    )
    text, original = styled_source(spec, style(frozenset({"dictionary"}))), python_source(spec)
    check_same(text, original, spec)
    more, less = spec.max_evaluations + 1, spec.model_copy(update={"constraints": (), "feasible_point": ()})
    heavier = spec.components[0].model_copy(update={"weight": spec.components[0].weight * (1 + 1e-6)})
    changed = spec.model_copy(update={"components": (heavier, *spec.components[1:])})
    first = spec.constraints[0].model_copy(update={"bound": spec.constraints[0].bound + 1e-6})
    tighter = spec.model_copy(update={"constraints": (first, *spec.constraints[1:])})
    for other, what in (
        (spec.with_budget(more), "its budget"),
        (less, "its constraints"),
        (changed, "its values at"),
        (tighter, "its values at"),
    ):
        with pytest.raises(LlamocoError, match=what):
            check_same(styled_source(other, style(frozenset({"dictionary"}))), original, spec)


def test_elements_are_in_the_text() -> None:
    spec = next(
        spec for spec in map(sampled, range(100)) if spec.constraints and spec.reflections and spec.dimension > 3
    )
    whole, none = (ast.parse(styled_source(spec, style(frozenset(e)))) for e in (ELEMENTS, ()))
    kinds, others = ({type(node) for node in ast.walk(tree)} for tree in (whole, none))
    assert {ast.For, ast.ClassDef, ast.Dict, ast.AnnAssign} <= kinds
    assert not {ast.For, ast.ClassDef, ast.Dict, ast.AnnAssign} & others
    assert "# Every variable stays between" in styled_source(spec, style(frozenset(ELEMENTS)))
    assert "position_of_minimum" in styled_source(spec, style(frozenset({"long names"})))
    called = {node.attr for node in ast.walk(whole) if isinstance(node, ast.Attribute)}
    assert called <= {"array", "ndarray", "append", "parameters", *dir(__import__("math"))}


def test_wordings_from_a_million_on_are_in_styles_and_tell_the_problem_of_the_evaluator() -> None:
    texts: set[str] = set()
    for spec in map(sampled, range(5)):
        wording = styled_wording(spec.problem_id)
        prompt = statement(spec, "python", wording)
        assert wording >= FIRST_STYLED
        assert prompt == statement(spec, "python", wording) != statement(spec, "python", wording - FIRST_STYLED)
        own = own_problem(code_of(prompt))
        problem = build(spec)
        assert (own.lower, own.upper) == (tuple(problem.lower), tuple(problem.upper))
        assert (own.num_inequality, own.num_equality) == (spec.num_inequality, spec.num_equality)
        assert own.max_evaluations == spec.max_evaluations
        check_same(own.source, python_source(spec), spec)
        texts.add(prompt.partition("\n\n")[0])
    assert len(texts) > 2
