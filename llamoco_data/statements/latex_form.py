"""Writes a problem as LaTeX with a few joining words; docs/statements.md has the grammar, which it never leaves."""

from collections.abc import Sequence

import numpy as np

from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.statements.choices import chance, pick
from llamoco_data.statements.latex_constraints import LatexConstraints
from llamoco_data.statements.latex_objective import LatexObjective
from llamoco_data.statements.latex_style import LatexStyle, draw_latex_style

MAX_LINE = 110
"""Longest display, in characters, that includes the objective's formula."""
OPENINGS = ("where", "with", "Here", "In this problem,")
FUNCTION_OPENINGS = (
    "where ${0}$ is the length of a function's argument and",
    "Here ${0}$ stands for the length of the argument, and",
    "with, for an argument of ${0}$ entries,",
    "Basic functions (${0}$: number of entries of the argument):",
)
ARGUMENT_OPENINGS = ("and", "with", "The arguments are", "Arguments:")
DATA_OPENINGS = ("The data are", "Data:", "Parameters:", "The numbers are")


def latex_block(spec: ProblemSpec, rng: np.random.Generator) -> str:
    """The problem in displays, without the request: the objective, the constraints and the box, definitions, data."""
    style = draw_latex_style(rng, spec)
    objective, constraints = LatexObjective(spec, style), LatexConstraints(spec, style)
    definition = objective.definition()
    at_once = len(definition) <= MAX_LINE and chance(rng, 0.6)
    head = definition if at_once else r"f(\mathbf{x})"
    paragraphs = [_problem(head, [*constraints.conditions, constraints.box()], spec.dimension, style)]
    functions = [*([] if at_once else [definition]), *objective.functions()]
    arguments = [*objective.arguments(), *constraints.definitions()]
    if objective.inlined:
        paragraphs.append(f"{pick(rng, OPENINGS)}\n{_displays([*functions, *arguments], style)}")
    else:
        opening = pick(rng, FUNCTION_OPENINGS).format(style.dimension)
        paragraphs.append(f"{opening}\n{_displays(functions, style)}")
        paragraphs.append(f"{pick(rng, ARGUMENT_OPENINGS)}\n{_displays(arguments, style)}")
    paragraphs.append(_data([*objective.data(), *constraints.data()], style, rng))
    return "\n".join(paragraphs)


def _problem(head: str, conditions: Sequence[str], dimension: int, style: LatexStyle) -> str:
    first = rf"\min_{{\mathbf{{x}} \in \mathbb{{R}}^{{{dimension}}}}}"
    if style.layout == "align" or len(conditions) > 2 or len(head) + sum(map(len, conditions)) > MAX_LINE:
        rows = [rf"{first} \quad & {head}", rf"{style.subject_to} \quad & {conditions[0]}"]
        return _aligned([*rows, *(f"& {condition}" for condition in conditions[1:])])
    listed = r", \quad ".join(conditions)
    return _display(rf"{first} \; {head} \quad {style.subject_to} \quad {listed}", style)


def _displays(lines: Sequence[str], style: LatexStyle) -> str:
    if style.layout == "align":
        return _aligned([line.replace(" = ", " &= ", 1) for line in lines])
    return "\n".join(_display(line, style) for line in lines)


def _data(lines: Sequence[str], style: LatexStyle, rng: np.random.Generator) -> str:
    if style.inline_data:
        listed = ", ".join(f"${line}$" for line in lines[:-1])
        return f"{pick(rng, DATA_OPENINGS)} {listed}{' and ' if listed else ''}${lines[-1]}$."
    return f"{pick(rng, DATA_OPENINGS)}\n{_displays(lines, style)}"


def _display(line: str, style: LatexStyle) -> str:
    return f"$$\n{line}\n$$" if style.layout == "dollars" else f"\\[\n{line}\n\\]"


def _aligned(rows: Sequence[str]) -> str:
    body = " \\\\\n".join(rows)
    return f"\\begin{{align*}}\n{body}\n\\end{{align*}}"
