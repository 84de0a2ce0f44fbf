"""The Python interface of the evaluator: problems to evaluate freely, and the meter that counts a run's evaluations."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import isnan
from typing import NoReturn, TypeVar

import numpy as np
from numpy.typing import NDArray

from llamoco_data.identity import LlamocoError
from llamoco_data.outcomes import BudgetSpent
from llamoco_data.problems import kernel
from llamoco_data.problems.asking import described
from llamoco_data.problems.constraint_forms import FORM_CODE
from llamoco_data.problems.counted_calls import warm_up
from llamoco_data.problems.functions import FUNCTION_CODE
from llamoco_data.problems.functions.definition import Vector
from llamoco_data.problems.own_evaluation import own_call
from llamoco_data.problems.own_spec import AnySpec, OwnProblemSpec
from llamoco_data.problems.plugin_evaluation import UNKNOWN, plugin_call
from llamoco_data.problems.spec import TARGET_ERROR, ProblemSpec

CHECKPOINTS_PER_DECADE = 10

Objective = Callable[[Vector], float]
Constraints = Callable[[Vector], tuple[Vector, Vector]]
Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem ready to be evaluated, without any counting. Not safe to share between threads."""

    spec: AnySpec
    lower: Vector
    """Lower bounds, shape (D,)."""
    upper: Vector
    """Upper bounds, shape (D,)."""
    optimum: float | None
    """Proven global minimum subject to the constraints, or None where none is proven."""
    optimum_x: Vector | None
    """A point that attains the proven minimum, shape (D,)."""
    code: NDArray[np.int64]
    """Integers of the packed spec, in the layout that `kernel` documents."""
    memory: Vector
    """Numbers of the packed spec and state of a run, in the layout that `kernel` documents."""
    call: Callable[..., float] = kernel.call
    """Evaluator: the kernel, or a Python function with its signature where values are a user's or a plug-in's."""

    @property
    def max_evaluations(self) -> int:
        return self.spec.max_evaluations

    def objective(self, x: Vector) -> float:
        """Objective at x, shape (D,), inside the box or not.

        Raises:
            ValueError: x has another shape.
        """
        return self.call(_point(x, self.spec.dimension), kernel.PURE_OBJECTIVE, self.code, self.memory)

    def constraints(self, x: Vector) -> tuple[Vector, Vector]:
        """(g, h) at x, shapes (P,) and (Q,): feasible where g <= 0 and |h| <= 1e-4.

        Raises:
            ValueError: x has another shape.
        """
        self.violation(x)
        values = _constraint_values(self.spec, self.memory)
        return values[: self.spec.num_inequality].copy(), values[self.spec.num_inequality :].copy()

    def violation(self, x: Vector) -> float:
        """Mean violation (sum of max(0, g) and of |h| > 1e-4, divided by P + Q; CEC 2020); 0 where x is feasible."""
        if not self.spec.num_constraints:
            return 0.0
        return self.call(_point(x, self.spec.dimension), kernel.PURE_CONSTRAINTS, self.code, self.memory)


