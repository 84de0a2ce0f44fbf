"""The variables of each component in Python: lists of indices, or one order of variables that is cut into segments."""

from dataclasses import dataclass
from functools import cached_property

from llamoco_data.problems.spec import Component, ProblemSpec
from llamoco_data.statements.code_style import CodeStyle
from llamoco_data.statements.python_lines import as_slice, broken, is_range
from llamoco_data.statements.structure import Structure

MAX_LITERAL = 6
"""Most indices that are written inside an expression."""


@dataclass(frozen=True)
class PythonSegments:
    """The parts of a program that select components' variables."""

    spec: ProblemSpec
    style: CodeStyle
    in_terms: bool
    """Whether the lists of indices are part of a list of terms."""

    @cached_property
    def order(self) -> list[int]:
        """All variables in the order of the segments, where the style cuts them from one vector; else empty."""
        components = self.spec.components
        order = [index for component in components for index in component.variables]
        whole = len(Structure(self.spec).transforms) == 1 and all(component.variables for component in components)
        cut = self.style.segments != "indices" and not self.in_terms and len(components) > 1
        return order if cut and whole and len(set(order)) == len(order) else []

    def data(self) -> list[str]:
        """Assignments of lists of indices."""
        if self.in_terms or (self.order and self._is_sorted):
            return []
        if self.order:
            return [broken(f"{self.style.names['order']} = {self.order}", self.style)]
        return [
            broken(f"{self._indices_name(k)} = {list(component.variables)}", self.style)
            for k, component in enumerate(self.spec.components)
            if self._is_named(component)
        ]

    def cut(self, z: str) -> list[str]:
        """The statements that put z into the order of the segments, and cut it where the style does so in one step."""
        if not self.order:
            return []
        in_order = z if self._is_sorted else f"{z}[{self.style.names['order']}]"
        if self.style.segments == "slices":
            return [] if self._is_sorted else [f"{z} = {in_order}"]
        segments = ", ".join(self._segment(k) for k in range(len(self.spec.components)))
        return [f"{segments} = np.split({in_order}, {self._ends[:-1]})"]

    def selected(self, k: int, z: str) -> str:
        """The variables of component k, selected from the vector z that components share."""
        component = self.spec.components[k]
        if not component.variables:
            return z
        if self.order:
            if self.style.segments == "split":
                return self._segment(k)
            first, last = ([0, *self._ends][k] or "", self._ends[k])
            return f"{z}[{first}:{last if k + 1 < len(self._ends) else ''}]"
        if is_range(component.variables):
            return f"{z}{as_slice(component.variables)}"
        return f"{z}[{self._indices_name(k) if self._is_named(component) else list(component.variables)}]"

    @property
    def _is_sorted(self) -> bool:
        return self.order == list(range(len(self.order))) and len(self.order) == self.spec.dimension

    @cached_property
    def _ends(self) -> list[int]:
        ends: list[int] = []
        for component in self.spec.components:
            ends.append((ends[-1] if ends else 0) + len(component.variables))
        return ends

    def _segment(self, k: int) -> str:
        return f"{self.style.names['z']}{k + 1}"

    def _is_named(self, component: Component) -> bool:
        return len(component.variables) > MAX_LITERAL and not is_range(component.variables)

    def _indices_name(self, k: int) -> str:
        name = self.style.names["order"]
        return name if len(self.spec.components) == 1 else f"{name}{k + 1}"
