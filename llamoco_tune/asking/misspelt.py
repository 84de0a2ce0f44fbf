"""Finds names that a problem in Python defines in vain, and that may be meant for names that it lacks."""

import ast
from collections.abc import Iterator
from difflib import get_close_matches

LIKE_A_NAME = 0.8
"""Least similarity, by `difflib`, of a name that may be meant as `constraints`; as `llamoco-data try` has it."""


def misspelt(tree: ast.Module) -> Iterator[str]:
    """Yields a line on each name of a problem without constraints that nothing uses, and that says there are some."""
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda()):
                is_function = True
            case ast.Assign(targets=[ast.Name(id=name)]):
                is_function = False
            case _:
                continue
        if name in used:
            continue
        if name.lower() == "bounds":
            yield f"{name} is not used: the bounds are lower and upper alone"
        elif is_function and get_close_matches(name.lower(), ["constraints"], cutoff=LIKE_A_NAME):
            yield f"{name} is not used: constraints count only as constraints(x), and there is none"
