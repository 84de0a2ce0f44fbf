"""Constraints and the box in LaTeX, with the vectors that the constraints' formulas name."""

import re
from dataclasses import dataclass
from functools import cached_property

from llamoco_data.problems.plugin_forms import form_named
from llamoco_data.problems.spec import Constraint, ProblemSpec
from llamoco_data.statements.latex_objective import divided_by_units, is_additive
from llamoco_data.statements.latex_style import LatexStyle, subscript
from llamoco_data.statements.numbers import latex_number, latex_numbers

MAX_UNROLLED = 4
"""Most variables whose sum is written term by term."""
WHOLE_SUM = re.compile(r"\\sum_\{i=1\}\^\{m(?P<pairs>-1)?\} (?P<term>.*)")
"""Pattern of a formula that is one sum over all its variables, or over all pairs of neighbours."""
SINGLE_TERM = re.compile(r"\\sum_\{i=(?P<first>\d)\}\^\{(?P<last>(?P=first))\} (?P<term>.*)")
UNIT_WIDTH = (
    (r"\left( <w> (y_i - <c>) \right)^2", "(y_i - <c>)^2"),
    (r"\cdot <w> ", ""),
    ("(<w> y_i)^3", "y_i^3"),
    ("<w> ", ""),
)
"""Replacements that simplify the formulas where w = 1, in this order."""
NO_CENTER = ((r"\left( y_i - <c> \right)", "y_i"), ("(y_i - <c>)", "y_i"), ("y_i - <c>", "y_i"))
"""Replacements that simplify the formulas where c = 0, in this order."""
COMPARISON = {"<=": r"\le", ">=": r"\ge", "=": "="}


@dataclass(frozen=True)
class LatexConstraints:
    """The conditions after "subject to", and the definitions that they need."""

    spec: ProblemSpec
    style: LatexStyle

    @cached_property
    def conditions(self) -> list[str]:
        """One relation a constraint, in the order of the spec."""
        if self.style.named_constraints:
            return [
                rf"{self._function(j)}(\mathbf{{x}}) {'=' if constraint.sense == '=' else COMPARISON['<=']} 0"
                for j, constraint in enumerate(self.spec.constraints)
            ]
        return [
            f"{self._formula(j)} {COMPARISON[constraint.sense]} {latex_number(constraint.bound, self.style.numbers)}"
            for j, constraint in enumerate(self.spec.constraints)
        ]

    def box(self) -> str:
        style = self.style
        dimension, (lower, upper) = self.spec.dimension, self.spec.box
        if self.spec.units:
            unit = rf"{style.units}_i"
            return rf"{_times(lower, unit, style)} \le x_i \le {_times(upper, unit, style)}, \quad {self._range()}"
        if style.interval:
            return rf"\mathbf{{x}} \in [{latex_numbers((lower, upper), style.numbers)}]^{{{dimension}}}"
        low, high = latex_number(lower, style.numbers), latex_number(upper, style.numbers)
        return rf"{low} \le x_i \le {high}, \quad {self._range()}"

    def definitions(self) -> list[str]:
        """The constraint functions, where they have names, and the vectors of their variables."""
        lines: list[str] = []
        for j, constraint in enumerate(self.spec.constraints if self.style.named_constraints else ()):
            lines.append(rf"{self._function(j)}(\mathbf{{x}}) = {self._residual(constraint, self._formula(j))}")
        if self.spec.units and self.spec.constraints:
            scaled = divided_by_units(r"\mathbf{x}", self.style)
            lines.append(f"{self.style.bold(self.style.scaled)} = {scaled}")
        for j in self._with_subset:
            entries = ", ".join(self._entry(index) for index in self.spec.constraints[j].variables)
            lines.append(f"{self._vector(self.style.variables, j, self._with_subset)} = {self.style.tuple(entries)}")
        return lines

    def data(self) -> list[str]:
        """The vectors of coefficients."""
        return [
            f"{self._vector(self.style.coefficients, j, self._with_coefficients)}"
            f" = {self.style.vector(self.spec.constraints[j].coefficients)}"
            for j in self._with_coefficients
        ]

    @cached_property
    def _with_subset(self) -> list[int]:
        return [j for j, c in enumerate(self.spec.constraints) if self._is_subset(c) and not self._is_unrolled(c)]

    @cached_property
    def _with_coefficients(self) -> list[int]:
        return [j for j, c in enumerate(self.spec.constraints) if c.coefficients and not self._is_unrolled(c)]

    def _is_unrolled(self, constraint: Constraint) -> bool:
        short = len(self._variables(constraint)) <= MAX_UNROLLED
        # Two unknowns in each term would make the sum longer than its vectors.
        simple = constraint.form != "rippled_ball"
        whole = WHOLE_SUM.fullmatch(form_named(constraint.form).latex) is not None
        return self.style.unrolled and short and simple and whole

    def _variables(self, constraint: Constraint) -> tuple[int, ...]:
        return constraint.variables or tuple(range(self.spec.dimension))

    def _is_subset(self, constraint: Constraint) -> bool:
        return self._variables(constraint) != tuple(range(self.spec.dimension))

    def _function(self, j: int) -> str:
        inequality = self.spec.constraints[j].sense != "="
        number = j + 1 if inequality else j + 1 - self.spec.num_inequality
        return ("g_" if inequality else "h_") + subscript(number)

    def _residual(self, constraint: Constraint, formula: str) -> str:
        """The expression that must be at most 0, or equal to 0."""
        bound = constraint.bound
        number = latex_number(abs(bound), self.style.numbers)
        if constraint.sense != ">=":
            return formula if bound == 0 else f"{formula} {'+' if bound < 0 else '-'} {number}"
        inner = rf"\left( {formula} \right)" if is_additive(formula) else formula
        return f"-{inner}" if bound == 0 else f"{'-' if bound < 0 else ''}{number} - {inner}"

    def _formula(self, j: int) -> str:
        constraint = self.spec.constraints[j]
        latex = _with_numbers(form_named(constraint.form).latex, constraint, self.style)
        if self._is_unrolled(constraint):
            return self._unrolled(latex, constraint)
        count = len(self._variables(constraint))
        latex = latex.replace("{m-1}", f"{{{count - 1}}}").replace("{m}", f"{{{count}}}")
        latex = SINGLE_TERM.sub(lambda match: _at(match["term"], int(match["last"])), latex)
        latex = _renamed_entries(latex, "a", self._entries(self.style.coefficients, j, self._with_coefficients))
        if not self._is_subset(constraint):
            return _renamed_entries(latex, "y", (self.style.scaled if self.spec.units else "x", ""))
        return _renamed_entries(latex, "y", self._entries(self.style.variables, j, self._with_subset))

    def _unrolled(self, latex: str, constraint: Constraint) -> str:
        whole = WHOLE_SUM.fullmatch(latex)
        assert whole is not None
        entries = [self._entry(index) for index in self._variables(constraint)]
        terms: list[str] = []
        for position, entry in enumerate(entries[:-1] if whole["pairs"] else entries):
            text = whole["term"].replace("y_{i+1}", entries[position + 1]) if whole["pairs"] else whole["term"]
            text = text.replace("y_i", entry)
            if constraint.coefficients:
                text = text.replace("a_i", _factor(constraint.coefficients[position], self.style)).strip()
            terms.append(text.replace("- ", "-", 1) if text.startswith("- ") else text)
        return " + ".join(terms).replace("+ -", "- ")

    def _entries(self, letter: str, j: int, users: list[int]) -> tuple[str, str]:
        """Letter and first index of the entries of constraint j's vector."""
        return letter, "" if len(users) == 1 else f"{users.index(j) + 1}," if j in users else ""

    def _vector(self, letter: str, j: int, users: list[int]) -> str:
        return rf"\mathbf{{{letter}}}" + ("" if len(users) == 1 else f"_{subscript(users.index(j) + 1)}")

    def _entry(self, index: int) -> str:
        return f"{self.style.scaled if self.spec.units else 'x'}_{subscript(index + 1)}"

    def _range(self) -> str:
        return rf"i = 1, \dots, {self.spec.dimension}"


