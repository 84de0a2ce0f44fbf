"""Shifts, units and rotations in Python: their vectors, their helper, and the statements that apply them to x."""

from dataclasses import dataclass
from functools import cached_property

from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.statements.code_style import CodeStyle
from llamoco_data.statements.numbers import python_number, python_vector
from llamoco_data.statements.python_lines import broken, product
from llamoco_data.statements.structure import Structure


@dataclass(frozen=True)
class PythonTransforms:
    """The parts of a program that make the variables of the basic functions from x."""

    spec: ProblemSpec
    style: CodeStyle

    @cached_property
    def structure(self) -> Structure:
        return Structure(self.spec)

    def data(self) -> list[str]:
        """Assignments of the shifts and of the reflections' vectors."""
        spec, style, structure = self.spec, self.style, self.structure
        vectors = {self.shift(index): spec.shifts[index] for index in structure.shifts}
        for index in structure.reflections:
            vectors[self._vector(index)] = tuple(map(float, spec.reflections[index]))
        return [broken(f"{name} = {python_vector(values, style.numbers)}", style) for name, values in vectors.items()]

    def helper(self) -> list[str]:
        """The function that reflects a vector or makes a reflection's matrix; empty where either is written out."""
        style, names = self.style, self.style.names
        z, v = names["z"], names["vector"]
        if not self.structure.reflections or style.rotation == "statements":
            return []
        if style.rotation == "function":
            return [f"def {names['reflect']}({z}, {v}):", f"    return {_reflected(z, v)}"]
        if len(self.structure.reflections) == 1:
            return []
        return [f"def {names['reflection']}({v}):", f"    return {_matrix_of(v, f'len({v})')}"]

    def matrices(self) -> list[str]:
        """Assignments of rotation matrices, which use the data and the helper."""
        if self.style.rotation != "matrix":
            return []
        lines: list[str] = []
        for reflections in self._rotations:
            vectors = [self._vector(index) for index in reversed(reflections)]
            calls = [f"{self.style.names['reflection']}({v})" for v in vectors]
            alone = len(self.structure.reflections) == 1
            value = _matrix_of(vectors[0], str(self.spec.dimension)) if alone else " @ ".join(calls)
            lines.append(f"{self._matrix(reflections)} = {value}")
        return lines

    def z(self, transform: int) -> str:
        return self._numbered("z", transform, len(self.structure.transforms))

    def shift(self, index: int) -> str:
        shifts = self.structure.shifts
        return self._numbered("shift", shifts.index(index), len(shifts))

    def value(self, shift: str, reflections: tuple[int, ...]) -> str:
        """A transform as one expression, without its scale."""
        value = self._shifted(shift)
        if not reflections:
            return value
        if self.style.rotation == "matrix":
            return f"{self._matrix(reflections)} @ ({value})"
        for index in reflections:
            value = f"{self.style.names['reflect']}({value}, {self._vector(index)})"
        return value

    def assigned(self, transform: int, scale: float) -> list[str]:
        """The statements that assign a transform's vector times a scale."""
        shift, reflections = self.structure.transforms[transform]
        z, name = self.z(transform), self.shift(shift)
        if reflections and self.style.rotation == "statements":
            scaled = [] if scale == 1 else [f"{z} = {python_number(scale, self.style.numbers)} * {z}"]
            return [f"{z} = {self._shifted(name)}", *self._reflecting(z, reflections), *scaled]
        value = self.value(name, reflections)
        called = reflections and self.style.rotation == "function"
        return [f"{z} = {value if scale == 1 else product(scale, value if called else f'({value})', self.style)}"]

    @cached_property
    def _rotations(self) -> list[tuple[int, ...]]:
        """The different products of reflections."""
        return list(dict.fromkeys(reflections for _, reflections in self.structure.transforms if reflections))

    def _shifted(self, shift: str) -> str:
        difference = f"x - {shift}"
        return f"({difference}) / {self.style.names['units']}" if self.spec.units else difference

    def _reflecting(self, z: str, reflections: tuple[int, ...]) -> list[str]:
        vectors = [self._vector(index) for index in reflections]
        if len(vectors) == 1:
            return [f"{z} = {_reflected(z, vectors[0])}"]
        v = self.style.names["vector"]
        return [f"for {v} in ({', '.join(vectors)}):", f"    {z} = {_reflected(z, v)}"]

    def _numbered(self, role: str, number: int, count: int) -> str:
        name = self.style.names[role]
        if count == 1:
            return name
        return f"{name}_{number + 1}" if name[-1].isdigit() else f"{name}{number + 1}"

    def _vector(self, index: int) -> str:
        reflections = self.structure.reflections
        return self._numbered("vector", reflections.index(index), len(reflections))

    def _matrix(self, reflections: tuple[int, ...]) -> str:
        return self._numbered("matrix", self._rotations.index(reflections), len(self._rotations))


def _reflected(z: str, v: str) -> str:
    return f"{z} - 2 * ({v} @ {z}) / ({v} @ {v}) * {v}"


def _matrix_of(v: str, size: str) -> str:
    return f"np.eye({size}) - 2 * np.outer({v}, {v}) / ({v} @ {v})"
