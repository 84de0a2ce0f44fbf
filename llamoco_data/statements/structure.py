"""The vectors of a spec that its objective uses, and the components that share them, without any style of writing."""

from dataclasses import dataclass
from functools import cached_property

from llamoco_data.problems.spec import Component, ProblemSpec


@dataclass(frozen=True)
class Structure:
    """Indices into the vectors of a spec, without those that no component uses."""

    spec: ProblemSpec

    @cached_property
    def transforms(self) -> list[tuple[int, tuple[int, ...]]]:
        """The different pairs (shift, reflections) of the components, in order of use."""
        return list(dict.fromkeys((component.shift, component.reflections) for component in self.spec.components))

    @cached_property
    def shifts(self) -> list[int]:
        return list(dict.fromkeys(shift for shift, _ in self.transforms))

    @cached_property
    def reflections(self) -> list[int]:
        return sorted({index for _, reflections in self.transforms for index in reflections})

    def transform_of(self, component: Component) -> int:
        """Index of a component's transform."""
        return self.transforms.index((component.shift, component.reflections))

    def users(self, transform: int) -> list[Component]:
        return [component for component in self.spec.components if self.transform_of(component) == transform]
