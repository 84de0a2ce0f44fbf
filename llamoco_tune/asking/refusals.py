"""Tells from the text of a Python problem what `llamoco-data try` will refuse in it. It executes nothing.

It says only what is certain: of a name that is bound more than once, or computed by what it does not know, nothing.
"""

import ast
import math
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from llamoco_tune.asking.lengths import MOST_DEPTH, Lengths

Kind = Literal["list", "tuple", "whole number", "number", "bool", "array", "whole array"]

LIBRARIES = ("numpy", "scipy")
"""Packages that a problem may import besides the standard library."""
MOST_CHARACTERS = 20_000
"""Longest text of a problem."""
MOST_BUDGET = 1_000_000_000
"""Largest budget."""
_BUDGET = "max_evaluations"
_FILLED = ("zeros", "ones")
NUM_ARGUMENTS = {"zeros": 1, "ones": 1, "array": 1, "full": 2}
"""Functions that make arrays, with the number of arguments that leaves the type of the entries to these."""


def refusals(text: str, tree: ast.Module) -> Iterator[str]:
    """What is wrong, each in a few words."""
    if len(text) > MOST_CHARACTERS:
        yield f"it has more than {MOST_CHARACTERS:,} characters"
    if "```" in text:
        yield "it holds ```, which ends the code block of a prompt"
    foreign = next(_foreign(tree), None)
    if foreign is not None:
        yield f"it imports {foreign}"
    known = _Known.of(tree)
    yield from _of_budget(tree, known)
    lengths = [known.length(name) for name in ("lower", "upper")]
    for name, length in zip(("lower", "upper"), lengths, strict=True):
        yield from _of_bound(name, length, known)
    if None not in lengths and lengths[0] != lengths[1]:
        yield f"lower has {lengths[0]} numbers, and upper {lengths[1]}"


@dataclass(frozen=True, slots=True)
class _Known:
    """The names that a module binds once, at its top level, with their values."""

    values: dict[str, ast.expr]
    edited: frozenset[str]
    """Names of which entries are replaced."""
    kinds: dict[str | ast.expr, Kind | None]
    """What has been found, so that no text keeps the reader busy."""

    @classmethod
    def of(cls, tree: ast.Module) -> "_Known":
        times: Counter[str] = Counter()
        for node in ast.walk(tree):
            match node:
                case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                    times[name] += 1
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.alias(asname=str(name)):
                    times[name] += 1
                case ast.alias(name=name):
                    times[name] += 1
                case _:
                    pass
        pairs = [pair for node in tree.body for pair in _pairs(node)]
        edited = frozenset(
            node.value.id
            for node in ast.walk(tree)
            if (isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store)) or isinstance(node, ast.Attribute)
            if isinstance(node.value, ast.Name)
        )
        return cls({name: value for name, value in pairs if times[name] == 1}, edited, {})

    def value(self, node: ast.expr | None) -> ast.expr | None:
        """What a name stands for, or the node itself."""
        for _ in range(MOST_DEPTH):
            if not isinstance(node, ast.Name):
                return node
            node = self.values.get(node.id)
        return None

    def length(self, name: str) -> int | None:
        """The length of an array that is made in one piece; None if that is not certain."""
        function, arguments = _made(self._unsigned(name))
        if function == "array":
            entries = _entries(arguments[0])
            return len(entries) if entries is not None and all(map(self._is_number, entries)) else None
        match self.value(arguments[0]) if function else None:
            case ast.Constant(value=int(size)):
                return size
            case _:
                return None

    def is_infinite(self, name: str) -> bool:
        """Whether an array is made with an entry that is infinite or no number, and no entry is replaced."""
        function, arguments = _made(self._unsigned(name))
        entries = _entries(arguments[0]) if function == "array" else arguments[1:]
        return name not in self.edited and any(map(_is_infinite, entries or ()))

    def _unsigned(self, name: str) -> ast.expr | None:
        node = self.value(ast.Name(name))
        while isinstance(node, ast.UnaryOp):
            node = node.operand
        return node

    def _is_number(self, node: ast.expr) -> bool:
        return _is_infinite(node) or self.kind(node) in ("whole number", "number")

    def kind(self, node: ast.expr | None, depth: int = 0) -> Kind | None:
        """What an expression is; None if that is not certain."""
        if node is None or depth > MOST_DEPTH:
            return None
        key = node.id if isinstance(node, ast.Name) else node
        if key not in self.kinds:
            self.kinds[key] = self._kind(self.value(node), depth)
        return self.kinds[key]

    def _kind(self, node: ast.expr | None, depth: int) -> Kind | None:
        match node:
            case ast.List() | ast.ListComp():
                return "list"
            case ast.Tuple():
                return "tuple"
            case ast.Constant(value=bool()):
                return "bool"
            case ast.Constant(value=int()):
                return "whole number"
            case ast.Constant(value=float()):
                return "number"
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
                return self.kind(operand, depth + 1)
            case ast.BinOp(left=left, op=op, right=right):
                return _of_operation(self.kind(left, depth + 1), op, self.kind(right, depth + 1))
            case ast.Call():
                return self._of_call(node, depth + 1)
            case _:
                return None

    def _of_call(self, node: ast.Call, depth: int) -> Kind | None:
        match node:
            case ast.Call(func=ast.Name(id="len"), args=[_]) if "len" not in self.values:
                return "whole number"
            case ast.Call(func=ast.Name(id="float"), args=[_]) if "float" not in self.values:
                return "number"
            case _:
                pass
        function, arguments = _made(node)
        if function in _FILLED:
            return "array"
        filled = _entries(arguments[0]) if function == "array" else arguments[1:]
        kinds = {"number" if _is_infinite(each) else self.kind(each, depth + 1) for each in filled or ()}
        if not kinds or not kinds <= {"whole number", "number"}:
            return None
        return "whole array" if kinds == {"whole number"} else "array"


