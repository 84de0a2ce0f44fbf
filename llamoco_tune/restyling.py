"""Rewrites the Python of a prompt so that the same problem stands there in other words.

All statements of a set are of one hand. A model that has only read these knows their phrases, and is lost in a program
that says the same otherwise. The rewritings here change names and turns of phrase, and leave every value as it is up to
rounding.
"""

import ast
import builtins
import re

import numpy as np
from typing_extensions import override

KEPT = frozenset({"objective", "constraints", "lower", "upper", "max_evaluations", "minimize"})
"""Names by which a request speaks of the parts of a problem."""
INDENT = 4
"""Blanks of one level in the text that `ast` gives."""

_BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)
_CONSONANTS, _VOWELS = "bcdfghjklmnprstvwz", "aeiou"
_ALIASES = ("numpy", "xp", "num", "nm")


def restyled(prompt: str, rng: np.random.Generator) -> str:
    """The prompt with its first block of Python rewritten; a prompt without one, or with another text in it, as it was.

    Each rewriting is as likely as not.
    """
    block = _BLOCK.search(prompt)
    if block is None:
        return prompt
    try:
        tree = ast.parse(block[1])
    except (SyntaxError, ValueError):
        return prompt
    return prompt[: block.start(1)] + _source(_rewritten(tree, rng), rng) + prompt[block.end(1) :]


def _rewritten(tree: ast.Module, rng: np.random.Generator) -> ast.Module:
    """The tree with some rewritings of its expressions and statements, then with other names."""
    has_np = _alias(tree) == "np"
    for rewriting in (Phrases, Powers, Operands, Steps):
        if rng.random() < 0.5 and (has_np or not rewriting.NEEDS_NP):
            tree = rewriting(rng).visit(tree)
    if rng.random() < 0.5:
        tree = Undocumented().visit(tree)
    names = new_names(tree, rng) if rng.random() < 0.5 else {}
    if rng.random() < 0.5 and has_np:
        names["np"] = str(rng.choice(_ALIASES))
    return ast.fix_missing_locations(Renamed(names).visit(tree))


def _source(tree: ast.Module, rng: np.random.Generator) -> str:
    """The text of a tree, in one of several layouts."""
    lines = ast.unparse(tree).splitlines()
    if rng.random() < 0.5:
        lines = [line for line in lines if line.strip()]
    width = int(rng.choice([2, 3, INDENT, INDENT, 8]))
    return "\n".join(_indented(line, width) for line in lines) + "\n"


