"""The numbers of one part of a program: where they stand in a style, and the expressions that refer to them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from llamoco_data.statements.code_style import MAX_LINE
from llamoco_data.statements.numbers import NumberStyle, python_number
from llamoco_data.statements.styles.style import Style

_NUMBERS = NumberStyle(whole="2.0")


def literal(value: float) -> str:
    """A float that reads back exactly."""
    return python_number(value, _NUMBERS)


def listed(before: str, values: Sequence[str], after: str) -> list[str]:
    """A list between two texts, in several lines where it is long."""
    line = f"{before}[{', '.join(values)}]{after}"
    if len(line) <= MAX_LINE:
        return [line]
    indent = " " * (len(before) - len(before.lstrip()))
    rows = [""]
    for value in values:
        if len(indent) + len(rows[-1]) + len(value) > MAX_LINE - 8:
            rows.append("")
        rows[-1] += f"{value}, "
    return [f"{before}[", *(f"{indent}    {row.rstrip()}" for row in rows), f"{indent}]{after}"]


@dataclass
class Constants:
    """The numbers that a part of a program has asked for so far."""

    style: Style
    name: str
    """Name of the dictionary, where the style has one."""
    _literals: dict[str, list[str]] = field(default_factory=dict)
    """Name -> values in Python; a number has one value."""
    _vectors: set[str] = field(default_factory=set)

    def vector(self, name: str, values: Sequence[float]) -> str:
        """The expression that refers to a vector."""
        self._vectors.add(name)
        self._literals[name] = [literal(value) for value in values]
        return self._reference(name)

    def number(self, name: str, value: float) -> str:
        """The expression that refers to a number: the number itself, where no dictionary holds it."""
        if not self.style.has("dictionary"):
            return literal(value)
        self._literals[name] = [literal(value)]
        return self._reference(name)

    def declared(self) -> list[str]:
        """Statements that define the numbers: of the module, or where there is no dictionary, of a class."""
        if not self._literals:
            return []
        if self.style.has("dictionary"):
            hint = f": dict[str, float | {self._hint}]" if self.style.has("hints") else ""
            lines = [line for name in self._literals for line in self._written(name, f'    "{name}": ', ",")]
            return [f"{self.name}{hint} = {{", *lines, "}"]
        hint = f": {self._hint}" if self.style.has("hints") else ""
        return [line for name in self._literals for line in self._written(name, f"{name}{hint} = ", "")]

    @property
    def _hint(self) -> str:
        return "np.ndarray" if self.style.arithmetic == "vectors" else "list[float]"

    def _written(self, name: str, before: str, after: str) -> list[str]:
        values = self._literals[name]
        if name not in self._vectors:
            return [f"{before}{values[0]}{after}"]
        if self.style.arithmetic == "vectors":
            return listed(f"{before}np.array(", values, f"){after}")
        return listed(before, values, after)

    def _reference(self, name: str) -> str:
        is_held = self.style.has("class")
        if self.style.has("dictionary"):
            return f'{"self." + self.style.names["held"] if is_held else self.name}["{name}"]'
        return f"self.{name}" if is_held else name
