"""Reads the text of a user's own problem: what it imports, its budget, and what it defines.

Only `load_source` executes the text.
"""

import ast
import sys
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from llamoco_data.identity import LlamocoError
from llamoco_data.problems.functions.definition import Vector
from llamoco_data.silence import silence
from llamoco_data.texts import execute, readable

LIBRARIES = ("numpy", "scipy")
"""Packages that a problem may import besides the standard library."""

_NAMES = ("lower", "upper", "max_evaluations")


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Loaded:
    """What a text defines, unchecked; its module is removed once this object is gone, so callers must keep it."""

    objective: Callable[[Vector], object]
    constraints: Callable[[Vector], object] | None
    lower: object
    upper: object
    max_evaluations: object
    feasible_point: object | None
    """Feasible point that the text names; None where it names none."""


def load_source(text: str) -> Loaded:
    """Executes the text of a problem in this process, with all its permissions.

    Every execution of a user's own problem begins here, so that confining strangers' code would take one change.

    Raises:
        LlamocoError: the text does not define one of the names that a problem has.
        BaseException: whatever the text raises.
    """
    with silence():
        executed = execute(text, "problem")
    try:
        loaded = _defined(executed.names)
    except LlamocoError:
        executed.forget()
        raise
    # Its functions may look for their module at any call.
    weakref.finalize(loaded, executed.forget).atexit = False
    return loaded


def _defined(names: Mapping[str, object]) -> Loaded:
    objective, constraints = names.get("objective"), names.get("constraints")
    missing = [name for name in _NAMES if name not in names]
    if not callable(objective):
        raise _lacks("it defines no function objective(x)")
    if constraints is not None and not callable(constraints):
        raise _lacks("its constraints are no function constraints(x)")
    if missing:
        raise _lacks(f"it defines no {missing[0]}")
    lower, upper, max_evaluations = (names[name] for name in _NAMES)
    return Loaded(objective, constraints, lower, upper, max_evaluations, names.get("feasible_point"))


def _lacks(what: str) -> LlamocoError:
    return LlamocoError(
        f"{what}; a problem has objective(x), lower, upper, max_evaluations and, if any, constraints(x)"
    )


def normalised(text: str) -> str:
    """The text without a byte order mark, its lines ended by line feeds and the last by exactly one."""
    return readable(text).replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"


def foreign_imports(text: str) -> Iterator[str]:
    """Packages imported anywhere in the text that a problem may not import.

    Raises:
        SyntaxError, ValueError: the text is not Python.
    """
    for node in ast.walk(ast.parse(text)):
        modules: list[str] = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = ["." * node.level + (node.module or "")]
        for module in modules:
            package = module.partition(".")[0]
            if package not in LIBRARIES and package not in sys.stdlib_module_names:
                yield package or module


def with_budget(text: str, max_evaluations: int) -> str:
    """The same text with another evaluation budget.

    Raises:
        ValueError: the budget is not assigned exactly once, at the top level, or is used elsewhere in the text, where
            another budget could change the function.
    """
    node = _budget(ast.parse(text))
    data = text.encode()
    begins = [0]
    for line in data.splitlines(keepends=True):
        begins.append(begins[-1] + len(line))
    assert node.end_lineno is not None, "a parsed expression ends somewhere"
    assert node.end_col_offset is not None, "a parsed expression ends somewhere"
    begin, end = begins[node.lineno - 1] + node.col_offset, begins[node.end_lineno - 1] + node.end_col_offset
    return (data[:begin] + str(max_evaluations).encode() + data[end:]).decode()


def _budget(tree: ast.Module) -> ast.expr:
    """The expression that is assigned to `max_evaluations`."""
    uses = sum(isinstance(node, ast.Name) and node.id == "max_evaluations" for node in ast.walk(tree))
    found: list[ast.expr] = []
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="max_evaluations")], value=value):
                found.append(value)
            case ast.AnnAssign(target=ast.Name(id="max_evaluations"), value=ast.expr() as value):
                found.append(value)
            case _:
                pass
    if len(found) != 1 or uses != 1:
        raise ValueError("max_evaluations needs one line of its own, max_evaluations = NUMBER, and no other use")
    return found[0]
