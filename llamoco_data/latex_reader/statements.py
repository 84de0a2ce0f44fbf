"""Reads a whole problem from a prompt: LaTeX formulas with a few joining words, and the budget in words.

It knows the grammar that `docs/statements.md` describes, and nothing of the package that writes such prompts.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from llamoco_data.latex_reader.formulas import RELATIONS, Parser
from llamoco_data.latex_reader.tokens import LatexError, split, tokenize
from llamoco_data.latex_reader.values import Definition, Formula, Function, Scope, Value, bold, number

Vector: TypeAlias = NDArray[np.float64]
Tokens: TypeAlias = list[str]
Named = TypeVar("Named", Definition, Function)

SEGMENT = re.compile(
    r"\\\[(.*?)\\\]|\$\$([^$]*)\$\$|\$([^$]*)\$|\\begin\{align\*\}(.*?)\\end\{align\*\}",
    re.DOTALL,
)
BUDGET = re.compile(r"(?<![\d.,])(\d+(?:,\d{3})*) (?:function |objective )?evaluations")
CONDITIONS = frozenset([r"\text{s.t.}", r"\text{subject to}"])
SEPARATORS = frozenset([r"\\", r"\quad"])
UNKNOWN = bold("x")
IDENTITY = bold("I")


@dataclass(frozen=True, slots=True)
class Condition:
    """`left relation right`, as it stands in the problem."""

    left: Formula
    relation: str
    right: Formula

    def value(self, scope: Scope) -> float:
        """What should be at most 0, or 0 for an equality."""
        left, right = number(self.left(scope)), number(self.right(scope))
        return right - left if self.relation == r"\ge" else left - right


@dataclass(frozen=True, slots=True)
class Symbols:
    """What the definitions of a statement define."""

    definitions: Mapping[str, Definition]
    functions: Mapping[str, Function]
    length: str
    """The letter for the length of a function's argument; empty where no text mentions one."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A problem as its text defines it."""

    symbols: Symbols
    objective_name: str
    conditions: tuple[Condition, ...]
    lower: Vector
    upper: Vector
    max_evaluations: int

    def objective(self, x: Vector) -> float:
        """The objective at x, shape (D,)."""
        return self._objective(_scope(self.symbols, len(self.lower), x))

    def constraints(self, x: Vector) -> tuple[Vector, Vector]:
        """(g, h) at x, shapes (P,) and (Q,), feasible where g <= 0 and h = 0."""
        return self._constraints(_scope(self.symbols, len(self.lower), x))

    def check(self) -> None:
        """Evaluates everything once.

        Raises:
            LatexError: something is undefined, defined and never used, or does not fit.
        """
        scope = _scope(self.symbols, len(self.lower), (self.lower + self.upper) / 2)
        self._objective(scope)
        self._constraints(scope)
        defined = {*self.symbols.definitions, *self.symbols.functions}
        for function in self.symbols.functions.values():
            defined |= {f"{function.name}: {auxiliary}" for auxiliary in function.auxiliaries}
        if unused := defined - scope.used:
            raise LatexError(f"defined and never used: {', '.join(sorted(unused))}")

    def _objective(self, scope: Scope) -> float:
        return float(number(scope.call(self.objective_name, scope.read(UNKNOWN))))

    def _constraints(self, scope: Scope) -> tuple[Vector, Vector]:
        g = [condition.value(scope) for condition in self.conditions if condition.relation != "="]
        h = [condition.value(scope) for condition in self.conditions if condition.relation == "="]
        return np.array(g, dtype=float), np.array(h, dtype=float)


def read_statement(prompt: str) -> Statement:
    """The problem that a prompt states.

    Raises:
        LatexError: the prompt is outside the grammar, or what it defines does not fit together.
    """
    segments, words = _segments(prompt)
    relations: list[Tokens] = []
    conditions: list[Tokens] = []
    for segment in segments:
        before, after = _relations(segment)
        relations += before
        conditions += after
    dimension, relations = _read_header(relations)
    objective = _function_head(relations[0])[0]
    symbols = _Definitions(relations).symbols
    names = frozenset(symbols.functions)
    constraints, (lower, upper) = _read_box(conditions, dimension, symbols)
    read_constraints = tuple(_read_constraint(tokens, names) for tokens in constraints)
    statement = Statement(symbols, objective, read_constraints, lower, upper, _budget(words))
    statement.check()
    return statement


