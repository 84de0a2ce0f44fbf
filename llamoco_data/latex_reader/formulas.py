# Numbers and vectors are told apart while a formula is evaluated, and only then.
# pyright: reportExplicitAny=false
"""Reads LaTeX formulas into Python functions, by the conventions of the literature; refuses whatever it does not know.

Juxtaposition multiplies. A sum, product or maximum over an index extends over the product that follows it, up to the
next + or - at its level. Indices count from 1.
"""

import math
import operator
import re
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from llamoco_data.latex_reader import values
from llamoco_data.latex_reader.tokens import NUMBER, LatexError, tokenize
from llamoco_data.latex_reader.values import Definition, Formula, Scope, bold

FENCES = {
    "(": ")",
    "[": "]",
    r"\left(": r"\right)",
    r"\left|": r"\right|",
    r"\lfloor": r"\rfloor",
}
ROUND = frozenset(["(", r"\left("])
BIG: Mapping[str, Callable[[Iterator[Any]], Any]] = {r"\sum": sum, r"\prod": math.prod, r"\max": max, r"\min": min}
FUNCTIONS: Mapping[str, Callable[[Any], float]] = {
    r"\sin": math.sin,
    r"\cos": math.cos,
    r"\exp": math.exp,
    r"\ln": math.log,
    r"\operatorname{sgn}": lambda a: float((a > 0) - (a < 0)),
}
RELATIONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
    r"\le": operator.le,
    r"\ge": operator.ge,
}
OTHER_STARTS = frozenset([r"\frac", r"\sqrt", r"\begin{cases}", r"\operatorname{diag}", r"\pi", r"\phi"])


def read_formula(text: str) -> Formula:
    """A formula, such as the right-hand side of a definition.

    Raises:
        LatexError: the text is no formula.
    """
    return Parser(tokenize(text)).whole()


def read_definition(text: str) -> Definition:
    """A definition of a light symbol, such as `t_i = z_i + 1` or `s = 2`.

    Raises:
        LatexError: the text is no definition.
    """
    return Parser(tokenize(text)).definition()


