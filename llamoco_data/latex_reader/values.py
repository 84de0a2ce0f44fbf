# Numbers and vectors are told apart while a formula is evaluated, and only then.
# pyright: reportExplicitAny=false
"""What symbols stand for while formulas are evaluated, and the arithmetic of numbers, columns, rows and matrices.

Vectors are columns, arrays of shape (n, 1), as in linear algebra; nothing is broadcast.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import e, pi
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from llamoco_data.latex_reader.tokens import LatexError

Matrix: TypeAlias = NDArray[np.float64]
Value: TypeAlias = int | float | Matrix
Formula: TypeAlias = Callable[["Scope"], Any]
"""From what the symbols stand for to a number, or to a column, row or matrix."""

CONSTANTS: Mapping[str, float] = {r"\pi": pi, "e": e}


@dataclass(frozen=True, slots=True)
class Definition:
    """`name_{indices} = formula`."""

    name: str
    indices: tuple[str, ...]
    formula: Formula


@dataclass(frozen=True, slots=True)
class Function:
    """`name(argument) = formula`, with auxiliary symbols that only the formula sees; the argument is a column."""

    name: str
    argument: str
    formula: Formula
    auxiliaries: dict[str, Definition] = field(default_factory=dict[str, Definition])


@dataclass(slots=True)
class Scope:
    """The symbols that a formula sees; a definition is evaluated when it is first needed, and once."""

    values: Mapping[str, Value]
    definitions: Mapping[str, Definition] = field(default_factory=dict[str, Definition])
    functions: Mapping[str, Function] = field(default_factory=dict[str, Function])
    length: str = ""
    """The letter that stands for the number of entries of a function's argument."""
    outer: "Scope | None" = None
    used: set[str] = field(default_factory=set[str])
    """Names of definitions and functions that were evaluated."""
    bound: dict[str, int] = field(default_factory=dict[str, int])
    """Index variables of the sums and definitions that are being evaluated."""
    memo: dict[tuple[str, tuple[int, ...]], Any] = field(default_factory=dict[tuple[str, tuple[int, ...]], Any])

    def read(self, name: str, indices: tuple[int, ...] = ()) -> Any:
        """The value of a symbol with its subscripts: of its definition, or an entry of the vector of the same letter.

        Raises:
            LatexError: the symbol is unknown, defined by itself, or has no such entry.
        """
        if name in self.definitions:
            return self._defined(self.definitions[name], indices)
        if name in self.values and not indices:
            return self.values[name]
        if len(indices) == 1 and (bold(name) in self.values or bold(name) in self.definitions):
            return _entry(name, self.read(bold(name)), indices[0])
        if self.outer is not None:
            return self.outer.read(name, indices)
        if name in CONSTANTS and not indices:
            return CONSTANTS[name]
        raise LatexError(f"{name} is not defined" + (f" with subscripts {indices}" if indices else ""))

    def read_numbered(self, letter: str, number: int) -> Any:
        """The vector with this letter and number, or the member of a family that is defined for any number."""
        if self.outer is not None:
            return self.outer.read_numbered(letter, number)
        name = bold(f"{letter}_{number}")
        return self.read(name) if name in self.definitions else self.read(bold(letter), (number,))

    def call(self, name: str, argument: Any) -> Any:
        """A function's value.

        Raises:
            LatexError: no function has this name, or the argument is no vector.
        """
        if self.outer is not None:
            return self.outer.call(name, argument)
        if name not in self.functions:
            raise LatexError(f"the function {name} is not defined")
        if np.ndim(argument) == 0 or argument.shape[1] != 1:
            raise LatexError(f"the argument of {name} is no vector")
        function = self.functions[name]
        self.used.add(name)
        values: dict[str, Value] = {function.argument: argument}
        if self.length:
            values[self.length] = len(argument)
        scope = Scope(values, function.auxiliaries, outer=self)
        value = function.formula(scope)
        self.used |= {f"{name}: {auxiliary}" for auxiliary in scope.used}
        return value

    def _defined(self, definition: Definition, indices: tuple[int, ...]) -> Any:
        key = definition.name, indices
        if key not in self.memo:
            if len(indices) != len(definition.indices):
                raise LatexError(f"{definition.name} has {len(definition.indices)} subscripts, not {len(indices)}")
            self.used.add(definition.name)
            self.memo[key] = None
            outer, self.bound = self.bound, dict(zip(definition.indices, indices, strict=True))
            self.memo[key] = definition.formula(self)
            self.bound = outer
        if self.memo[key] is None:
            raise LatexError(f"{definition.name} is defined by itself")
        return self.memo[key]


def bold(name: str) -> str:
    """The name of the vector whose entries are name_1, name_2, ..."""
    return rf"\mathbf{{{name}}}"


def add(a: Any, b: Any) -> Any:
    if np.shape(a) != np.shape(b):
        raise LatexError(f"a sum of shapes {np.shape(a)} and {np.shape(b)}")
    return a + b


def subtract(a: Any, b: Any) -> Any:
    return add(a, -b)


def multiply(a: Any, b: Any) -> Any:
    """The product; a row times a column is a number."""
    if not isinstance(a, np.ndarray) or not isinstance(b, np.ndarray):
        return a * b
    if a.shape[1] != b.shape[0]:
        raise LatexError(f"a product of shapes {a.shape} and {b.shape}")
    product = a @ b
    return product.item() if product.shape == (1, 1) else product


def divide(a: Any, b: Any) -> Any:
    return a / number(b)


def divide_entries(a: Any, b: Any) -> Any:
    if np.ndim(a) != 2 or np.shape(a) != np.shape(b):
        raise LatexError(f"an entry-by-entry quotient of shapes {np.shape(a)} and {np.shape(b)}")
    return a / b


def power(base: Any, exponent: Any) -> Any:
    """A power of a number, or the inverse of a matrix."""
    if isinstance(base, np.ndarray):
        if exponent != -1 or base.shape[0] != base.shape[1]:
            raise LatexError(f"the power {exponent} of shape {base.shape}")
        return np.linalg.inv(base)
    value = base ** number(exponent)
    if isinstance(value, complex):
        raise LatexError(f"{base} to the power {exponent} is not real")
    return value


def transpose(a: Any) -> Any:
    if not isinstance(a, np.ndarray):
        raise LatexError("a number was transposed")
    return a.T


def diagonal(a: Any) -> Any:
    if np.ndim(a) != 2 or a.shape[1] != 1:
        raise LatexError("diag of something other than a vector")
    return np.diag(a[:, 0])


def row(entries: list[Any]) -> Matrix:
    return np.array([[float(number(entry)) for entry in entries]])


def number(value: Any) -> Any:
    if isinstance(value, int | float):
        return value
    raise LatexError("a number was expected, not a vector or matrix")


def index(value: Any) -> int:
    if isinstance(value, int):
        return value
    raise LatexError(f"{value} is no index")


def _entry(name: str, vector: Any, at: int) -> float:
    if np.ndim(vector) != 2 or vector.shape[1] != 1 or not 1 <= at <= len(vector):
        raise LatexError(f"{name} has no entry {at}")
    return vector[at - 1, 0].item()
