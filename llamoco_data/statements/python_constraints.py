"""Constraints in Python: their coefficients and the body of `constraints(x) -> (g, h)`, in one programmer's style."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from llamoco_data.problems.plugin_forms import form_named
from llamoco_data.problems.spec import Constraint, ProblemSpec
from llamoco_data.statements.code_style import MAX_LINE, CodeStyle
from llamoco_data.statements.function_bodies import is_additive
from llamoco_data.statements.numbers import python_number, python_vector
from llamoco_data.statements.python_lines import as_slice, broken, is_range

MAX_UNROLLED = 4
"""Most variables whose sum is written term by term."""
UNROLLED: Mapping[str, str] = {
    "linear": "a * y",
    "ball": "(y - {c}) ** 2",
    "weighted_squares": "a * y**2",
    "absolute": "abs(y - {c})",
    "bilinear": "y * next",
    "differences": "(next - y) ** 2",
    "cubic": "a * ({w} * y) ** 3",
}
"""Form -> one term of its sum, in a variable y, its coefficient a, and its neighbour `next`."""
UNIT_WIDTH = (("({w} * (y - {c}))", "(y - {c})"), ("({w} * y) **", "y **"), ("{w} * ", ""))
"""Replacements that simplify the formulas where w = 1, in this order."""
NO_CENTER = (("abs(y - {c})", "abs(y)"), ("(y - {c})", "y"))
"""Replacements that simplify the formulas where c = 0, in this order."""


@dataclass(frozen=True)
class PythonConstraints:
    """The parts of a program that define `constraints`, each a list of lines."""

    spec: ProblemSpec
    style: CodeStyle

    def data(self) -> list[str]:
        """Assignments of the vectors of coefficients."""
        return [
            broken(
                f"{self._coefficients(j)} = {python_vector(constraint.coefficients, self.style.numbers)}", self.style
            )
            for j, constraint in enumerate(self.spec.constraints)
            if j in self._with_coefficients
        ]

    def body(self) -> list[str]:
        """The body of `constraints`."""
        lines: list[str] = []
        if self.spec.units:
            lines.append(f"{self._whole} = x / {self.style.names['units']}")
        residuals: list[str] = []
        for j in range(len(self.spec.constraints)):
            before, residual = self._residual(j)
            lines += before
            residuals.append(residual)
        count = self.spec.num_inequality
        if self.style.constraints == "named":
            return [*lines, *self._named(residuals)]
        g, h = self._listed("g", residuals[:count]), self._listed("h", residuals[count:])
        if self.style.constraints == "lists":
            return [*lines, *g, *h, f"return np.array(g), {'np.array(h)' if residuals[count:] else 'h'}"]
        return [*lines, *g, *h, "return g, h"]

    @cached_property
    def _with_coefficients(self) -> list[int]:
        return [j for j, c in enumerate(self.spec.constraints) if c.coefficients and not self._is_unrolled(c)]

    @property
    def _whole(self) -> str:
        """The vector of all variables, each divided by its unit."""
        return self.style.names["variables"] if self.spec.units else "x"

    def _coefficients(self, j: int) -> str:
        name = self.style.names["coefficients"]
        return name if len(self._with_coefficients) == 1 else f"{name}{self._with_coefficients.index(j) + 1}"

    def _named(self, residuals: list[str]) -> list[str]:
        names = [f"g{j + 1}" for j in range(self.spec.num_inequality)]
        names += [f"h{j + 1}" for j in range(self.spec.num_equality)]
        lines = [f"{name} = {residual}" for name, residual in zip(names, residuals, strict=True)]
        g, h = names[: self.spec.num_inequality], names[self.spec.num_inequality :]
        arrays = (f"np.array([{', '.join(each)}])" if each else self.style.empty for each in (g, h))
        return [*lines, f"return {', '.join(arrays)}"]

    def _listed(self, name: str, residuals: list[str]) -> list[str]:
        """`g` or `h`, as an array or as a list that becomes one on return."""
        if not residuals:
            return [f"{name} = {self.style.empty}"]
        opened, closed = ("[", "]") if self.style.constraints == "lists" else ("np.array([", "])")
        line = f"{name} = {opened}{', '.join(residuals)}{closed}"
        if len(line) + 4 <= MAX_LINE:
            return [line]
        return [f"{name} = {opened}", *(f"    {residual}," for residual in residuals), closed]

    def _residual(self, j: int) -> tuple[list[str], str]:
        """Statements, and the expression that should be at most 0, or equal to 0, after them."""
        constraint = self.spec.constraints[j]
        lines, value = self._left_hand_side(j)
        number = python_number(abs(constraint.bound), self.style.numbers)
        if constraint.sense != ">=":
            sign = "+" if constraint.bound < 0 else "-"
            return lines, value if constraint.bound == 0 else f"{value} {sign} {number}"
        inner = f"({value})" if is_additive(value) else value
        if constraint.bound == 0:
            return lines, f"-{inner}"
        return lines, f"{'-' if constraint.bound < 0 else ''}{number} - {inner}"

    def _left_hand_side(self, j: int) -> tuple[list[str], str]:
        constraint = self.spec.constraints[j]
        if self._is_unrolled(constraint):
            return [], self._unrolled(constraint)
        form = form_named(constraint.form)
        text = form.numpy.replace("np.sum(a * y)", self.style.dot)
        value = self._with_numbers(text, constraint)
        if constraint.coefficients:
            value = _replaced(value, "a", self._coefficients(j))
        variables = self._selected(constraint)
        uses = len(re.findall(r"\by\b", value))
        if uses == 1 or variables == self._whole:
            return [], _replaced(value, "y", variables)
        name = f"{self.style.names['variables']}{j + 1}"
        return [f"{name} = {variables}"], _replaced(value, "y", name)

    def _selected(self, constraint: Constraint) -> str:
        variables = constraint.variables
        if variables in ((), tuple(range(self.spec.dimension))):
            return self._whole
        if is_range(variables):
            return f"{self._whole}{as_slice(variables)}"
        return f"{self._whole}[{list(variables)}]"

    def _is_unrolled(self, constraint: Constraint) -> bool:
        count = len(constraint.variables) or self.spec.dimension
        return self.style.unrolled and count <= MAX_UNROLLED and constraint.form in UNROLLED

    def _unrolled(self, constraint: Constraint) -> str:
        term = self._with_numbers(UNROLLED[constraint.form], constraint)
        entries = [f"{self._whole}[{index}]" for index in constraint.variables or range(self.spec.dimension)]
        pairs = "next" in term
        summands: list[str] = []
        for position, entry in enumerate(entries[:-1] if pairs else entries):
            text = _replaced(term, "y", entry)
            if pairs:
                text = _replaced(text, "next", entries[position + 1])
            if constraint.coefficients:
                text = text.replace("a * ", self._factor(constraint.coefficients[position]), 1)
            summands.append(text)
        return " + ".join(summands).replace("+ -", "- ")

    def _factor(self, value: float) -> str:
        return {1.0: "", -1.0: "-"}.get(value, f"{python_number(value, self.style.numbers)} * ")

    def _with_numbers(self, text: str, constraint: Constraint) -> str:
        """A form's formula with its parameters c and w written in."""
        center, width = constraint.center, constraint.width
        for pattern, simpler in (UNIT_WIDTH if width == 1 else ()) + (NO_CENTER if center == 0 else ()):
            text = text.replace(pattern, simpler)
        sign = "+" if center < 0 else "-"
        text = text.replace("- {c}", f"{sign} {python_number(abs(center), self.style.numbers)}")
        text = text.replace("{w}", python_number(width, self.style.numbers))
        return text.replace("+ -", "- ").replace("- -", "+ ")


def _replaced(text: str, name: str, value: str) -> str:
    return re.sub(rf"\b{name}\b", lambda _: value, text)
