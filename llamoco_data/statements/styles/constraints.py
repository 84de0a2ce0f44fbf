"""The constraints in a style: their numbers, the functions that they call, and the statements that compute them."""

from dataclasses import dataclass
from functools import cached_property

from llamoco_data.problems.plugin_forms import form_named
from llamoco_data.problems.spec import Constraint, ProblemSpec
from llamoco_data.statements.styles.constants import Constants
from llamoco_data.statements.styles.formulas import arguments_of, form_definition
from llamoco_data.statements.styles.remarks import remarked
from llamoco_data.statements.styles.style import Style
from llamoco_data.statements.styles.vectors import moved, selected


@dataclass(frozen=True)
class StyledConstraints:
    """The parts of a program that define its constraints, of which there is at least one."""

    spec: ProblemSpec
    style: Style

    @cached_property
    def constants(self) -> Constants:
        return Constants(self.style, self.style.names["constraint data"])

    def definitions(self) -> list[list[str]]:
        """The functions that the constraints call."""
        return [form_definition(called, form_named(name), self.style) for name, called in self._names.items()]

    def body(self) -> list[str]:
        """Statements that return both arrays at a point; they fill `constants`."""
        names = self.style.names
        g, h, lines = names["inequalities"], names["equalities"], list[str]()
        if self.spec.units:
            units = self.constants.vector(names["units"], self.spec.units)
            lines += remarked(moved(self._source, names["x"], None, units, self.style), "rescaled", self.style)
        hint = ": list[float]" if self.style.has("hints") else ""
        lines += [f"{g}{hint} = []", f"{h}{hint} = []"]
        for j, constraint in enumerate(self.spec.constraints):
            lines += self._appended(j, constraint, h if constraint.sense == "=" else g)
        return [*lines, f"return np.array({g}), np.array({h})"]

    @property
    def _source(self) -> str:
        return self.style.names["moved"] if self.spec.units else self.style.names["x"]

    @cached_property
    def _names(self) -> dict[str, str]:
        """Form -> name of its function in this program."""
        different = dict.fromkeys(constraint.form for constraint in self.spec.constraints)
        return {form: f"{self.style.names['form']}_{k + 1}" for k, form in enumerate(different)}

    def _appended(self, j: int, constraint: Constraint, to: str) -> list[str]:
        """Statements that append what is at most 0, or equal to 0, to a list."""
        left = self.style.names["left"]
        lines, variables = selected(self._source, "", constraint.variables, self.style)
        given = {
            "y": lambda: variables,
            "a": lambda: self.constants.vector(f"{self.style.names['coefficients']}_{j + 1}", constraint.coefficients),
            "c": lambda: self.constants.number(f"center_{j + 1}", constraint.center),
            "w": lambda: self.constants.number(f"width_{j + 1}", constraint.width),
        }
        arguments = [given[name]() for name in arguments_of(form_named(constraint.form))]
        lines.append(f"{left} = {self._names[constraint.form]}({', '.join(arguments)})")
        lines.append(f"{to}.append({self._residual(left, j, constraint)})")
        return remarked(lines, "equality" if constraint.sense == "=" else "inequality", self.style)

    def _residual(self, left: str, j: int, constraint: Constraint) -> str:
        if constraint.bound == 0:
            return f"-{left}" if constraint.sense == ">=" else left
        bound = self.constants.number(f"bound_{j + 1}", constraint.bound)
        if constraint.sense == ">=":
            return f"{bound} - {left}"
        return f"{left} + {bound[1:]}" if bound.startswith("-") else f"{left} - {bound}"
