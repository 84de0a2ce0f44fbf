"""Writes a problem as Python that runs by itself and defines the public names, in a drawn or the canonical style."""

from itertools import pairwise

import numpy as np

from llamoco_data.problems.own_spec import AnySpec, OwnProblemSpec
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.statements.code_style import CodeStyle, draw_code_style
from llamoco_data.statements.function_bodies import loop_body, math_names
from llamoco_data.statements.numbers import python_number, python_vector
from llamoco_data.statements.python_constraints import PythonConstraints
from llamoco_data.statements.python_lines import broken
from llamoco_data.statements.python_objective import PythonObjective

MAX_EXPLICIT = 6
"""Most variables whose bounds are listed one by one."""
MAX_EXPLICIT_LENGTH = 60
"""Longest list of bounds, in characters."""
ORDERS = {
    "bounds first": ("units", "bounds", "data", "rotation", "helpers", "prepared", "objective", "constraints"),
    "bounds last": ("units", "data", "rotation", "helpers", "prepared", "objective", "constraints", "bounds"),
    "helpers first": ("rotation", "helpers", "units", "data", "prepared", "objective", "constraints", "bounds"),
    "objective first": ("objective", "constraints", "rotation", "helpers", "units", "data", "prepared", "bounds"),
}
REMARKS = {
    "bounds": "# search box and budget",
    "rotation": "# Householder reflection",
    "helpers": "# basic functions",
    "constraints": "# inequalities g <= 0, equalities h = 0",
}


def python_source(spec: AnySpec) -> str:
    """The problem as a Python file of a user's own problem would be, in the canonical style, ending with a line break.

    It imports numpy and defines `objective(x)`, `lower`, `upper`, `max_evaluations` and, where there are constraints,
    `constraints(x) -> (g, h)`. A user's own problem is the text that the user wrote, to the byte.
    """
    return spec.source if isinstance(spec, OwnProblemSpec) else _program(spec, CodeStyle())


def python_block(spec: AnySpec, rng: np.random.Generator) -> str:
    """The problem in one fenced block, without the request."""
    own = isinstance(spec, OwnProblemSpec)
    return f"```python\n{spec.source if own else _program(spec, draw_code_style(rng, spec))}```"


def _program(spec: ProblemSpec, style: CodeStyle) -> str:
    parts = _parts(spec, style)
    blocks = [_imports(spec, style)]
    for name in ORDERS[style.order]:
        remark = [REMARKS[name]] if style.remarks == "comments" and name in REMARKS else []
        for lines in parts[name]:
            blocks.append([*remark, *lines])
            remark = []
    text = "\n".join(blocks[0])
    for before, block in pairwise(blocks):
        text += ("\n\n\n" if _is_definition(before) or _is_definition(block) else "\n\n") + "\n".join(block)
    return text + "\n"


def _is_definition(block: list[str]) -> bool:
    return any(line.startswith("def ") for line in block)


def _parts(spec: ProblemSpec, style: CodeStyle) -> dict[str, list[list[str]]]:
    """Blocks of each part of a program, by the names that `ORDERS` puts into order."""
    objective, constraints = PythonObjective(spec, style), PythonConstraints(spec, style)
    matrices, terms = objective.transforms.matrices(), objective.terms()
    inside = style.inside and not matrices and not terms
    shared, own = objective.data(), constraints.data() if spec.constraints else []
    body = _function("objective", "float", [*(shared if inside else []), *objective.body()], _description(spec), style)
    parts = {
        "units": [[_units(spec, style)]] if spec.units else [],
        "bounds": [_bounds(spec, style)],
        "data": [] if inside else [[*shared, *own]],
        "rotation": [objective.transforms.helper()],
        "helpers": _helpers(objective),
        "prepared": [matrices, terms],
        "objective": [body],
        "constraints": [],
    }
    if spec.constraints:
        body = [*(own if inside else []), *constraints.body()]
        parts["constraints"] = [_function("constraints", "tuple[np.ndarray, np.ndarray]", body, "", style)]
    return {name: [block for block in blocks if block] for name, blocks in parts.items()}


