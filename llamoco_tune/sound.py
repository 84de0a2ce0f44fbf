"""Looks for slips in a program without running it: whether it parses, defines `minimize`, and knows its names.

It says nothing about whether the program optimizes.
"""

import ast
import builtins

from llamoco_tune.extraction import defines_minimize, parsed

_MODULE_NAMES = {"__name__", "__file__", "__doc__"}


def slip_in(program: str) -> str:
    """What is wrong with a program; empty if nothing is found."""
    tree = parsed(program)
    if tree is None:
        return "it is not Python"
    if not defines_minimize(tree):
        return "it does not define minimize"
    unknown = sorted(_used(tree) - _bound(tree) - set(dir(builtins)) - _MODULE_NAMES)
    return f"it uses {unknown[0]}, which it does not define" if unknown else ""


def _used(tree: ast.Module) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store)}


def _bound(tree: ast.Module) -> set[str]:
    """Every name that is bound anywhere in a program, in whatever scope."""
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                found.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.alias(name=name, asname=asname):
                found.add(asname or name.partition(".")[0])
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                found.add(name)
            case ast.MatchMapping(rest=str(name)):
                found.add(name)
            case _:
                pass
    return found
