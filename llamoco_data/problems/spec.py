"""A problem as data: everything that decides its values, in numbers short enough to be written into a prompt.

    f(x) = offset + sum_k weight_k * f_k(z_k),   z_k = scale_k * [R_k ((x - shift_k) / units)] on the variables of k

R_k is a product of Householder reflections. The spec evaluates nothing; `build` makes the compiled problem.
"""

from collections.abc import Iterable
from functools import cached_property
from typing import Literal

from pydantic import Field, model_validator

from llamoco_data.identity import Record, digest, is_empty
from llamoco_data.plugins import CONSTRAINT, FUNCTION, Group, Pinned, required
from llamoco_data.problems.constraint_forms import FORM_BY_NAME, Sense
from llamoco_data.problems.functions import FUNCTION_BY_NAME
from llamoco_data.problems.plugin_forms import form_named

EQUALITY_TOLERANCE = 1e-4
"""An equality h = 0 holds where |h| is at most this (CEC 2006, 2017 and 2020 constrained suites)."""

TARGET_ERROR = 1e-8
"""A run has solved a problem of known optimum when its error is at most this (CEC and BBOB practice)."""

Kind = Literal["single", "composition", "hybrid"]


class Component(Record):
    """One basic function inside an objective."""

    function: str
    """Name in the catalogue of basic functions, or of one of a plug-in."""
    weight: float = Field(gt=0)
    scale: float = Field(gt=0)
    """Factor by which the shifted and rotated variables are multiplied."""
    shift: int = Field(ge=0)
    """Index into the problem's shifts."""
    reflections: tuple[int, ...] = ()
    """Indices into the problem's reflections, first applied first."""
    variables: tuple[int, ...] = ()
    """Indices of the rotated variables it acts on, in this order; empty means all."""


class Constraint(Record):
    """phi(y) compared with a bound, where y = (x / units) on the named variables."""

    form: str
    """Name in the catalogue of constraint forms, or of one of a plug-in."""
    sense: Sense
    bound: float
    variables: tuple[int, ...] = ()
    """Indices of its variables; empty means all."""
    coefficients: tuple[float, ...] = ()
    """One for each of its variables, where the form uses coefficients."""
    center: float = 0.0
    """Parameter c of the form, where it has one."""
    width: float = 1.0
    """Parameter w of the form, where it has one."""


class ProblemSpec(Record):
    """A synthetic problem; equal specs are the same problem, and its id is the digest of the spec.

    Raises:
        pydantic.ValidationError: a length, name or index does not fit the rest.
        PluginMissing: it has a part of a plug-in that is not installed here, or is another here.
    """

    kind: Kind
    dimension: int = Field(ge=2)
    box: tuple[float, float]
    """Lower and upper bound of every variable, in its unit."""
    units: tuple[float, ...] = ()
    """Unit of each variable: x_i lies in units_i * box. Empty means 1 everywhere."""
    shifts: tuple[tuple[float, ...], ...] = Field(min_length=1)
    """Points x at which components have their minimum, each of length `dimension`."""
    reflections: tuple[tuple[int, ...], ...] = ()
    """Householder vectors v, each of length `dimension`: z <- z - 2 v (v.z) / (v.v)."""
    components: tuple[Component, ...] = Field(min_length=1)
    offset: float = 0.0
    constraints: tuple[Constraint, ...] = ()
    """Inequalities first, then equalities."""
    max_evaluations: int = Field(ge=1)
    feasible_point: tuple[float, ...] = ()
    """A point that satisfies every constraint; empty without constraints."""
    feasible_share: float = Field(default=1.0, ge=0, le=1)
    """Estimated share of the box that satisfies every constraint."""
    plugins: tuple[Pinned, ...] = Field(default=(), exclude_if=is_empty)
    """Plug-ins' basic functions and constraint forms that it has, as they were when it was made; by group and name."""

    @cached_property
    def problem_id(self) -> str:
        """Digest of the spec."""
        return digest(self)

    @property
    def num_inequality(self) -> int:
        return sum(constraint.sense != "=" for constraint in self.constraints)

    @property
    def num_equality(self) -> int:
        return len(self.constraints) - self.num_inequality

    @property
    def num_constraints(self) -> int:
        return len(self.constraints)

    @property
    def functions(self) -> tuple[str, ...]:
        """Names of the basic functions, in the order of the components."""
        return tuple(component.function for component in self.components)

    def with_budget(self, max_evaluations: int) -> "ProblemSpec":
        """The same problem with another evaluation budget."""
        return self.model_copy(update={"max_evaluations": max_evaluations})

    @model_validator(mode="after")
    def _check(self) -> "ProblemSpec":
        lower, upper = self.box
        if not lower < upper:
            raise ValueError(f"box: the lower bound {lower} is not below the upper bound {upper}")
        if self.units and (len(self.units) != self.dimension or min(self.units) <= 0):
            raise ValueError(f"units: expected {self.dimension} positive numbers, got {self.units}")
        for name, vectors in (("shifts", self.shifts), ("reflections", self.reflections)):
            if any(len(vector) != self.dimension for vector in vectors):
                raise ValueError(f"{name}: every vector must have {self.dimension} numbers")
        if any(not any(vector) for vector in self.reflections):
            raise ValueError("reflections: a vector of zeros reflects nothing")
        _check_plugins(self)
        for component in self.components:
            _check_component(component, self)
        for constraint in self.constraints:
            _check_constraint(constraint, self.dimension)
        if [c.sense == "=" for c in self.constraints] != sorted(c.sense == "=" for c in self.constraints):
            raise ValueError("constraints: inequalities come before equalities")
        if len(self.feasible_point) != (self.dimension if self.constraints else 0):
            raise ValueError("feasible_point: one number for each variable with constraints, none without")
        return self