class Meter:
    """One run on a problem: counts evaluations, enforces the budget, keeps the best point and the anytime trace.

    The best point is the feasible one of least objective, or else the one of least violation; points outside the box
    are evaluated and counted but never the best. On a constrained problem one evaluation pays for the objective and
    the constraints of a point; constraints of any of the last 512 evaluated points are free.
    """

    def __init__(self, problem: Problem, max_evaluations: int | None = None) -> None:
        self._spec = problem.spec
        budget = problem.max_evaluations if max_evaluations is None else max_evaluations
        self._trace_at = int(problem.code[kernel.TRACE_AT])
        self._memory = np.concatenate([problem.memory[: self._trace_at], _empty_trace(budget)])
        self._memory[kernel.BUDGET] = budget
        self._memory[kernel.TARGET] = -np.inf if problem.optimum is None else problem.optimum + TARGET_ERROR
        self._refusals = 0
        self.objective, self.constraints = self._counted(problem)

    @property
    def evaluations(self) -> int:
        return int(self._memory[kernel.EVALUATIONS])

    @property
    def best_f(self) -> float | None:
        """Objective of the best point, None before the first finite value inside the box."""
        return float(self._memory[kernel.BEST_F]) if self._found else None

    @property
    def best_violation(self) -> float | None:
        """Mean violation of the best point: 0 where it is feasible."""
        return float(self._memory[kernel.BEST_VIOLATION]) if self._found else None

    @property
    def best_x(self) -> Vector | None:
        """The best point, shape (D,)."""
        at = kernel.BEST_X_AT
        return self._memory[at : at + self._spec.dimension].copy() if self._found else None

    @property
    def evaluations_to_target(self) -> int | None:
        """Evaluation at which the error first was at most 1e-8, where the optimum is proven and was reached."""
        return int(self._memory[kernel.HIT_AT]) or None

    @property
    def refused(self) -> bool:
        """Whether an evaluation beyond the budget was asked for."""
        return self._refusals > 0

    @property
    def outside_box(self) -> int:
        """Evaluations at points outside the box."""
        return int(self._memory[kernel.OUTSIDE])

    @property
    def non_finite(self) -> int:
        """Evaluations whose objective value was not finite."""
        return int(self._memory[kernel.NON_FINITE])

    def trace(self) -> tuple[tuple[int, float, float], ...]:
        """(evaluations, best objective, best violation) at ten checkpoints a decade and at the end of the run."""
        reached = 3 * int(self._memory[kernel.CHECKPOINT])
        table = self._memory[self._trace_at : self._trace_at + reached].reshape(-1, 3)
        rows = [(int(n), float(f), float(violation)) for n, f, violation in table if f < np.inf]
        if self._found and (not rows or rows[-1][0] != self.evaluations):
            best_f, best_violation = self._memory[[kernel.BEST_F, kernel.BEST_VIOLATION]]
            rows.append((self.evaluations, float(best_f), float(best_violation)))
        return tuple(rows)

    @property
    def _found(self) -> bool:
        return bool(self._memory[kernel.BEST_F] < np.inf)

    def _counted(self, problem: Problem) -> tuple[Objective, Constraints | None]:
        call, code, memory, spec = problem.call, problem.code, self._memory, problem.spec
        dimension = spec.dimension
        values, num_inequality = _constraint_values(spec, memory), spec.num_inequality

        def objective(x: Vector) -> float:
            value = call(_point(x, dimension), kernel.OBJECTIVE, code, memory)
            if isnan(value):
                self._refuse()
            return value

        def constraints(x: Vector) -> tuple[Vector, Vector]:
            value = call(_point(x, dimension), kernel.CONSTRAINTS, code, memory)
            if isnan(value):
                self._refuse()
            return values[:num_inequality].copy(), values[num_inequality:].copy()

        return objective, constraints if spec.num_constraints else None

    def _refuse(self) -> NoReturn:
        self._refusals += 1
        raise BudgetSpent(f"all {int(self._memory[kernel.BUDGET])} evaluations are spent")


def build(spec: AnySpec) -> Problem:
    """The problem of a spec; the first call of a process loads the kernel from disk, which takes about 0.5 s.

    The text of a user's own problem is executed in this process.

    Raises:
        LlamocoError: the text of a user's own problem cannot be executed here, or a plug-in's kernel does not compile.
    """
    return _built_own(spec) if isinstance(spec, OwnProblemSpec) else _built(spec)


def proven_optimum(spec: AnySpec) -> float | None:
    """The proven global minimum; None where none is proven, as for every user's own problem. It executes no text."""
    return None if isinstance(spec, OwnProblemSpec) else _built(spec).optimum


def _built_own(spec: OwnProblemSpec) -> Problem:
    try:
        call = own_call(spec)
    except (Exception, SystemExit) as error:
        raise LlamocoError(
            f"the problem {spec.name or spec.problem_id} does not load here, {described(error)}; "
            "it did where it was checked: look for what differs, such as a library's version"
        ) from error
    lower, upper = np.array(spec.lower), np.array(spec.upper)
    header = {
        kernel.DIMENSION: spec.dimension,
        kernel.NUM_CONSTRAINTS: spec.num_constraints,
        kernel.NUM_INEQUALITY: spec.num_inequality,
    }
    code = np.array([header.get(slot, 0) for slot in range(kernel.COMPONENTS_AT)], dtype=np.int64)
    problem = Problem(spec, lower, upper, None, None, code, _memory(spec, lower, upper, code, []), call)
    warm_up(lower, code, problem.memory)
    return problem


def _built(spec: ProblemSpec) -> Problem:
    unit = np.asarray(spec.units or (1.0,) * spec.dimension)
    lower, upper = spec.box[0] * unit, spec.box[1] * unit
    code, data = _pack_spec(spec, unit)
    memory = _memory(spec, lower, upper, code, data)
    call = plugin_call(spec)
    if call is None:
        call = kernel.call
    else:
        warm_up(lower, code, memory)
    problem = Problem(spec, lower, upper, None, None, code, memory, call)
    optimum_x = np.asarray(spec.shifts[0])
    if len(spec.shifts) > 1 or problem.violation(optimum_x) > 0:
        return problem
    # Every basic function is smallest at z = 0, which is the same x for all of them when they share one shift.
    return Problem(spec, lower, upper, problem.objective(optimum_x), optimum_x, code, memory, call)


