"""The bodies of the catalogue's basic functions as Python text: NumPy expressions, or the loops of their kernels."""

import ast
import inspect
import math
import re
import textwrap
from functools import cache

from llamoco_data.problems.plugin_functions import function_named


def numpy_body(name: str) -> list[str]:
    """Lines in `z`, a NumPy vector, that end with a return statement."""
    return function_named(name).numpy.splitlines()


@cache
def loop_body(name: str) -> tuple[str, ...]:
    """Lines in `z` that end with a return statement, and call functions of `math` by their bare names."""
    source = textwrap.dedent(inspect.getsource(function_named(name).kernel))
    definition = ast.parse(source).body[0]
    assert isinstance(definition, ast.FunctionDef)
    lines = source.splitlines()[definition.body[0].lineno - 1 :]
    return tuple(textwrap.dedent("\n".join(lines)).splitlines())


@cache
def math_names(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the functions and constants of `math` that the lines use, in alphabetical order."""
    return tuple(sorted(name for name in _names("\n".join(lines)) if hasattr(math, name)))


@cache
def identifiers(name: str) -> frozenset[str]:
    """Every name in the bodies of a basic function except that of its argument."""
    return (_names("\n".join(numpy_body(name))) | _names("\n".join(loop_body(name)))) - {"z"}


def renamed(lines: tuple[str, ...] | list[str], argument: str) -> list[str]:
    """The lines with another name for the argument `z`."""
    return [re.sub(r"\bz\b", argument, line) for line in lines]


def is_additive(expression: str) -> bool:
    """Whether an expression is a sum or a difference, which needs brackets as a factor or after a minus."""
    tree = ast.parse(expression, mode="eval").body
    return isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Add | ast.Sub)


def _names(text: str) -> frozenset[str]:
    tree = ast.parse("def body():\n" + textwrap.indent(text, "    "))
    return frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
