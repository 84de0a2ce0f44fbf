"""Writes a drawn problem as Python in a style: the public names are those of every Python statement."""

import textwrap
from itertools import pairwise

import numpy as np

from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.statements.styles.constants import Constants, listed, literal
from llamoco_data.statements.styles.constraints import StyledConstraints
from llamoco_data.statements.styles.objective import StyledObjective
from llamoco_data.statements.styles.remarks import remarked
from llamoco_data.statements.styles.style import Style, draw_style


def styled_block(spec: ProblemSpec, rng: np.random.Generator) -> str:
    """The problem in one fenced block, in a style that is drawn."""
    return f"```python\n{styled_source(spec, draw_style(rng))}```"


def styled_source(spec: ProblemSpec, style: Style) -> str:
    """The problem as a Python file of a user's own problem would be, ending with a line break."""
    blocks = [remarked(_bounds(spec, style), "bounds", style), *_objective(spec, style)]
    if spec.constraints:
        blocks += _constraints(spec, style)
    uses_math = any("math." in line for block in blocks for line in block)
    blocks = [[*(["import math", ""] if uses_math else []), "import numpy as np"], *blocks]
    text = "\n".join(blocks[0])
    for before, block in pairwise(blocks):
        apart = "\n\n\n" if _is_definition(before) or _is_definition(block) else "\n\n"
        text += apart + "\n".join(block)
    return text + "\n"


def _is_definition(block: list[str]) -> bool:
    return any(line.startswith(("def ", "class ")) for line in block)


def _bounds(spec: ProblemSpec, style: Style) -> list[str]:
    """Assignments of the box and the budget."""
    lines: list[str] = []
    vector, whole = (": np.ndarray", ": int") if style.has("hints") else ("", "")
    for name, bound in (("lower", spec.box[0]), ("upper", spec.box[1])):
        if spec.units:
            lines += listed(f"{name}{vector} = np.array(", [literal(bound * unit) for unit in spec.units], ")")
        elif style.arithmetic == "loops":
            lines.append(f"{name}{vector} = np.array([{literal(bound)} for _ in range({spec.dimension})])")
        else:
            lines.append(f"{name}{vector} = np.array([{literal(bound)}] * {spec.dimension})")
    return [*lines, f"max_evaluations{whole} = {spec.max_evaluations}"]


def _objective(spec: ProblemSpec, style: Style) -> list[list[str]]:
    written = StyledObjective(spec, style)
    definitions, body = written.definitions(), written.body()
    return _called("objective", "float", definitions, body, written.constants, style)


def _constraints(spec: ProblemSpec, style: Style) -> list[list[str]]:
    written = StyledConstraints(spec, style)
    definitions, body = written.definitions(), written.body()
    return _called("constraints", "tuple[np.ndarray, np.ndarray]", definitions, body, written.constants, style)


def _called(
    name: str, result: str, definitions: list[list[str]], body: list[str], constants: Constants, style: Style
) -> list[list[str]]:
    """Blocks that define a public function, as such or as an object, after its numbers and the functions it calls."""
    declared = remarked(constants.declared(), "constants", style) if constants.declared() else []
    if not style.has("class"):
        function = [_head(name, [], result, style), *_indented(body)]
        return [*([declared] if declared else []), *definitions, function]
    kind, data = style.names[f"{name.removesuffix('s')} class"], style.names["held"]
    lines = [f"class {kind}:"]
    held = bool(declared) and style.has("dictionary")
    if held:
        taken = f"{data}: dict" if style.has("hints") else data
        head = f"def __init__(self, {taken}) -> None:" if style.has("hints") else f"def __init__(self, {taken}):"
        lines += [*_indented([head, f"    self.{data} = {data}"]), ""]
    elif declared:
        lines += [*_indented(declared), ""]
    lines += _indented([_head("__call__", ["self"], result, style), *_indented(body)])
    made = f"{name} = {kind}({constants.name if held else ''})"
    return [*([declared] if held else []), *definitions, lines, [made]]


def _head(name: str, before: list[str], result: str, style: Style) -> str:
    x = style.names["x"]
    if style.has("hints"):
        return f"def {name}({', '.join([*before, f'{x}: np.ndarray'])}) -> {result}:"
    return f"def {name}({', '.join([*before, x])}):"


def _indented(lines: list[str]) -> list[str]:
    return textwrap.indent("\n".join(lines), "    ").splitlines()