def _scope(symbols: Symbols, dimension: int, x: Vector | None, bound: dict[str, int] | None = None) -> Scope:
    values: dict[str, Value] = {IDENTITY: np.eye(dimension)}
    if x is not None:
        if x.shape != (dimension,):
            raise ValueError(f"x must have shape ({dimension},), got {x.shape}")
        values[UNKNOWN] = x.reshape(-1, 1)
    return Scope(values, symbols.definitions, symbols.functions, symbols.length, bound=bound or {})


def _segments(prompt: str) -> tuple[list[Tokens], str]:
    """The mathematics, and the words between, in which no LaTeX may be left."""
    words = SEGMENT.sub(" ", prompt)
    if "\\" in words or "$" in words:
        raise LatexError(f"mathematics outside of a segment, or a segment without an end: {words!r}")
    return [tokenize("".join(match.groups(""))) for match in SEGMENT.finditer(prompt)], words


def _budget(words: str) -> int:
    budgets = {int(match.replace(",", "")) for match in BUDGET.findall(words)}
    if len(budgets) != 1:
        raise LatexError(f"expected one evaluation budget, found {sorted(budgets)}")
    return budgets.pop()


def _relations(segment: Tokens) -> tuple[list[Tokens], list[Tokens]]:
    """The relations of a segment before and after `subject to`."""
    halves = split([token for part in split(segment, frozenset("&")) for token in part], CONDITIONS)
    if len(halves) > 2:
        raise LatexError("two times 'subject to'")
    before, after = [list(_without_punctuation(half)) for half in (*halves, [])[:2]]
    return before, after


def _without_punctuation(tokens: Tokens) -> Iterator[Tokens]:
    for part in split(tokens, SEPARATORS):
        relation = part[:-1] if part[-1:] == [","] else part
        if relation:
            yield relation


def _read_header(relations: list[Tokens]) -> tuple[int, list[Tokens]]:
    r"""The dimension from `\min_{\mathbf{x} \in \mathbb{R}^{10}}`, and the relations without it."""
    if not relations:
        raise LatexError("no mathematics")
    parser = Parser(relations[0])
    parser.expect(r"\min", "_", "{", UNKNOWN, r"\in", r"\mathbb{R}", "^", "{")
    dimension = parser.integer()
    parser.expect("}", "}")
    rest = relations[0][parser.position :]
    relations = [*([rest] if rest else []), *relations[1:]]
    if not relations or not _function_head(relations[0])[0]:
        raise LatexError(r"no objective after \min")
    return dimension, relations


class _Definitions:
    """Reads relations in their order; what a symbol may belong to depends on the one before."""

    def __init__(self, relations: list[Tokens]) -> None:
        self._functions: dict[str, Function] = {}
        self._definitions: dict[str, Definition] = {}
        self._lengths: list[str] = []
        self._latest: Function | None = None
        """The function to which the next auxiliary symbol belongs."""
        heads = [_function_head(relation) for relation in relations]
        self._names = frozenset(name for name, _ in heads if name)
        for place, (relation, (name, argument)) in enumerate(zip(relations, heads, strict=True)):
            if name:
                self._function(relation, name, argument, bare=place == 0)
            elif relation[0].startswith(r"\mathbf"):
                self._vector(relation)
            else:
                self._light(relation)

    @property
    def symbols(self) -> Symbols:
        if len(self._lengths) > 1:
            raise LatexError(f"several letters alone: {self._lengths}")
        return Symbols(self._definitions, self._functions, "".join(self._lengths))

    def _function(self, relation: Tokens, name: str, argument: str, bare: bool) -> None:
        body = relation[relation.index(")") + 1 :]
        if body or not bare:
            self._latest = Function(name, argument, self._right_hand_side(body))
            _add(self._functions, self._latest)

    def _vector(self, relation: Tokens) -> None:
        """A vector, or a matrix for any vector or number in its subscript."""
        self._latest = None
        left = split(relation, frozenset("="))[0]
        body = relation[len(left) :]
        match left:
            case [symbol]:
                _add(self._definitions, Definition(symbol, (), self._right_hand_side(body)))
            case [symbol, "_", number] if number.isdigit():
                _add(self._definitions, Definition(f"{symbol[:-1]}_{number}}}", (), self._right_hand_side(body)))
            case [symbol, "^", "{", "(", number, ")", "}"] if number.isdigit():
                name = bold(f"{symbol[8:-1]}^{{({number})}}")
                _add(self._definitions, Definition(name, (), self._right_hand_side(body)))
            case [symbol, "_", "{", argument, "}"] if argument.startswith(r"\mathbf"):
                _add(self._functions, Function(symbol, argument, self._right_hand_side(body)))
            case [symbol, "_", index] if index.isalpha():
                _add(self._definitions, Definition(symbol, (index,), self._right_hand_side(body, index)))
            case _:
                raise LatexError(f"not the name of a vector: {' '.join(left)!r}")

    def _light(self, relation: Tokens) -> None:
        """A letter alone, the length of a vector, or an auxiliary symbol."""
        if len(relation) == 1 and relation[0].isalpha():
            self._lengths.append(relation[0])
            return
        definition = Parser(relation, self._names).definition()
        if self._latest is not None:
            _add(self._latest.auxiliaries, definition)
        elif len(relation) == 3 and relation[2].isdigit():
            _add(self._definitions, definition)
        else:
            raise LatexError(f"{definition.name} belongs to no function")

    def _right_hand_side(self, tokens: Tokens, *indices: str) -> Formula:
        parser = Parser(tokens, self._names)
        parser.expect("=")
        with parser.binding(*indices):
            return parser.whole()