def _imports(spec: ProblemSpec, style: CodeStyle) -> list[str]:
    needed = {name for function in spec.functions for name in math_names(loop_body(function))} if style.loops else set()
    first = [f"from math import {', '.join(sorted(needed))}", ""] if needed else []
    return [*first, "import numpy as np"]


def _helpers(objective: PythonObjective) -> list[list[str]]:
    """The basic functions; lambdas, which are assignments, share one block."""
    helpers = objective.helpers()
    lambdas = all(len(helper) == 1 for helper in helpers)
    return [[line for helper in helpers for line in helper]] if lambdas else helpers


def _function(name: str, result: str, body: list[str], description: str, style: CodeStyle) -> list[str]:
    head = f"def {name}(x: np.ndarray) -> {result}:" if style.typed else f"def {name}(x):"
    lines = [line for statement in body for line in statement.splitlines()]
    documented = [f'    """{description}"""'] if description and style.remarks == "docstrings" else []
    converted = ["    x = np.asarray(x, float)"] if style.converted else []
    return [head, *documented, *converted, *(f"    {line}" for line in lines)]


def _description(spec: ProblemSpec) -> str:
    count = len(spec.components)
    if count == 1:
        return f"Objective of {spec.dimension} variables."
    partial = any(component.variables for component in spec.components)
    return f"Weighted sum of {count} functions{', each of some of the variables' if partial else ' of all variables'}."


def _units(spec: ProblemSpec, style: CodeStyle) -> str:
    return broken(f"{style.names['units']} = {python_vector(spec.units, style.numbers, floats=True)}", style)


def _bounds(spec: ProblemSpec, style: CodeStyle) -> list[str]:
    """Assignments of the dimension, where it has a name, the box and the budget."""
    explicit = style.bounds == "explicit" and spec.dimension <= MAX_EXPLICIT
    named = style.named_dimension and not spec.units and not explicit
    name = style.names["dimension"]
    budget = (
        f"{spec.max_evaluations:_}"
        if style.budget == "20_000" and spec.max_evaluations >= 10_000
        else str(spec.max_evaluations)
    )
    per_dimension, rest = divmod(spec.max_evaluations, spec.dimension)
    if named and style.budget == "per dimension" and rest == 0:
        budget = f"{per_dimension} * {name}"
    first = [f"{name} = {spec.dimension}"] if named else []
    lower, upper = _box(spec, style, name if named else str(spec.dimension))
    box = [f"lower = {lower}", f"upper = {upper}"]
    if style.bounds == "mirrored" and not spec.units and spec.box[0] == -spec.box[1]:
        box = [f"upper = {upper}", "lower = -upper"]
    return [*first, *box, f"max_evaluations = {budget}"]


def _box(spec: ProblemSpec, style: CodeStyle, size: str) -> tuple[str, str]:
    if style.bounds == "explicit" and spec.dimension <= MAX_EXPLICIT:
        unit = spec.units or (1.0,) * spec.dimension
        sides = ([_float_literal(bound * each, style) for each in unit] for bound in spec.box)
        lower, upper = (f"np.array([{style.numbers.separator.join(side)}])" for side in sides)
        if max(len(lower), len(upper)) <= MAX_EXPLICIT_LENGTH:
            return lower, upper
    lower, upper = (_side(bound, spec, style, size) for bound in spec.box)
    return lower, upper


def _side(bound: float, spec: ProblemSpec, style: CodeStyle, size: str) -> str:
    if bound == 0:
        return f"np.zeros({size})"
    if spec.units:
        return f"{python_number(bound, style.numbers)} * {style.names['units']}"
    if style.bounds == "ones":
        return f"{python_number(bound, style.numbers)} * np.ones({size})"
    literal = _float_literal(bound, style)
    return f"np.array([{literal}] * {size})" if style.bounds == "repeat" else f"np.full({size}, {literal})"


def _float_literal(value: float, style: CodeStyle) -> str:
    """A literal that is always a float, even where the style writes whole numbers without a point."""
    text = python_number(value, style.numbers)
    return text if set(text) & set(".e") else f"{text}.0"
