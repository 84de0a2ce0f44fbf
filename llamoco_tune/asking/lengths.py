"""Tells from the text of a Python problem how long its vectors are and what its whole numbers are. It executes nothing.

It knows the expressions that bounds and budgets are written with; of any other it says that it does not know.
"""

import ast
import math
import operator
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

LIKE_FIRST = {
    "array", "asarray", "atleast_1d", "ascontiguousarray", "float64", "full_like", "zeros_like", "ones_like",
    "list", "tuple", "sorted", "negative", "abs", "absolute", "sqrt", "log", "log10", "exp", "copy", "astype", "ravel",
    "minimum", "maximum", "where",
}  # fmt: skip
"""Functions and methods whose result is as long as their first argument, or as the object of the method."""
BY_SIZE = {"full", "zeros", "ones", "empty", "arange", "range"}
"""Functions whose first argument is the length."""
NUMBERS = {"int", "round", "float", "len", "max", "min"}
OPERATORS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
}
MOST_DEPTH = 30
"""Brackets that are followed at most."""
MOST_POWER = 64
"""Largest exponent that is computed: a text must not be able to keep this process busy."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """The vectors and numbers among the names that a module assigns at its top level, each once."""

    lengths: dict[str, int]
    numbers: dict[str, float]
    lists: set[str]
    """The names of those vectors that are lists or tuples, whose sums are longer than their parts."""

    @classmethod
    def of(cls, tree: ast.Module) -> "Lengths":
        """The names of a module; one that is assigned twice is not known."""
        pairs: list[tuple[str, ast.expr]] = []
        for node in tree.body:
            if isinstance(node, ast.Assign):
                pairs += [pair for target in node.targets for pair in _pairs(target, node.value)]
            elif isinstance(node, ast.AnnAssign) and node.value is not None:
                pairs += _pairs(node.target, node.value)
            elif isinstance(node, ast.AugAssign):
                pairs += [pair for pair in _pairs(node.target, node.value) for _ in range(2)]
        times, known = Counter(name for name, _ in pairs), cls({}, {}, set())
        # In the order of the text, so that every expression is computed once, however often its name is used.
        for name, value in pairs:
            if times[name] == 1:
                known._learn(name, value)
        return known

    def length(self, name: str) -> int | None:
        """The length of a vector; None if the text does not tell."""
        return self.lengths.get(name)

    def number(self, name: str) -> float | None:
        """The value of a number, which is finite; None if the text does not tell."""
        return self.numbers.get(name)

    def whole(self, name: str) -> int | None:
        """The value of a whole number; None if it is another one, or the text does not tell."""
        return _whole(self.number(name))

    def _learn(self, name: str, value: ast.expr) -> None:
        length, number = self._length(value, 0), self._number(value, 0)
        if length is not None:
            self.lengths[name] = length
        if self._is_list(value, 0):
            self.lists.add(name)
        if number is not None:
            self.numbers[name] = number

    def _length(self, node: ast.expr, depth: int) -> int | None:
        if depth > MOST_DEPTH:
            return None
        match node:
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                return None if any(isinstance(part, ast.Starred) for part in parts) else len(parts)
            case ast.Name(id=name):
                return self.lengths.get(name)
            case ast.UnaryOp(operand=operand):
                return self._length(operand, depth + 1)
            case ast.BinOp():
                return self._of_operation(node, depth + 1)
            case ast.Subscript(value=value, slice=ast.Tuple(elts=[ast.Slice(), *_])):
                return self._length(value, depth + 1)
            case ast.ListComp(generators=[ast.comprehension(iter=source, ifs=[])]):
                return self._length(source, depth + 1)
            case ast.Call():
                return self._of_call(node, depth + 1)
            case _:
                return None

    def _is_list(self, node: ast.expr, depth: int) -> bool:
        """Whether an expression is a list or a tuple, and no array."""
        if depth > MOST_DEPTH:
            return False
        match node:
            case ast.List() | ast.Tuple() | ast.ListComp():
                return True
            case ast.Name(id=name):
                return name in self.lists
            case ast.Call(func=ast.Name(id=name)):
                return name in ("list", "tuple", "sorted")
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self._is_list(left, depth + 1) and self._is_list(right, depth + 1)
            case ast.BinOp(left=left, op=ast.Mult(), right=right):
                sides = ((left, right), (right, left))
                return any(self._is_list(one, depth + 1) and not self._is_array(other) for one, other in sides)
            case _:
                return False

    def _is_array(self, node: ast.expr) -> bool:
        match node:
            case ast.Name(id=name):
                return name in self.lengths and name not in self.lists
            case ast.Call():
                return _called(node)[0] not in NUMBERS
            case _:
                return False

    def _of_operation(self, node: ast.BinOp, depth: int) -> int | None:
        left, right = self._length(node.left, depth), self._length(node.right, depth)
        left_is, right_is = self._is_list(node.left, depth), self._is_list(node.right, depth)
        if isinstance(node.op, ast.Mult) and left_is != right_is and (left is None or right is None):
            listed, count = (left, node.right) if left_is else (right, node.left)
            return _product(listed, self._number(count, depth))
        if isinstance(node.op, ast.Add) and (left_is or right_is):
            if left is None or right is None:
                return None
            if left_is and right_is:
                return _whole(left + right)
        return right if left is None or (right is not None and left == 1) else left

    def _of_call(self, node: ast.Call, depth: int) -> int | None:
        name, arguments = _called(node)
        if not arguments:
            return None
        first, *others = arguments
        if name == "split" and isinstance(first, ast.Constant) and isinstance(first.value, str) and not others:
            return len(first.value.split())
        if name in BY_SIZE and (len(arguments) == 1 or name == "full"):
            return _whole(self._number(_only(first), depth))
        if name in LIKE_FIRST:
            return next((found for each in arguments if (found := self._length(each, depth)) is not None), None)
        if name == "linspace" and len(others) >= 2:
            return _whole(self._number(others[1], depth))
        if name in ("repeat", "tile") and others:
            return _product(self._length(first, depth) or 1, self._number(_only(others[0]), depth))
        if name in ("concatenate", "hstack") and isinstance(first, ast.List | ast.Tuple):
            parts = [self._length(part, depth) for part in first.elts]
            return None if None in parts else _whole(sum(part or 0 for part in parts))
        return None

    def _number(self, node: ast.expr, depth: int) -> float | None:
        if depth > MOST_DEPTH:
            return None
        match node:
            case ast.Constant(value=int() | float() as value):
                return _finite(value)
            case ast.Name(id=name):
                return self.numbers.get(name)
            case ast.Attribute(value=value, attr="size"):
                return self._length(value, depth + 1)
            case ast.Subscript(value=ast.Attribute(value=value, attr="shape"), slice=ast.Constant(value=0)):
                return self._length(value, depth + 1)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                found = self._number(operand, depth + 1)
                return None if found is None else -found
            case ast.BinOp(left=left, op=op, right=right):
                return _computed(op, self._number(left, depth + 1), self._number(right, depth + 1))
            case ast.Call():
                return self._number_of_call(node, depth + 1)
            case _:
                return None

    def _number_of_call(self, node: ast.Call, depth: int) -> float | None:
        name, arguments = _called(node)
        if name not in NUMBERS or not arguments:
            return None
        if name == "len":
            return self._length(arguments[0], depth)
        values = [self._number(each, depth) for each in arguments]
        known = [value for value in values if value is not None]
        if len(known) < len(values):
            return None
        if name in ("max", "min"):
            return max(known) if name == "max" else min(known)
        return float(round(known[0])) if name == "round" else float(int(known[0])) if name == "int" else known[0]


def _pairs(target: ast.expr, value: ast.expr) -> list[tuple[str, ast.expr]]:
    match target, value:
        case ast.Name(id=name), _:
            return [(name, value)]
        case ast.Tuple(elts=targets), ast.Tuple(elts=values) if len(targets) == len(values):
            return [pair for one, other in zip(targets, values, strict=True) for pair in _pairs(one, other)]
        case _:
            return []


def _called(node: ast.Call) -> tuple[str, Sequence[ast.expr]]:
    """The name of a function with its arguments; a method of a vector has that as the first."""
    match node.func:
        case ast.Name(id=name):
            return name, node.args
        case ast.Attribute(value=ast.Name(id="np" | "numpy"), attr=name):
            return name, node.args
        case ast.Attribute(value=value, attr=name):
            return name, [value, *node.args]
        case _:
            return "", node.args


def _only(node: ast.expr) -> ast.expr:
    """The one entry of a shape, or the node itself."""
    return node.elts[0] if isinstance(node, ast.Tuple | ast.List) and len(node.elts) == 1 else node


def _computed(op: ast.operator, left: float | None, right: float | None) -> float | None:
    if left is None or right is None:
        return None
    compute = OPERATORS.get(type(op))
    try:
        if isinstance(op, ast.Pow):
            return float(left) ** right if abs(right) <= MOST_POWER and left > 0 else None
        return None if compute is None else _finite(compute(left, right))
    except (ZeroDivisionError, OverflowError):
        return None


def _finite(value: float) -> float | None:
    """A number; None for infinity, NaN and whole numbers beyond the floats, with which nothing more is computed."""
    try:
        return value if math.isfinite(value) else None
    except OverflowError:
        return None


def _whole(value: float | None) -> int | None:
    return int(value) if value is not None and _finite(value) is not None and value == int(value) else None


def _product(length: int | None, count: float | None) -> int | None:
    times = _whole(count)
    return None if length is None or times is None else _whole(length * times)
