"""Looks for slips in a program without running it: whether it compiles, defines `minimize`, and knows its names.

It says nothing about whether the program optimizes.
"""

import ast
import builtins
import warnings

from llamoco_tune.extraction import defines_minimize, parsed

_MODULE_NAMES = {"__name__", "__file__", "__doc__"}


def slip_in(program: str) -> str:
    """What is wrong with a program; empty if nothing is found."""
    tree = parsed(program)
    if tree is None:
        return "it is not Python"
    if not defines_minimize(tree):
        return "it does not define minimize"
    if fault := _fault(tree):
        return f"it does not compile: {fault}"
    if not _returns(tree):
        return "its minimize returns nothing"
    unknown = sorted(_used(tree) - _bound(tree) - set(dir(builtins)) - _MODULE_NAMES)
    return f"it uses {unknown[0]}, which it does not define" if unknown else ""


def _fault(tree: ast.Module) -> str:
    """What the compiler finds wrong in a text that parses, such as a `nonlocal` name that no function around has."""
    try:
        with warnings.catch_warnings(action="ignore"):
            compile(tree, "<program>", "exec", dont_inherit=True)
    except SyntaxError as error:
        return error.msg
    except (ValueError, RecursionError, MemoryError) as error:
        return type(error).__name__
    return ""


def _returns(tree: ast.Module) -> bool:
    """Whether a `minimize` that is a function of the module returns a value; true of any that is made otherwise."""
    made = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "minimize"]
    return not made or any(node.decorator_list or _returns_value(node) for node in made)


def _returns_value(function: ast.FunctionDef) -> bool:
    nodes: list[ast.AST] = list(function.body)
    for node in nodes:  # grows meanwhile
        if isinstance(node, ast.Return) and node.value is not None:
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            nodes.extend(ast.iter_child_nodes(node))
    return False


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
