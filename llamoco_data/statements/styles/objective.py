"""The objective in a style: its numbers, the functions that it calls, and the statements that compute it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from llamoco_data.problems.plugin_functions import function_named
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.statements.structure import Structure
from llamoco_data.statements.styles.constants import Constants
from llamoco_data.statements.styles.formulas import function_definition
from llamoco_data.statements.styles.remarks import remarked
from llamoco_data.statements.styles.style import Style
from llamoco_data.statements.styles.vectors import moved, reflection, selected


@dataclass(frozen=True)
class StyledObjective:
    """The parts of a program that define its objective."""

    spec: ProblemSpec
    style: Style

    @cached_property
    def constants(self) -> Constants:
        return Constants(self.style, self.style.names["objective data"])

    def definitions(self) -> list[list[str]]:
        """The functions that the objective calls."""
        turned = remarked(reflection(self.style), "reflected", self.style) if self._structure.reflections else []
        basic = [function_definition(called, function_named(name), self.style) for name, called in self._names.items()]
        return [*([turned] if turned else []), *basic]

    def body(self) -> list[str]:
        """Statements that return the value at a point; they fill `constants`."""
        spec, total = self.spec, self.style.names["value"]
        lines = [line for k in range(len(self._structure.transforms)) for line in self._transformed(k)]
        lines.append(f"{total} = {self.constants.number('offset', spec.offset)}")
        for k, component in enumerate(spec.components):
            source = self._moved(self._structure.transform_of(component))
            factor = "" if component.scale == 1 else self.constants.number(self._numbered("scale", k), component.scale)
            before, argument = selected(source, factor, component.variables, self.style)
            called = f"{self._names[component.function]}({argument})"
            if component.weight != 1:
                called = f"{self.constants.number(self._numbered('weight', k), component.weight)} * {called}"
            lines += remarked([*before, f"{total} += {called}"], "part", self.style)
        return [*lines, f"return {total}"]

    @cached_property
    def _structure(self) -> Structure:
        return Structure(self.spec)

    @cached_property
    def _names(self) -> dict[str, str]:
        """Name in the catalogue -> name in this program, of each basic function."""
        return {
            name: f"{self.style.names['function']}_{k + 1}" for k, name in enumerate(dict.fromkeys(self.spec.functions))
        }

    def _numbered(self, name: str, k: int) -> str:
        return name if len(self.spec.components) == 1 else f"{name}_{k + 1}"

    def _moved(self, transform: int) -> str:
        name = self.style.names["moved"]
        return name if len(self._structure.transforms) == 1 else f"{name}_{transform + 1}"

    def _transformed(self, transform: int) -> list[str]:
        """Statements that assign a transform's vector."""
        spec, names, target = self.spec, self.style.names, self._moved(transform)
        shift, reflections = self._structure.transforms[transform]
        lines = moved(
            target, names["x"], self._vector("shift", shift, self._structure.shifts), self._units(), self.style
        )
        lines = remarked(lines, "moved with units" if spec.units else "moved", self.style)
        turned = [
            f"{target} = {names['reflected']}({target}, {self._vector('vector', index, self._structure.reflections)})"
            for index in reflections
        ]
        return [*lines, *(remarked(turned, "turned", self.style) if turned else [])]

    def _units(self) -> str | None:
        return self.constants.vector(self.style.names["units"], self.spec.units) if self.spec.units else None

    def _vector(self, role: str, index: int, used: Sequence[int]) -> str:
        """The expression of one of the vectors of a role."""
        name = self.style.names[role]
        name = name if len(used) == 1 else f"{name}_{list(used).index(index) + 1}"
        values = self.spec.shifts[index] if role == "shift" else tuple(map(float, self.spec.reflections[index]))
        return self.constants.vector(name, values)
