"""Reads LaTeX formulas into Python functions, by the conventions of the literature; refuses whatever it does not know.

Juxtaposition multiplies. A sum, product or maximum over an index extends over the product that follows it, up to the
next + or - at its level. Indices count from 1. Nothing here knows a function's name or looks into the package under test.
"""

import math
import operator
import re
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Vector: TypeAlias = NDArray[np.float64]
Value: TypeAlias = int | float | Vector
Formula: TypeAlias = Callable[["Scope"], Any]


class LatexError(ValueError):
    """The text is not LaTeX that this reader understands."""


class Token(NamedTuple):
    text: str
    at: int


TOKEN = re.compile(
    r"(?P<skip>\s+|~|\\[,;:! ]|\\q?quad(?![a-zA-Z]))"
    r"|\\text\{[^{}]*\}|\\(?:begin|end)\{[a-z]+\}|\\operatorname\{[a-z]+\}"
    r"|\\(?:left|right)\s*(?:\\[a-zA-Z]+|\\[{}|]|[()\[\]|])"
    r"|\\[a-zA-Z]+|\\[\\{}|]|\d+(?:\.\d+)?|[a-zA-Z]|[-+/^_(){}\[\]&=<>,.;:]"
)
FENCES = {
    "(": ")",
    r"\left(": r"\right)",
    r"\left|": r"\right|",
    r"\lvert": r"\rvert",
    r"\lfloor": r"\rfloor",
    r"\left\lfloor": r"\right\rfloor",
}
BIG: Mapping[str, Callable[[Iterator[Any]], Any]] = {
    r"\sum": sum,
    r"\prod": math.prod,
    r"\max": max,
    r"\min": min,
}
GREEK = frozenset(rf"\{name}" for name in ("alpha", "beta", "gamma", "delta", "lambda", "mu", "phi", "psi", "sigma"))
RELATIONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
    r"\le": operator.le,
    r"\leq": operator.le,
    r"\ge": operator.ge,
    r"\geq": operator.ge,
}
FUNCTIONS: Mapping[str, Callable[[Any], float]] = {
    r"\sin": math.sin,
    r"\cos": math.cos,
    r"\exp": math.exp,
    r"\ln": math.log,
    r"\operatorname{sgn}": lambda a: float((a > 0) - (a < 0)),
}
CONSTANTS: Mapping[str, float] = {r"\pi": math.pi, "e": math.e}


@dataclass(frozen=True, slots=True)
class Definition:
    """`name_{parameters} = formula`; the parameters are index variables."""

    name: str
    parameters: tuple[str, ...]
    formula: Formula
    free: frozenset[str]
    """Symbols of the formula that it does not bind itself."""


@dataclass(slots=True)
class Scope:
    """What symbols stand for while formulas are evaluated; a definition is evaluated when first needed, and once."""

    values: Mapping[str, Value]
    definitions: Mapping[str, Definition] = field(default_factory=dict[str, Definition])
    bound: dict[str, int] = field(default_factory=dict[str, int])
    """Index variables of the sums and definitions that are being evaluated."""
    memo: dict[tuple[str, tuple[int, ...]], Value | None] = field(
        default_factory=dict[tuple[str, tuple[int, ...]], Value | None]
    )

    def read(self, name: str, indices: tuple[int, ...]) -> Value:
        """The value of a symbol with its subscripts.

        Raises:
            LatexError: the symbol is unknown, defined by itself, or has no such element.
        """
        if name in self.definitions:
            return self._defined(self.definitions[name], indices)
        value = self.values.get(name, CONSTANTS.get(name))
        if value is None:
            raise LatexError(f"{name} is not defined")
        for index in indices:
            if not isinstance(value, np.ndarray) or not 1 <= index <= len(value):
                raise LatexError(f"{name} has no element {indices}")
            value = value[index - 1].item()
        return value

    def _defined(self, definition: Definition, indices: tuple[int, ...]) -> Value:
        key = definition.name, indices
        if key not in self.memo:
            if len(indices) != len(definition.parameters):
                raise LatexError(f"{definition.name} has {len(definition.parameters)} subscripts, not {len(indices)}")
            self.memo[key] = None
            outer, self.bound = self.bound, dict(zip(definition.parameters, indices, strict=True))
            self.memo[key] = definition.formula(self)
            self.bound = outer
        value = self.memo[key]
        if value is None:
            raise LatexError(f"{definition.name} is defined by itself")
        return value


def read_formula(text: str) -> Definition:
    """A formula without a name, such as the right-hand side of a definition.

    Raises:
        LatexError: the text is no formula.
    """
    parser = Parser(text)
    formula = parser.expression()
    parser.end()
    return Definition("", (), formula, frozenset(parser.free))


def read_definition(text: str) -> Definition:
    """A definition such as `t_i = z_i + 1` or `s = 2`.

    Raises:
        LatexError: the text is no definition.
    """
    parser = Parser(text)
    name = parser.name()
    parameters: tuple[str, ...] = ()
    if parser.accept("_"):
        parameters = parser.index_letters()
    parser.expect("=")
    with parser.binding(*parameters):
        formula = parser.expression()
    parser.end()
    return Definition(name, parameters, formula, frozenset(parser.free))


