"""Basic functions and constraint forms as definitions in a style, made from syntax trees of the catalogue's texts."""

import ast
import inspect
import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from typing_extensions import override

from llamoco_data.problems.constraint_forms import ConstraintForm
from llamoco_data.problems.functions import BasicFunction
from llamoco_data.statements.styles.style import Style
from llamoco_data.statements.styles.vocabulary import LONG_ARGUMENTS, LONG_LOCALS


def function_definition(name: str, function: BasicFunction, style: Style) -> list[str]:
    """The definition of a basic function of one vector."""
    by_arrays = style.arithmetic == "vectors"
    body = ast.parse(function.numpy).body if by_arrays else _body_of_kernel(function.kernel)
    names = LONG_LOCALS if style.has("long names") else {}
    return _definition(name, ("z",), body, names, style)


def form_definition(name: str, form: ConstraintForm, style: Style) -> list[str]:
    """The definition of a constraint form, a function of `arguments_of` it."""
    expression = form.numpy.replace("{c}", "c").replace("{w}", "w")
    by_arrays = style.arithmetic == "vectors"
    body = ast.parse(f"return {expression}").body if by_arrays else _body_of_kernel(form.kernel)
    names = {**LONG_LOCALS, **LONG_ARGUMENTS} if style.has("long names") else {}
    return _definition(name, arguments_of(form), body, names, style)


def arguments_of(form: ConstraintForm) -> tuple[str, ...]:
    """The arguments that a form uses: y, then its coefficients a, its center c and its width w."""
    used = {"a": form.uses_coefficients, "c": form.uses_center, "w": form.uses_width}
    return ("y", *(name for name, is_used in used.items() if is_used))


def _definition(
    name: str, arguments: Sequence[str], body: Sequence[ast.stmt], names: Mapping[str, str], style: Style
) -> list[str]:
    vector = "np.ndarray" if style.arithmetic == "vectors" else "list[float]"
    heads: list[str] = []
    for argument in arguments:
        hint = "float" if argument in ("c", "w") else vector
        heads.append(
            f"{names.get(argument, argument)}: {hint}" if style.has("hints") else names.get(argument, argument)
        )
    result = " -> float" if style.has("hints") else ""
    tree = ast.Module(_gathered(body) if style.arithmetic == "comprehensions" else [*body], [])
    tree = ast.fix_missing_locations(_Renamed(names, style.module).visit(tree))
    return [f"def {name}({', '.join(heads)}){result}:", *textwrap.indent(ast.unparse(tree), "    ").splitlines()]


def _body_of_kernel(kernel: Any) -> list[ast.stmt]:  # pyright: ignore[reportExplicitAny] - any function will do
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(kernel))).body
    assert isinstance(definition, ast.FunctionDef)
    return definition.body


class _Renamed(ast.NodeTransformer):
    """Gives variables other names, and takes the functions of `math` from a module."""

    def __init__(self, names: Mapping[str, str], module: str) -> None:
        self._names = names
        self._module = module

    @override
    def visit_Name(self, node: ast.Name) -> ast.expr:
        if isinstance(node.ctx, ast.Load) and hasattr(math, node.id) and node.id not in self._names:
            return ast.Attribute(ast.Name(self._module, ast.Load()), node.id, ast.Load())
        return ast.Name(self._names.get(node.id, node.id), node.ctx)


def _gathered(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    """The statements with sums of lists in place of loops that only add to sums."""
    gathered: list[ast.stmt] = []
    for statement in body:
        sums = _sums(statement) if isinstance(statement, ast.For) else []
        for one in sums:
            start = next((k for k, before in enumerate(gathered) if _is_zero(before, one.target)), None)
            if start is None:
                gathered.append(one)
            else:
                del gathered[start]
                gathered.append(ast.Assign([one.target], one.value))
        if not sums:
            gathered.append(statement)
    return gathered


def _sums(loop: ast.For) -> list[ast.AugAssign]:
    """What is added to each sum in a loop; nothing where the loop does more than that, or uses what it adds up."""
    added = [one for one in loop.body if isinstance(one, ast.AugAssign) and isinstance(one.op, ast.Add)]
    changed = {ast.unparse(one.target) for one in added}
    used = {name.id for one in added for name in ast.walk(one.value) if isinstance(name, ast.Name)}
    if len(added) < len(loop.body) or changed & used:
        return []
    each = ast.comprehension(loop.target, loop.iter, [], 0)
    total = ast.Name("sum", ast.Load())
    return [ast.AugAssign(o.target, ast.Add(), ast.Call(total, [ast.ListComp(o.value, [each])], [])) for o in added]


def _is_zero(statement: ast.stmt, target: ast.expr) -> bool:
    """Whether a statement only sets a sum to zero."""
    match statement:
        case ast.Assign([ast.Name(name)], ast.Constant(0.0)):
            return name == ast.unparse(target)
        case _:
            return False