def _indented(line: str, width: int) -> str:
    text = line.lstrip(" ")
    return " " * ((len(line) - len(text)) // INDENT * width) + text


class _Rewriting(ast.NodeTransformer):
    """A rewriting, which takes each place where it could apply with even chances."""

    NEEDS_NP = False
    """Whether it writes names of NumPy, and so needs a program that imports it as `np`."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def _taken(self) -> bool:
        return bool(self._rng.random() < 0.5)


class Phrases(_Rewriting):
    """Sums, products, absolute values and square roots by other names of NumPy's, or as powers."""

    NEEDS_NP = True

    @override
    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if node.keywords or len(node.args) != 1 or not self._taken():
            return node
        function, argument = ast.unparse(node.func), node.args[0]
        if function in {"np.sum", "np.prod"}:
            reduced = "add" if function == "np.sum" else "multiply"
            return ast.Call(_parsed(f"np.{reduced}.reduce"), [argument], [ast.keyword("axis", ast.Constant(None))])
        if function in {"np.abs", "abs"}:
            return ast.Call(_parsed("np.fabs"), [argument], [])
        if function == "np.sqrt":
            return ast.BinOp(argument, ast.Pow(), ast.Constant(0.5))
        return node


class Powers(_Rewriting):
    """Squares as products or by functions, other powers by a function."""

    NEEDS_NP = True

    @override
    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        if not isinstance(node.op, ast.Pow) or not self._taken():
            return node
        if isinstance(node.right, ast.Constant) and node.right.value == 2:
            if isinstance(node.left, ast.Name):
                return ast.BinOp(node.left, ast.Mult(), node.left)
            return ast.Call(_parsed("np.square"), [node.left], [])
        return ast.Call(ast.Name("pow", ast.Load()), [node.left, node.right], [])


class Operands(_Rewriting):
    """Sums and products with their operands in another order, differences as sums."""

    @override
    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        if any(isinstance(side, (ast.List, ast.Tuple, ast.JoinedStr)) for side in (node.left, node.right)):
            return node
        if not self._taken():
            return node
        if isinstance(node.op, (ast.Add, ast.Mult)):
            return ast.BinOp(node.right, node.op, node.left)
        if isinstance(node.op, ast.Sub):
            return ast.BinOp(ast.UnaryOp(ast.USub(), node.right), ast.Add(), node.left)
        return node


class Steps(_Rewriting):
    """Results that get a name before they are returned, and totals that are written out."""

    @override
    def visit_Return(self, node: ast.Return) -> ast.stmt | list[ast.stmt]:
        self.generic_visit(node)
        if node.value is None or isinstance(node.value, (ast.Name, ast.Constant)) or not self._taken():
            return node
        name = str(self._rng.choice(["out", "val", "y_", "ret"]))
        return [ast.Assign([ast.Name(name, ast.Store())], node.value), ast.Return(ast.Name(name, ast.Load()))]

    @override
    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt:
        self.generic_visit(node)
        if not isinstance(node.target, ast.Name) or not self._taken():
            return node
        return ast.Assign([node.target], ast.BinOp(ast.Name(node.target.id, ast.Load()), node.op, node.value))


class Undocumented(ast.NodeTransformer):
    """Functions without their docstrings."""

    @override
    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self.generic_visit(node)
        if ast.get_docstring(node, clean=False) is not None and len(node.body) > 1:
            del node.body[0]
        return node


class Renamed(ast.NodeTransformer):
    """A program with other names."""

    def __init__(self, names: dict[str, str]) -> None:
        self._names = names

    @override
    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self._names.get(node.id, node.id)
        return node

    @override
    def visit_arg(self, node: ast.arg) -> ast.arg:
        self.generic_visit(node)
        node.arg = self._names.get(node.arg, node.arg)
        return node

    @override
    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        self.generic_visit(node)
        node.name = self._names.get(node.name, node.name)
        return node

    @override
    def visit_alias(self, node: ast.alias) -> ast.alias:
        if node.asname in self._names:
            new = self._names[node.asname]
            node.asname = None if new == node.name else new
        return node


def new_names(tree: ast.Module, rng: np.random.Generator) -> dict[str, str]:
    """Another name for each name that a program gives itself.

    Left alone are those in `KEPT`, and those that also stand where they are no variables: as attributes, keywords, or
    declared global or nonlocal.
    """
    nodes = list(ast.walk(tree))
    given = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    given |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    given |= {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    elsewhere = {node.arg for node in nodes if isinstance(node, ast.keyword)}
    elsewhere |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    elsewhere |= {name for node in nodes if isinstance(node, (ast.Global, ast.Nonlocal)) for name in node.names}
    used = {node.id for node in nodes if isinstance(node, ast.Name)} | KEPT | set(dir(builtins))
    found: dict[str, str] = {}
    for name in sorted(given - KEPT - elsewhere - {"self"}):
        new = _invented(rng)
        while new in used:
            new = _invented(rng)
        used.add(new)
        found[name] = new
    return found


def _invented(rng: np.random.Generator) -> str:
    """A name that means nothing: a few syllables, or a letter with a number."""
    if rng.random() < 0.4:
        return f"{rng.choice(list(_CONSONANTS))}{rng.integers(100)}"
    syllables = rng.integers(1, 4)
    return "".join(str(rng.choice(list(_CONSONANTS))) + str(rng.choice(list(_VOWELS))) for _ in range(syllables))


def _alias(tree: ast.Module) -> str | None:
    """The name by which a program calls NumPy."""
    names = [name for node in tree.body if isinstance(node, ast.Import) for name in node.names]
    return next((name.asname or name.name for name in names if name.name == "numpy"), None)


def _parsed(expression: str) -> ast.expr:
    return ast.parse(expression, mode="eval").body