def _function_head(relation: Tokens) -> tuple[str, str]:
    r"""Name and argument of a relation that begins like `f_1(\mathbf{z})`; empty for others."""
    match relation:
        case [letter, "_", number, "(", argument, ")", *_] if number.isdigit() and argument.startswith(r"\mathbf"):
            return f"{letter}_{number}", argument
        case [letter, "(", argument, ")", *_] if argument.startswith(r"\mathbf"):
            return letter, argument
        case _:
            return "", ""


def _add(target: dict[str, Named], definition: Named) -> None:
    if definition.name in target:
        raise LatexError(f"{definition.name} is defined twice")
    target[definition.name] = definition


def _read_box(conditions: list[Tokens], dimension: int, symbols: Symbols) -> tuple[list[Tokens], tuple[Vector, Vector]]:
    """The conditions without the last, which is the box, and its bounds."""
    if conditions and conditions[-1][:2] == [UNKNOWN, r"\in"]:
        return conditions[:-1], _read_interval(conditions[-1], dimension)
    if len(conditions) < 2:
        raise LatexError("no box")
    return conditions[:-2], _read_chain(conditions[-2], conditions[-1], dimension, symbols)


def _read_interval(tokens: Tokens, dimension: int) -> tuple[Vector, Vector]:
    r"""`\mathbf{x} \in [-5, 5]^{10}`."""
    parser = Parser(tokens)
    parser.expect(UNKNOWN, r"\in", "[")
    lower = parser.expression()
    parser.expect(",")
    upper = parser.expression()
    parser.expect("]", "^", "{", str(dimension), "}")
    parser.end()
    return np.full(dimension, float(lower(Scope({})))), np.full(dimension, float(upper(Scope({}))))


def _read_chain(tokens: Tokens, span: Tokens, dimension: int, symbols: Symbols) -> tuple[Vector, Vector]:
    r"""`-5 s_i \le x_i \le 5 s_i`, then `i = 1, \dots, 10`."""
    match split(tokens, frozenset([r"\le"])):
        case [lower, ["x", "_", index], upper]:
            pass
        case _:
            raise LatexError(f"not a box: {' '.join(tokens)!r}")
    if span != [index, "=", "1", ",", r"\dots", ",", str(dimension)]:
        raise LatexError(f"not the range of {index}: {' '.join(span)!r}")
    bounds: list[Vector] = []
    for side in (lower, upper):
        parser = Parser(side)
        with parser.binding(index):
            formula = parser.whole()
        scopes = [_scope(symbols, dimension, None, {index: i}) for i in range(1, dimension + 1)]
        bounds.append(np.array([float(number(formula(scope))) for scope in scopes]))
    return bounds[0], bounds[1]


def _read_constraint(tokens: Tokens, names: frozenset[str]) -> Condition:
    sides = split(tokens, frozenset(RELATIONS))
    if len(sides) != 2:
        raise LatexError(f"not a constraint: {' '.join(tokens)!r}")
    relation = tokens[len(sides[0])]
    if relation not in {r"\le", r"\ge", "="}:
        raise LatexError(f"a constraint with {relation}")
    return Condition(Parser(sides[0], names).whole(), relation, Parser(sides[1], names).whole())
