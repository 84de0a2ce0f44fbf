"""The objective in LaTeX: f, its basic functions, their arguments, and the vectors of numbers in those."""

import re
from dataclasses import dataclass
from functools import cached_property

from llamoco_data.problems.plugin_functions import function_named
from llamoco_data.problems.spec import Component, ProblemSpec
from llamoco_data.statements.latex_style import LatexStyle, rename, subscript
from llamoco_data.statements.numbers import latex_number
from llamoco_data.statements.structure import Structure


@dataclass(frozen=True)
class LatexObjective:
    """The relations that define f, each a line of one or more relations."""

    spec: ProblemSpec
    style: LatexStyle

    @cached_property
    def structure(self) -> Structure:
        return Structure(self.spec)

    @property
    def inlined(self) -> bool:
        first, *others = self.spec.components
        return not others and (self.style.inlined or (first.weight == 1 and self.spec.offset == 0))

    def definition(self) -> str:
        r"""The relation `f(\mathbf{x}) = ...`."""
        offset = _added(self.spec.offset, self.style)
        if self.inlined:
            component = self.spec.components[0]
            return rf"f(\mathbf{{x}}) = {_weighted(component.weight, self.formulas(component)[0], self.style)}{offset}"
        terms = [
            _weighted(component.weight, f"{self.function(k)}({self.argument(k)})", self.style)
            for k, component in enumerate(self.spec.components)
        ]
        return rf"f(\mathbf{{x}}) = {' + '.join(terms)}{offset}"

    def functions(self) -> list[str]:
        """The definitions of the basic functions and their auxiliary ones; only the latter where f is written out."""
        if self.inlined:
            _, where = self.formulas(self.spec.components[0])
            return [r", \quad ".join(where)] if where else []
        lines: list[str] = []
        for k, component in enumerate(self.spec.components):
            formula, where = self.formulas(component)
            head = f"{self.function(k)}({self.style.bold(self.style.argument)}) = {formula}"
            lines.append(r", \quad ".join([head, *where]))
        return lines

    def arguments(self) -> list[str]:
        """The vectors that the basic functions are applied to, and the reflections."""
        lines = [
            f"{self.base(t)} = {self._transformed(1.0, *transform)}"
            for t, transform in enumerate(self.structure.transforms)
            if self._has_base(t)
        ]
        for k, component in enumerate(self.spec.components):
            if self._is_named(component):
                lines.append(f"{self.argument_name(k)} = {self._argument_value(component)}")
        if self.inlined:
            lines[-1] += self._length()
        if self.structure.reflections:
            lines.append(self._reflection())
        return lines

    def data(self) -> list[str]:
        """Vectors of numbers: shifts, reflections' vectors, units."""
        style, spec = self.style, self.spec
        lines = [f"{self._shift(shift)} = {style.vector(spec.shifts[shift])}" for shift in self.structure.shifts]
        lines += [
            f"{self._reflection_vector(index)} = {style.vector(map(float, spec.reflections[index]))}"
            for index in self.structure.reflections
        ]
        if spec.units:
            lines.append(f"{style.bold(style.units)} = {style.vector(spec.units)}")
        return lines

    def function(self, k: int) -> str:
        return f"{self.style.function}_{k + 1}"

    def formulas(self, component: Component) -> tuple[str, list[str]]:
        """The formula of a component's basic function and its auxiliary definitions, in the writer's letters."""
        function = function_named(component.function)
        letters = (("z", self.style.argument), ("d", self.style.dimension))
        texts = [function.latex, *function.where]
        for old, new in letters:
            texts = [rename(text, old, new) for text in texts]
        return texts[0], texts[1:]

    def argument(self, k: int) -> str:
        component = self.spec.components[k]
        if self._is_named(component):
            return self.argument_name(k)
        return _scaled(component.scale, self.base(self.structure.transform_of(component)), self.style)

    def argument_name(self, k: int) -> str:
        several = len(self.spec.components) > 1
        return self.style.bold(self.style.argument, k + 1 if several else None)

    def base(self, transform: int) -> str:
        style = self.style
        alone = len(self.structure.transforms) == 1
        # Without arguments of their own, the functions share a vector that takes their letter.
        named = any(self._is_named(component) for component in self.spec.components)
        letter = rf"\mathbf{{{style.base if named else style.argument}}}"
        return letter if alone else f"{letter}_{subscript(transform + 1)}"

    def _length(self) -> str:
        """The definition of the argument's length, where a formula that is written out uses its letter."""
        component, letter = self.spec.components[0], self.style.dimension
        formula, where = self.formulas(component)
        if all(rename(text, letter, "") == text for text in (formula, *where)):
            return ""
        return rf", \quad {letter} = {len(component.variables) or self.spec.dimension}"

    def _has_base(self, transform: int) -> bool:
        users = self.structure.users(transform)
        return len(users) > 1 or bool(users[0].variables)

    def _is_named(self, component: Component) -> bool:
        return bool(component.variables) or not self._has_base(self.structure.transform_of(component))

    def _argument_value(self, component: Component) -> str:
        transform = self.structure.transform_of(component)
        if not component.variables:
            return self._transformed(component.scale, *self.structure.transforms[transform])
        entries = ", ".join(self._base_entry(transform, index) for index in component.variables)
        return _scaled(component.scale, self.style.tuple(entries), self.style)

    def _base_entry(self, transform: int, index: int) -> str:
        base = self.style.base
        if len(self.structure.transforms) == 1:
            return f"{base}_{subscript(index + 1)}"
        return f"{base}_{{{transform + 1},{index + 1}}}"

    def _transformed(self, scale: float, shift: int, reflections: tuple[int, ...]) -> str:
        difference = rf"\mathbf{{x}} - {self._shift(shift)}"
        if scale == 1 and not reflections and not self.spec.units:
            return difference
        difference = f"({difference})"
        if self.spec.units:
            difference = divided_by_units(difference, self.style)
            if reflections and self.style.slashed:
                difference = rf"\left( {difference} \right)"
        rotations = [self._rotation(index) for index in reversed(reflections)]
        return _scaled(scale, " ".join([*rotations, difference]), self.style)

    def _shift(self, shift: int) -> str:
        alone = len(self.structure.shifts) == 1
        return self.style.bold(self.style.shift, None if alone else self.structure.shifts.index(shift) + 1)

    def _reflection_vector(self, index: int) -> str:
        letter = rf"\mathbf{{{self.style.reflection}}}"
        return letter if len(self.structure.reflections) == 1 else f"{letter}_{subscript(self._number(index))}"

    def _rotation(self, index: int) -> str:
        if len(self.structure.reflections) > 1 and self.style.numbered_rotations:
            return rf"\mathbf{{H}}_{subscript(self._number(index))}"
        return rf"\mathbf{{H}}_{{{self._reflection_vector(index)}}}"

    def _number(self, index: int) -> int:
        return self.structure.reflections.index(index) + 1

    def _reflection(self) -> str:
        r"""The definition of \mathbf{H} for any vector."""
        v = rf"\mathbf{{{self.style.reflection}}}"
        name = rf"\mathbf{{H}}_{{{v}}}"
        if len(self.structure.reflections) > 1 and self.style.numbered_rotations:
            v, name = f"{v}_k", r"\mathbf{H}_k"
        if self.style.norm:
            return rf"{name} = \mathbf{{I}} - \frac{{2}}{{\| {v} \|^2}} {v} {v}^\top"
        return rf"{name} = \mathbf{{I}} - 2 \frac{{{v} {v}^\top}}{{{v}^\top {v}}}"