class Parser:
    """Recursive descent over the tokens of one relation; `functions` are the names that are applied, not multiplied."""

    def __init__(self, tokens: list[str], functions: frozenset[str] = frozenset()) -> None:
        self.tokens = [*tokens, ""]
        self.functions = functions
        self.position = 0
        self.bound: tuple[str, ...] = ()

    @property
    def next(self) -> str:
        """The token to be read, empty at the end."""
        return self.tokens[self.position]

    def take(self) -> str:
        token = self.next
        self.position = min(self.position + 1, len(self.tokens) - 1)
        return token

    def accept(self, *texts: str) -> str:
        """Takes the next tokens if they are these; for one token, also the empty text where they are not."""
        if tuple(self.tokens[self.position : self.position + len(texts)]) != texts:
            return ""
        self.position += len(texts)
        return texts[0]

    def accept_any(self, texts: frozenset[str]) -> str:
        """Takes the next token if it is one of these, or else returns the empty text."""
        return self.take() if self.next in texts else ""

    def expect(self, *texts: str) -> None:
        if not self.accept(*texts):
            raise self.error(f"expected {' '.join(texts)!r}")

    def end(self) -> None:
        if self.next:
            raise self.error("expected an operator or the end")

    def error(self, message: str) -> LatexError:
        rest = " ".join(self.tokens[self.position : self.position + 12])
        return LatexError(f"{message} at {rest or 'the end'!r} of {' '.join(self.tokens)!r}")

    @contextmanager
    def binding(self, *names: str) -> Generator[None]:
        outer = self.bound
        self.bound = (*outer, *names)
        yield
        self.bound = outer

    def whole(self) -> Formula:
        """A formula that ends with the tokens."""
        formula = self.expression()
        self.end()
        return formula

    def definition(self) -> Definition:
        """`t_i = ...` or `s = ...`."""
        name = self.letter()
        indices = (self.letter(),) if self.accept("_") else ()
        self.expect("=")
        with self.binding(*indices):
            return Definition(name, indices, self.whole())

    def expression(self) -> Formula:
        """Terms with + and - between them, and perhaps a - before the first."""
        formula = _apply(operator.neg, self.term()) if self.accept("-") else self.term()
        while self.next in {"+", "-"}:
            operation = values.add if self.take() == "+" else values.subtract
            formula = _combine(operation, formula, self.term())
        return formula

    def term(self) -> Formula:
        """Factors, side by side or with an operator between them."""
        formula = self.factor()
        if self.accept(r"\bmod"):
            return _combine(lambda a, b: values.number(a) % values.number(b), formula, self.factor())
        while self.next:
            if self.accept(r"\oslash"):
                formula = _combine(values.divide_entries, formula, self.factor())
            elif self.accept(r"\cdot") or self._starts_factor():
                formula = _combine(values.multiply, formula, self.factor())
            else:
                break
        return formula

    def _starts_factor(self) -> bool:
        if NUMBER.match(self.next):
            raise self.error("a number directly after a factor")
        known = self.next in OTHER_STARTS or self.next in BIG or self.next in FUNCTIONS or self.next in FENCES
        return known or self.next.isalpha() or self.next.startswith(r"\mathbf")

    def factor(self) -> Formula:
        if self.next in BIG:
            return self.big()
        if self.next in FUNCTIONS:
            return self.function()
        formula = self.atom()
        if self.accept("^", r"\top"):
            return _apply(values.transpose, formula)
        return _combine(values.power, formula, self.script()) if self.accept("^") else formula

    def atom(self) -> Formula:
        if NUMBER.match(self.next):
            return self.number()
        if self.next in FENCES:
            return self.fenced()
        if self.next.startswith(r"\mathbf"):
            return self.vector()
        if self.accept(r"\frac"):
            return _combine(values.divide, self.group(), self.group())
        if self.accept(r"\sqrt"):
            return _apply(lambda a: math.sqrt(values.number(a)), self.group())
        if self.accept(r"\begin{cases}"):
            return self.cases()
        if self.accept(r"\operatorname{diag}", "("):
            self.position -= 1
            return _apply(values.diagonal, self.fenced())
        if self.accept(r"\|"):
            vector = self.vector()
            self.expect(r"\|")
            return _apply(lambda v: math.sqrt(values.multiply(v.T, v)), vector)
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
        """A formula in brackets, an absolute value, a floor, or a row of several formulas."""
        opening = self.take()
        entries = [self.expression()]
        while opening in {"(", "["} and self.accept(","):
            entries.append(self.expression())
        self.expect(FENCES[opening])
        if len(entries) > 1:
            return lambda scope: values.row([entry(scope) for entry in entries])
        if opening == "[":
            raise self.error("square brackets are for vectors and intervals")
        if opening in ROUND:
            return entries[0]
        function = math.floor if opening == r"\lfloor" else abs
        return _apply(lambda a: function(values.number(a)), entries[0])

    def script(self) -> Formula:
        """What follows ^ or _: a group, or one digit or letter as TeX has it."""
        if self.next == "{":
            return self.group()
        if len(self.next) != 1 or not self.next.isalnum():
            raise self.error("expected one digit, one letter or a group")
        return self.number() if self.next.isdigit() else self.symbol()

    def function(self) -> Formula:
        """A named function: `\\sin(a)`, or `\\sin^2(a)` for its power."""
        function = FUNCTIONS[self.take()]
        exponent = 1
        if self.accept("^"):
            exponent = self.digit()
        if self.next not in ROUND:
            raise self.error("expected a function's argument in brackets")
        argument = self.fenced()
        if self.next == "^":
            raise self.error("a power of a function's value is written before its argument")
        return lambda scope: function(values.number(argument(scope))) ** exponent

    def big(self) -> Formula:
        """A sum, product, maximum or minimum: over an index, or of the arguments in brackets."""
        operation = BIG[self.take()]
        if operation in {max, min} and self.next in ROUND:
            return self.extreme(operation)
        self.expect("_", "{")
        name = self.letter()
        self.expect("=")
        first = self.expression()
        self.expect("}", "^")
        last = self.script()
        with self.binding(name):
            body = self.term()

        def evaluate(scope: Scope) -> Any:
            span = range(values.index(first(scope)), values.index(last(scope)) + 1)
            return operation(_over(scope, name, span, body))

        return evaluate

    def extreme(self, operation: Callable[[Iterator[Any]], Any]) -> Formula:
        opening = self.take()
        arguments = [self.expression()]
        while self.accept(","):
            arguments.append(self.expression())
        self.expect(FENCES[opening])
        return lambda scope: operation(values.number(argument(scope)) for argument in arguments)

    def cases(self) -> Formula:
        rows: list[tuple[Formula, Formula]] = []
        while not rows or self.accept(r"\\"):
            value = self.expression()
            self.expect("&")
            rows.append((self.condition(), value))
        self.expect(r"\end{cases}")

        def evaluate(scope: Scope) -> Any:
            for condition, value in rows:
                if condition(scope):
                    return value(scope)
            raise LatexError(f"no case applies in {' '.join(self.tokens)!r}")

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
        if self.accept(r"\text{ odd}"):
            return lambda scope: values.index(left(scope)) % 2 == 1
        if self.next not in RELATIONS:
            raise self.error("expected a comparison")
        return _combine(RELATIONS[self.take()], left, self.expression())

    def symbol(self) -> Formula:
        """An index, a symbol with its subscripts, or a function with its argument."""
        if applied := self.applied():
            argument = self.fenced()
            return lambda scope: scope.call(applied, argument(scope))
        name = self.take() if self.next in {r"\pi", r"\phi"} else self.letter()
        if name in self.bound:
            if self.next == "_":
                raise self.error(f"the index {name} has no subscripts")
            return lambda scope: scope.bound[name]
        if not self.accept("_"):
            return lambda scope: scope.read(name)
        vector, at = self.subscripts()
        entry = name + vector
        return lambda scope: scope.read(entry, (values.index(at(scope)),))

    def subscripts(self) -> tuple[str, Formula]:
        """`i`, or `{2,i}` for the entries of the second of several vectors: what its name ends with, and the index."""
        if self.next != "{":
            return "", self.script()
        vector = ""
        if self.tokens[self.position + 2] == ",":
            self.expect("{")
            vector = f"_{self.digit()}"
            self.take()
            at = self.expression()
            self.expect("}")
        else:
            at = self.group()
        return vector, at

    def applied(self) -> str:
        """Takes the name of a function if one is here; empty otherwise."""
        name = "".join(self.tokens[self.position : self.position + 3])
        length = 3 if name in self.functions else 1
        if length == 1:
            name = self.next
        opens = self.tokens[self.position + length : self.position + length + 1] == ["("]
        if name not in self.functions or not opens:
            return ""
        self.position += length
        return name

    def vector(self) -> Formula:
        """A vector, perhaps with a number, or a matrix with its vector in the subscript."""
        letter = self.bold_letter()
        if self.accept("^", "{", "("):
            name = bold(f"{letter}^{{({self.digit()})}}")
            self.expect(")", "}")
            return lambda scope: scope.read(name)
        if not self.accept("_"):
            return lambda scope: scope.read(bold(letter))
        if self.accept("{"):
            subscript = self.vector()
            self.expect("}")
            return lambda scope: scope.call(bold(letter), subscript(scope))
        number = self.script()
        return lambda scope: scope.read_numbered(letter, values.index(number(scope)))

    def bold_letter(self) -> str:
        match = re.fullmatch(r"\\mathbf\{([a-zA-Z])\}", self.next)
        if match is None:
            raise self.error("expected a bold letter")
        self.take()
        return match[1]

    def letter(self) -> str:
        if len(self.next) != 1 or not self.next.isalpha():
            raise self.error("expected a number, a letter or an opening bracket")
        return self.take()

    def integer(self) -> int:
        if not self.next.isdigit():
            raise self.error("expected an integer")
        return int(self.take())

    def digit(self) -> int:
        if len(self.next) != 1 or not self.next.isdigit():
            raise self.error("expected one digit")
        return int(self.take())


def _apply(function: Callable[[Any], Any], formula: Formula) -> Formula:
    return lambda scope: function(formula(scope))


def _combine(function: Callable[[Any, Any], Any], left: Formula, right: Formula) -> Formula:
    return lambda scope: function(left(scope), right(scope))


def _over(scope: Scope, name: str, span: range, body: Formula) -> Iterator[Any]:
    outer = scope.bound
    scope.bound = dict(outer)
    for value in span:
        scope.bound[name] = value
        yield values.number(body(scope))
    scope.bound = outer