def _of_budget(tree: ast.Module, known: _Known) -> Iterator[str]:
    uses = sum(isinstance(node, ast.Name) and node.id == _BUDGET for node in ast.walk(tree))
    lines = [
        node
        for node in tree.body
        if (isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [_BUDGET])
        or (isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == _BUDGET and node.value is not None)
    ]
    if len(lines) != 1 or uses != 1:
        yield f"{_BUDGET} needs one line of its own, and no other use"
    if known.kind(ast.Name(_BUDGET)) in ("number", "bool"):
        yield f"{_BUDGET} is no whole number"
    elif (Lengths.of(tree).number(_BUDGET) or 0) > MOST_BUDGET:
        yield f"{_BUDGET} is above {MOST_BUDGET:,}"


def _of_bound(name: str, length: int | None, known: _Known) -> Iterator[str]:
    kind = known.kind(ast.Name(name))
    if kind == "whole array":
        yield f"{name} is an array of whole numbers, not of floats"
    elif kind not in (None, "array"):
        yield f"{name} is a {kind}, not an array"
    elif known.is_infinite(name):
        yield f"{name} has a number that is not finite"
    if length is not None and length < 2:
        yield f"{name} has {length} number{'s' * (length != 1)}, and a problem has two variables or more"


def _of_operation(left: Kind | None, op: ast.operator, right: Kind | None) -> Kind | None:
    kinds = {left, right}
    if kinds == {"list", "whole number"} and isinstance(op, ast.Mult):
        return "list"
    if kinds == {"list"} and isinstance(op, ast.Add):
        return "list"
    if not kinds <= {"whole number", "number"}:
        return None
    if "number" in kinds:
        return "number"
    if isinstance(op, ast.Add | ast.Sub | ast.Mult | ast.FloorDiv | ast.Mod):
        return "whole number"
    return "number" if isinstance(op, ast.Div) else None


def _made(node: ast.expr | None) -> tuple[str, Sequence[ast.expr]]:
    """The function of a call that makes an array, and its arguments; an empty name for anything else."""
    match node:
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id="np" | "numpy"), attr=function), args=arguments, keywords=[]
        ):
            is_known = len(arguments) == NUM_ARGUMENTS.get(function)
            return (function, arguments) if is_known else ("", ())
        case _:
            return "", ()


def _entries(node: ast.expr | None) -> Sequence[ast.expr] | None:
    match node:
        case ast.List(elts=entries) | ast.Tuple(elts=entries):
            return None if any(isinstance(each, ast.Starred) for each in entries) else entries
        case _:
            return None


def _is_infinite(node: ast.expr) -> bool:
    while isinstance(node, ast.UnaryOp):
        node = node.operand
    match node:
        case ast.Attribute(value=ast.Name(id="np" | "numpy" | "math"), attr="inf" | "nan"):
            return True
        case ast.Call(func=ast.Name(id="float"), args=[ast.Constant(value=str(written))]):
            return written.strip().lower().lstrip("+-") in ("inf", "infinity", "nan")
        case ast.Constant(value=float(number)):
            return not math.isfinite(number)
        case _:
            return False


def _pairs(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _assigned(target, value)
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            yield name, value
        case _:
            pass


def _assigned(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    match target, value:
        case ast.Name(id=name), _:
            yield name, value
        case ast.Tuple(elts=targets), ast.Tuple(elts=values) if len(targets) == len(values):
            for one, other in zip(targets, values, strict=True):
                if not isinstance(one, ast.Starred) and not isinstance(other, ast.Starred):
                    yield from _assigned(one, other)
        case _:
            pass


def _foreign(tree: ast.Module) -> Iterator[str]:
    """Packages imported anywhere that a problem may not import."""
    for node in ast.walk(tree):
        modules: list[str] = []
        match node:
            case ast.Import(names=names):
                modules = [each.name for each in names]
            case ast.ImportFrom(module=module, level=level):
                modules = ["." * level + (module or "")]
            case _:
                pass
        for module in modules:
            package = module.partition(".")[0]
            if package not in LIBRARIES and package not in sys.stdlib_module_names:
                yield package or module