def divided_by_units(vector: str, style: LatexStyle) -> str:
    units = style.bold(style.units)
    return rf"{vector} \oslash {units}" if style.slashed else rf"\operatorname{{diag}}({units})^{{-1}} {vector}"


def is_additive(formula: str) -> bool:
    """Whether the formula is a sum or difference at its top level, so that a factor needs brackets around it."""
    depth = 0
    for token in re.findall(r"\\left[^A-Za-z]|\\right[^A-Za-z]|\\lfloor|\\rfloor|[{}()+-]", formula.removeprefix("-")):
        if token in ("{", "(", r"\lfloor") or token.startswith(r"\left"):
            depth += 1
        elif token in ("}", ")", r"\rfloor") or token.startswith(r"\right"):
            depth -= 1
        elif depth == 0:
            return True
    return False


def _weighted(weight: float, formula: str, style: LatexStyle) -> str:
    if weight == 1:
        return formula
    if is_additive(formula):
        formula = rf"\left( {formula} \right)"
    between = r" \cdot " if formula[0].isdigit() else " "
    return f"{latex_number(weight, style.numbers)}{between}{formula}"


def _scaled(scale: float, vector: str, style: LatexStyle) -> str:
    return vector if scale == 1 else f"{latex_number(scale, style.numbers)} {vector}"


def _added(offset: float, style: LatexStyle) -> str:
    if offset == 0:
        return ""
    return f" {'-' if offset < 0 else '+'} {latex_number(abs(offset), style.numbers)}"