def _constraint_values(spec: AnySpec, memory: Vector) -> Vector:
    """View of the part of `memory` that holds g and then h of the latest point."""
    first = kernel.BEST_X_AT + 6 * spec.dimension
    return memory[first : first + spec.num_constraints]


def _point(x: Vector, dimension: int) -> Vector:
    point = np.ascontiguousarray(x, np.float64)
    if point.shape != (dimension,):
        raise ValueError(f"x must have shape ({dimension},), got {point.shape}")
    return point


def checkpoints(max_evaluations: int) -> Vector:
    """The numbers of evaluations at which a trace has a row; the last is the budget."""
    decades = np.arange(0, CHECKPOINTS_PER_DECADE * np.log10(max_evaluations) + 1) / CHECKPOINTS_PER_DECADE
    return np.unique(np.minimum(np.ceil(10**decades - 1e-9), max_evaluations))


def _empty_trace(max_evaluations: int) -> Vector:
    """The trace of a run that has not begun: rows of checkpoint, best objective, best violation; flat."""
    at = checkpoints(max_evaluations)
    trace = np.full((len(at), 3), np.inf)
    trace[:, 0] = at
    return trace.ravel()


def _memory(spec: AnySpec, lower: Vector, upper: Vector, code: NDArray[np.int64], data: list[float]) -> Vector:
    """The array `memory` of a run that has not begun, without its trace; writes into `code` where its parts begin."""
    d, m = spec.dimension, spec.num_constraints
    data_at = kernel.BEST_X_AT + 6 * d + m
    recent_at = data_at + len(data)
    trace_at = recent_at + (kernel.RECENT * (1 + d + 2 + m) if m else 0)
    code[[kernel.DATA_AT, kernel.RECENT_AT, kernel.TRACE_AT]] = data_at, recent_at, trace_at
    memory = np.zeros(trace_at)
    memory[[kernel.BEST_F, kernel.BEST_VIOLATION]] = np.inf
    memory[kernel.BEST_X_AT + d : kernel.BEST_X_AT + 3 * d] = np.concatenate([lower, upper])
    memory[data_at:recent_at] = data
    return memory


def _pack_spec(spec: ProblemSpec, unit: Vector) -> tuple[NDArray[np.int64], list[float]]:
    """(`code`, `data`); in `code`, the slots that say where the parts of `memory` begin are still 0."""
    transforms = list(dict.fromkeys((component.shift, component.reflections) for component in spec.components))
    transforms_at = kernel.COMPONENTS_AT + kernel.COMPONENT_ROW * len(spec.components)
    constraints_at = transforms_at + kernel.TRANSFORM_ROW * len(transforms)
    lists_at = constraints_at + kernel.CONSTRAINT_ROW * len(spec.constraints)
    header = {
        kernel.DIMENSION: spec.dimension,
        kernel.NUM_COMPONENTS: len(spec.components),
        kernel.NUM_CONSTRAINTS: len(spec.constraints),
        kernel.NUM_INEQUALITY: spec.num_inequality,
        kernel.TRANSFORMS_AT: transforms_at,
        kernel.CONSTRAINTS_AT: constraints_at,
    }
    code = [header.get(slot, 0) for slot in range(kernel.COMPONENTS_AT)]
    lists: list[int] = []
    data = [spec.offset, *unit.tolist()]
    for component in spec.components:
        data += [component.weight, component.scale]
    for constraint in spec.constraints:
        data += [constraint.bound, constraint.center, constraint.width]
    shift_at = [_append(data, shift) for shift in spec.shifts]
    reflection_at = [_append(data, [*v, 2 / sum(i * i for i in v)]) for v in spec.reflections]
    for component in spec.components:
        variables = component.variables or range(spec.dimension)
        transform = transforms.index((component.shift, component.reflections))
        function = FUNCTION_CODE.get(component.function, UNKNOWN)
        code += [function, transform, lists_at + _append(lists, variables), len(variables)]
    for shift, reflections in transforms:
        offsets = [reflection_at[index] for index in reflections]
        code += [shift_at[shift], lists_at + _append(lists, offsets), len(reflections)]
    for constraint in spec.constraints:
        variables = constraint.variables or range(spec.dimension)
        sense = kernel.GREATER_EQUAL if constraint.sense == ">=" else kernel.LESS_EQUAL
        coefficients_at = _append(data, constraint.coefficients or [0.0] * len(variables))
        form = FORM_CODE.get(constraint.form, UNKNOWN)
        code += [form, sense, lists_at + _append(lists, variables), len(variables), coefficients_at]
    return np.array(code + lists, dtype=np.int64), data


def _append(target: list[Number], values: Iterable[Number]) -> int:
    """Appends values and returns the index of the first."""
    at = len(target)
    target.extend(values)
    return at
