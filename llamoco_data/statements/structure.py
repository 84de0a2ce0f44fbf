"""What of a spec's vectors its objective uses, and which components share them; nothing about how it is written."""

from dataclasses import dataclass
from functools import cached_property

from llamoco_data.problems.spec import Component, ProblemSpec


@dataclass(frozen=True)
class Structure:
    """Indices into the spec, in order of use; what no component uses is left out."""

    spec: ProblemSpec

    @cached_property
    def transforms(self) -> list[tuple[int, tuple[int, ...]]]:
        """Different (shift, reflections) of the components."""
        return list(dict.fromkeys((component.shift, component.reflections) for component in self.spec.components))

    @cached_property
    def shifts(self) -> list[int]:
        return list(dict.fromkeys(shift for shift, _ in self.transforms))

    @cached_property
    def reflections(self) -> list[int]:
        return sorted({index for _, reflections in self.transforms for index in reflections})

    def transform_of(self, component: Component) -> int:
        """Index into the transforms."""
        return self.transforms.index((component.shift, component.reflections))

    def users(self, transform: int) -> list[Component]:
        return [component for component in self.spec.components if self.transform_of(component) == transform]