def parts_of_plugins(components: Iterable[Component], constraints: Iterable[Constraint]) -> set[tuple[Group, str]]:
    """Group and name of the basic functions and constraint forms that this package does not have."""
    functions = {component.function for component in components} - FUNCTION_BY_NAME.keys()
    forms = {constraint.form for constraint in constraints} - FORM_BY_NAME.keys()
    return {*((FUNCTION.group, name) for name in functions), *((CONSTRAINT.group, name) for name in forms)}


def _check_plugins(spec: ProblemSpec) -> None:
    told = [(pinned.group, pinned.name) for pinned in spec.plugins]
    used = sorted(parts_of_plugins(spec.components, spec.constraints))
    unknown = [part for part in used if part not in told]
    if unknown:
        what = "components: no basic function" if unknown[0][0] == FUNCTION.group else "constraints: no form"
        raise ValueError(f"{what} is called {unknown[0][1]!r}")
    if told != used:
        raise ValueError(f"plugins: expected those that it has, by group and name: {used}")
    for pinned in spec.plugins:
        required(pinned)


def _check_component(component: Component, spec: ProblemSpec) -> None:
    if component.shift >= len(spec.shifts):
        raise ValueError(f"components: shift {component.shift} is not among the {len(spec.shifts)} shifts")
    if any(not 0 <= index < len(spec.reflections) for index in component.reflections):
        raise ValueError(f"components: reflections {component.reflections} are not among {len(spec.reflections)}")
    _check_variables(component.variables, spec.dimension, "components")


def _check_constraint(constraint: Constraint, dimension: int) -> None:
    form = form_named(constraint.form)
    if constraint.sense not in form.senses:
        raise ValueError(f"constraints: {form.name} is used with {form.senses}, not {constraint.sense!r}")
    _check_variables(constraint.variables, dimension, "constraints")
    expected = (len(constraint.variables) or dimension) if form.uses_coefficients else 0
    if len(constraint.coefficients) != expected:
        raise ValueError(f"constraints: {form.name} needs {expected} coefficients, got {len(constraint.coefficients)}")


def _check_variables(variables: tuple[int, ...], dimension: int, where: str) -> None:
    wrong = variables and (
        len(variables) < 2 or len(set(variables)) < len(variables) or min(variables) < 0 or max(variables) >= dimension
    )
    if wrong:
        raise ValueError(f"{where}: {variables} are not two or more different variables below {dimension}")