def _with_numbers(latex: str, constraint: Constraint, style: LatexStyle) -> str:
    """The form's formula with its parameters c and w written in."""
    center, width = constraint.center, constraint.width
    for pattern, simpler in (UNIT_WIDTH if width == 1 else ()) + (NO_CENTER if center == 0 else ()):
        latex = latex.replace(pattern, simpler)
    latex = latex.replace("- <c>", f"{'+' if center < 0 else '-'} {latex_number(abs(center), style.numbers)}")
    latex = latex.replace("<w>", latex_number(width, style.numbers))
    return latex.replace("+ -", "- ").replace("- -", "+ ")


def _at(term: str, i: int) -> str:
    """The term of a sum at the index i."""
    return term.replace("_{i+1}", f"_{i + 1}").replace("_i", f"_{i}")


def _renamed_entries(latex: str, old: str, entries: tuple[str, str]) -> str:
    """`old_i` and `old_{i+1}` as entries of another vector, whose first index may be fixed."""
    letter, first = entries

    def renamed(match: re.Match[str]) -> str:
        index = first + match["index"].strip("{}")
        return f"{letter}_{index if len(index) == 1 else f'{{{index}}}'}"

    return re.sub(rf"(?<![A-Za-z\\]){old}_(?P<index>\w|{{[^}}]*}})", renamed, latex)


def _factor(value: float, style: LatexStyle) -> str:
    return {1.0: "", -1.0: "-"}.get(value, latex_number(value, style.numbers))


def _times(value: float, unit: str, style: LatexStyle) -> str:
    return "0" if value == 0 else f"{_factor(value, style)}{'' if abs(value) == 1 else ' '}{unit}"
