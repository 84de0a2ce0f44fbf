"""The objective in Python: its data, its helper functions and its own definition, in one programmer's style."""

from dataclasses import dataclass
from functools import cached_property

from llamoco_data.problems.plugin_functions import function_named
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.statements.code_style import CodeStyle
from llamoco_data.statements.function_bodies import is_additive, loop_body, numpy_body, renamed
from llamoco_data.statements.numbers import python_number
from llamoco_data.statements.python_lines import product, returned
from llamoco_data.statements.python_segments import PythonSegments
from llamoco_data.statements.python_transforms import PythonTransforms
from llamoco_data.statements.structure import Structure


@dataclass(frozen=True)
class PythonObjective:
    """The parts of a program that define `objective`, each a list of lines."""

    spec: ProblemSpec
    style: CodeStyle

    @cached_property
    def transforms(self) -> PythonTransforms:
        return PythonTransforms(self.spec, self.style)

    @cached_property
    def segments(self) -> PythonSegments:
        return PythonSegments(self.spec, self.style, self._sums_terms)

    @cached_property
    def functions(self) -> dict[str, str]:
        """Name in the catalogue -> name in this program, of each basic function."""
        different = list(dict.fromkeys(self.spec.functions))
        if self.style.functions == "catalogue":
            return {name: name for name in different}
        return {name: self.style.functions.format(number=k + 1, letter=chr(97 + k)) for k, name in enumerate(different)}

    @property
    def inlined(self) -> bool:
        return self.style.inlined and len(self.spec.components) == 1

    def data(self) -> list[str]:
        return [*self.transforms.data(), *self.segments.data()]

    def helpers(self) -> list[list[str]]:
        """The definitions of the basic functions."""
        return [] if self.inlined else [self._function(name) for name in self.functions]

    def terms(self) -> list[str]:
        """The list of terms that the objective sums up, where it has one, which uses the data and the helpers."""
        if not self._sums_terms:
            return []
        rows = [f"    ({', '.join(self._row(k))})," for k in range(len(self.spec.components))]
        return [f"{self.style.names['terms']} = [", *rows, "]"]

    def body(self) -> list[str]:
        """The body of `objective`."""
        if self.inlined:
            return self._inlined_body()
        if self._sums_terms:
            return self._terms_body()
        lines = [
            line
            for transform in range(len(self._structure.transforms))
            for line in self.transforms.assigned(transform, self._shared_scale(transform))
        ]
        lines += self.segments.cut(self.transforms.z(0))
        products = [
            product(component.weight, f"{self.functions[component.function]}({self._argument(k)})", self.style)
            for k, component in enumerate(self.spec.components)
        ]
        if self.style.summation == "steps" and len(products) > 1:
            total = self.style.names["total"]
            start = python_number(self.spec.offset, self.style.numbers)
            return [*lines, f"{total} = {start}", *(f"{total} += {value}" for value in products), f"return {total}"]
        return [*lines, *returned([*products, *self._offset()])]

    @cached_property
    def _structure(self) -> Structure:
        return Structure(self.spec)

    @cached_property
    def _sums_terms(self) -> bool:
        components = self.spec.components
        same_rotation = len({component.reflections for component in components}) == 1
        expressible = self.style.rotation != "statements" or len(self._structure.transforms) == 1
        return self.style.summation == "terms" and same_rotation and expressible and len(components) > 2

    def _shared_scale(self, transform: int) -> float:
        """The scale of all components of a transform, or 1 where they differ."""
        scales = {component.scale for component in self._structure.users(transform)}
        return scales.pop() if len(scales) == 1 else 1.0

    def _argument(self, k: int) -> str:
        """The expression that component k's function is applied to."""
        component = self.spec.components[k]
        transform = self._structure.transform_of(component)
        scale = 1.0 if self._shared_scale(transform) != 1 else component.scale
        return product(scale, self.segments.selected(k, self.transforms.z(transform)), self.style)

    def _offset(self) -> list[str]:
        return [python_number(self.spec.offset, self.style.numbers)] if self.spec.offset else []

    def _function(self, name: str) -> list[str]:
        """One basic function, as a def or a lambda."""
        called, z = self.functions[name], self.style.names["z"]
        body = self._function_body(name)
        if self.style.lambdas and len(body) == 1:
            return [f"{called} = lambda {z}: {body[0].removeprefix('return ')}"]
        documented = self.style.remarks == "docstrings" and self.style.functions == "catalogue"
        title = [f'    """{function_named(name).title}."""'] if documented else []
        return [f"def {called}({z}):", *title, *(f"    {line}" for line in body)]

    def _function_body(self, name: str) -> list[str]:
        z = self.style.names["z"]
        lines = renamed(loop_body(name) if self.style.loops else numpy_body(name), z)
        return [line.replace(f"{z}.size", f"len({z})") for line in lines] if self.style.length == "len(z)" else lines

    def _inlined_body(self) -> list[str]:
        component = self.spec.components[0]
        z = self.transforms.z(0)
        lines = self.transforms.assigned(0, component.scale)
        if component.variables:
            lines.append(f"{z} = {self.segments.selected(0, z)}")
        *before, last = self._function_body(component.function)
        value = last.removeprefix("return ")
        if component.weight != 1 and is_additive(value):
            value = f"({value})"
        return [*lines, *before, *returned([product(component.weight, value, self.style), *self._offset()])]

    @cached_property
    def _fields(self) -> list[str]:
        """The fields of a term, without those that all terms share."""
        components = self.spec.components
        used = {
            "s": any(component.scale != 1 for component in components),
            "i": any(component.variables for component in components),
            "o": len(self._structure.shifts) > 1,
        }
        return ["w", "f", *(name for name, is_used in used.items() if is_used)]

    def _row(self, k: int) -> list[str]:
        component = self.spec.components[k]
        fields = {
            "w": python_number(component.weight, self.style.numbers),
            "f": self.functions[component.function],
            "s": python_number(component.scale, self.style.numbers),
            "i": str(list(component.variables or range(self.spec.dimension))),
            "o": self.transforms.shift(component.shift),
        }
        return [fields[name] for name in self._fields]

    def _terms_body(self) -> list[str]:
        fields, reflections = self._fields, self.spec.components[0].reflections
        if "o" in fields:
            lines, argument = [], self.transforms.value("o", reflections)
            called = bool(reflections) and self.style.rotation == "function"
            if "i" in fields or ("s" in fields and not called):
                argument = f"({argument})"
        else:
            lines, argument = self.transforms.assigned(0, 1.0), self.transforms.z(0)
        argument = f"{argument}[i]" if "i" in fields else argument
        argument = f"s * {argument}" if "s" in fields else argument
        loop = f"for {', '.join(fields)} in {self.style.names['terms']}"
        return [*lines, *returned([f"sum(w * f({argument}) {loop})", *self._offset()])]