def tokenize(text: str) -> list[Token]:
    """The tokens of a LaTeX text, spaces left out.

    Raises:
        LatexError: a character has no meaning in a formula.
    """
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise LatexError(f"{text[at]!r} has no meaning in {text[max(0, at - 30) : at + 30]!r}")
        if match["skip"] is None:
            tokens.append(Token(match[0] if match[0].startswith(r"\text") else "".join(match[0].split()), at))
        at = match.end()
    return tokens


class Parser:
    """Recursive descent over one text; the methods named after parts of a formula return functions of the scope."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = [*tokenize(text), Token("", len(text))]
        self.position = 0
        self.bound: tuple[str, ...] = ()
        self.free: set[str] = set()

    @property
    def next(self) -> str:
        """The token to be read, empty at the end."""
        return self.tokens[self.position].text

    def take(self) -> str:
        token = self.next
        self.position = min(self.position + 1, len(self.tokens) - 1)
        return token

    def accept(self, *texts: str) -> str:
        """Takes the next token if it is one of these, or else returns the empty text."""
        return self.take() if self.next in texts else ""

    def expect(self, text: str) -> None:
        if not self.accept(text):
            raise self.error(f"expected {text!r}")

    def end(self) -> None:
        if self.next:
            raise self.error("the formula should have ended")

    def error(self, message: str) -> LatexError:
        at = self.tokens[self.position].at
        return LatexError(f"{message} at {self.text[at : at + 40]!r} in {self.text!r}")

    @contextmanager
    def binding(self, *names: str) -> Generator[None]:
        outer = self.bound
        self.bound = (*outer, *names)
        yield
        self.bound = outer

    def expression(self) -> Formula:
        """Terms with + and - between them, and perhaps a - before the first."""
        formula = _apply(operator.neg, self.term()) if self.accept("-") else self.term()
        while sign := self.accept("+", "-"):
            formula = _combine(operator.add if sign == "+" else operator.sub, formula, self.term())
        return formula

    def term(self) -> Formula:
        """Factors, side by side or with a dot between them."""
        formula = self.factor()
        if self.accept(r"\bmod"):
            return _combine(operator.mod, formula, self.factor())
        while self.accept(r"\cdot", r"\times") or self._starts_factor():
            formula = _combine(operator.mul, formula, self.factor())
        return formula

    def factor(self) -> Formula:
        if self.next in BIG:
            return self.big()
        if self.next in FUNCTIONS:
            return self.function()
        formula = self.atom()
        return _combine(_power, formula, self.script()) if self.accept("^") else formula

    def _starts_factor(self) -> bool:
        if self.next[:1].isdigit():
            raise self.error("a number directly after a factor")
        return (
            self.next in FENCES
            or self.next in BIG
            or self.next in FUNCTIONS
            or self.next in {r"\frac", r"\sqrt", r"\begin{cases}"}
            or self._starts_name()
        )

    def _starts_name(self) -> bool:
        return self.next in GREEK or self.next in CONSTANTS or (len(self.next) == 1 and self.next.isalpha())

    def atom(self) -> Formula:
        if self.next[:1].isdigit():
            return self.number()
        if self.next in FENCES:
            return self.fenced()
        if self.accept(r"\frac"):
            return _combine(_divide, self.group(), self.group())
        if self.accept(r"\sqrt"):
            return _apply(math.sqrt, self.group())
        if self.accept(r"\begin{cases}"):
            return self.cases()
        return self.symbol()

    def number(self) -> Formula:
        text = self.take()
        value = float(text) if "." in text else int(text)
        return lambda _: value

    def group(self) -> Formula:
        self.expect("{")
        formula = self.expression()
        self.expect("}")
        return formula

    def fenced(self) -> Formula:
        opening = self.take()
        formula = self.expression()
        self.expect(FENCES[opening])
        if "lfloor" in opening:
            return _apply(math.floor, formula)
        return formula if "(" in opening else _apply(abs, formula)

    def script(self) -> Formula:
        """What follows ^ or _: a group, or one digit or letter as TeX has it."""
        if self.next == "{":
            return self.group()
        if len(self.next) != 1:
            raise self.error("expected one digit, one letter or a group")
        return self.number() if self.next.isdigit() else self.symbol()

    def function(self) -> Formula:
        """A named function: `\\sin(a)`, or `\\sin^2(a)` for its power."""
        function = FUNCTIONS[self.take()]
        exponent = int(self._digit()) if self.accept("^") else 1
        if self.next not in {"(", r"\left("}:
            raise self.error("expected a function's argument in brackets")
        argument = self.fenced()
        if self.next == "^":
            raise self.error("a power of a function's value is written before its argument")
        return lambda scope: function(argument(scope)) ** exponent

    def _digit(self) -> str:
        if len(self.next) != 1 or not self.next.isdigit():
            raise self.error("expected one digit")
        return self.take()

    def big(self) -> Formula:
        """A sum, product, maximum or minimum: over an index, or of the arguments in brackets."""
        operation = BIG[self.take()]
        if self.next in {"(", r"\left("}:
            return self.extreme_of_arguments(operation)
        index, first, last = self.index_range()
        with self.binding(index):
            body = self.term()

        def evaluate(scope: Scope) -> Any:
            return operation(_over(scope, index, range(_integer(first(scope)), _integer(last(scope)) + 1), body))

        return evaluate

    def index_range(self) -> tuple[str, Formula, Formula]:
        """`_{i=1}^{d}` or `_{1 \\le i \\le d}`."""
        self.expect("_")
        self.expect("{")
        if self.next.isdigit():
            first = self.number()
            self.expect(r"\le")
            index = self.index_letter()
            self.expect(r"\le")
            last = self.expression()
            self.expect("}")
        else:
            index = self.index_letter()
            self.expect("=")
            first = self.expression()
            self.expect("}")
            self.expect("^")
            last = self.script()
        return index, first, last

    def extreme_of_arguments(self, operation: Callable[[Iterator[Any]], Any]) -> Formula:
        if operation not in {max, min}:
            raise self.error("a sum or product needs an index")
        opening = self.take()
        arguments = [self.expression()]
        while self.accept(","):
            arguments.append(self.expression())
        self.expect(FENCES[opening])
        return lambda scope: operation(argument(scope) for argument in arguments)

    def cases(self) -> Formula:
        rows: list[tuple[Formula, Formula]] = []
        while True:
            value = self.expression()
            self.expect("&")
            rows.append((self.condition(), value))
            if not self.accept(r"\\"):
                break
        self.expect(r"\end{cases}")

        def evaluate(scope: Scope) -> Value:
            for condition, value in rows:
                if condition(scope):
                    return value(scope)
            raise LatexError(f"no case applies in {self.text!r}")

        return evaluate

    def condition(self) -> Formula:
        """One or more comparisons with commas between them, all of which have to hold."""
        if self.accept(r"\text{otherwise}"):
            return lambda _: True
        parts = [self.comparison()]
        while self.accept(","):
            parts.append(self.comparison())
        return lambda scope: all(part(scope) for part in parts)

    def comparison(self) -> Formula:
        left = self.expression()
        if parity := self.accept(r"\text{ odd}", r"\text{ even}"):
            return lambda scope: _integer(left(scope)) % 2 == (parity == r"\text{ odd}")
        relation = self.accept(*RELATIONS)
        if not relation:
            raise self.error("expected a comparison")
        return _combine(RELATIONS[relation], left, self.expression())

    def symbol(self) -> Formula:
        """A name with its subscripts."""
        name = self.name()
        if name in self.bound:
            if self.next == "_":
                raise self.error(f"the index {name} has no subscripts")
            return lambda scope: scope.bound[name]
        self.free.add(name)
        indices = self.indices() if self.accept("_") else ()
        return lambda scope: scope.read(name, tuple(_integer(index(scope)) for index in indices))

    def name(self) -> str:
        if not self._starts_name():
            raise self.error("expected a symbol" if self.next[:1] != "\\" else f"unknown macro {self.next}")
        return self.take()

    def indices(self) -> tuple[Formula, ...]:
        if self.next != "{":
            return (self.script(),)
        self.expect("{")
        indices = [self.expression()]
        while self.accept(","):
            indices.append(self.expression())
        self.expect("}")
        return tuple(indices)

    def index_letters(self) -> tuple[str, ...]:
        """The index variables on the left-hand side of a definition."""
        if not self.accept("{"):
            return (self.index_letter(),)
        letters = [self.index_letter()]
        while self.accept(","):
            letters.append(self.index_letter())
        self.expect("}")
        return tuple(letters)

    def index_letter(self) -> str:
        if len(self.next) != 1 or not self.next.isalpha():
            raise self.error("expected the letter of an index")
        return self.take()


def _apply(function: Callable[[Any], Any], formula: Formula) -> Formula:
    return lambda scope: function(formula(scope))


def _combine(function: Callable[[Any, Any], Any], left: Formula, right: Formula) -> Formula:
    return lambda scope: function(left(scope), right(scope))


def _over(scope: Scope, index: str, values: range, body: Formula) -> Iterator[Any]:
    outer = scope.bound
    scope.bound = dict(outer)
    for value in values:
        scope.bound[index] = value
        yield body(scope)
    scope.bound = outer


def _divide(top: Any, bottom: Any) -> Any:
    # An index is exact: a whole quotient of whole numbers stays one, so that it can be a subscript.
    whole = isinstance(top, int) and isinstance(bottom, int) and bottom and top % bottom == 0
    return top // bottom if whole else top / bottom


def _power(base: Any, exponent: Any) -> Any:
    value = base**exponent
    if isinstance(value, complex):
        raise LatexError(f"{base} to the power {exponent} is not real")
    return value


def _integer(value: Any) -> int:
    if isinstance(value, int):
        return value
    raise LatexError(f"{value} is no index")
