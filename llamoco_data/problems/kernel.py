"""The compiled evaluator: one scalar kernel for any spec, with counting, best point and anytime trace inside.

It works on flat arrays only; `evaluation` packs a spec into them and is the Python interface. Values from the Python
code of a user's own problem are counted in the same way, by `recall` and then `book`.
"""

# What comes out of a slot of an array is a scalar to numba, but not to the type checker.
# pyright: reportArgumentType=false, reportReturnType=false, reportCallIssue=false

import hashlib
from collections.abc import Callable
from math import isfinite, isnan, nan
from pathlib import Path

import numpy as np
from numba import njit
from numpy.typing import NDArray

from llamoco_data.problems import constraint_forms, functions
from llamoco_data.problems.compiling import compiled
from llamoco_data.problems.dispatch import basic_function, constraint_form
from llamoco_data.problems.functions.definition import Vector

Indices = NDArray[np.int64]

# Slots of `code` (int64): a header, then one row a component, a transform, a constraint, then index lists.
DIMENSION, NUM_COMPONENTS, NUM_CONSTRAINTS, NUM_INEQUALITY = 0, 1, 2, 3
TRANSFORMS_AT, CONSTRAINTS_AT = 4, 5  # first rows, in `code`
DATA_AT, RECENT_AT, TRACE_AT = 6, 7, 8  # beginnings of the parts of `memory`
COMPONENTS_AT = 9
COMPONENT_ROW = 4  # function, transform, first index of its variables, number of variables
TRANSFORM_ROW = 3  # offset of the shift in `data`, first index of its reflections, number of reflections
CONSTRAINT_ROW = 5  # form, sense, first index of its variables, number of variables, offset of the coefficients

# Slots of `data`, a part of `memory`: offset, then units, then one row a component and a constraint, then vectors.
OFFSET, UNITS_AT = 0, 1
COMPONENT_NUMBERS = 2  # weight, scale
CONSTRAINT_NUMBERS = 3  # bound, center, width

# Slots of `memory` (float64): the state of one run, best_x[D], lower[D], upper[D], work[3D], values[M], then the parts
# `data`, the recent points (keys[RECENT], then rows of x[D], f, whether f is still owed, values[M]), and
# the trace: rows of checkpoint, best f, best violation. One array, because each array of a call costs 0.2 us.
EVALUATIONS, BUDGET, BEST_F, BEST_VIOLATION, HIT_AT, TARGET, OUTSIDE, NON_FINITE, CHECKPOINT, RECENT_COUNT = range(10)
BEST_X_AT = 10

RECENT = 512
"""Number of evaluated points kept on a constrained problem, so that objective and constraints of one are paid once."""

WORST = 1e300
"""Value that an optimizer sees in place of an objective value that is not finite."""

OBJECTIVE, CONSTRAINTS, PURE_OBJECTIVE, PURE_CONSTRAINTS = 0, 1, 2, 3

LESS_EQUAL, GREATER_EQUAL = 0, 1

_inner = njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)


@_inner
def _objective(x: Vector, code: Indices, data: Vector, work: Vector) -> float:
    d = code[DIMENSION]
    first_weight = UNITS_AT + d
    current = -1
    total = data[OFFSET]
    for k in range(code[NUM_COMPONENTS]):
        row = COMPONENTS_AT + COMPONENT_ROW * k
        if code[row + 1] != current:
            current = code[row + 1]
            _transform(x, code, data, work, code[TRANSFORMS_AT] + TRANSFORM_ROW * current)
        weight = data[first_weight + COMPONENT_NUMBERS * k]
        scale = data[first_weight + COMPONENT_NUMBERS * k + 1]
        count = code[row + 3]
        for j in range(count):
            work[d + j] = scale * work[code[code[row + 2] + j]]
        total += weight * basic_function(code[row], work[d : d + count])
    return total


@_inner
def _transform(x: Vector, code: Indices, data: Vector, work: Vector, row: int) -> None:
    d = code[DIMENSION]
    shift = code[row]
    for i in range(d):
        work[i] = (x[i] - data[shift + i]) / data[UNITS_AT + i]
    for r in range(code[row + 2]):
        v = code[code[row + 1] + r]
        projection = 0.0
        for i in range(d):
            projection += data[v + i] * work[i]
        projection *= data[v + d]
        for i in range(d):
            work[i] -= projection * data[v + i]


@_inner
def _constraints(x: Vector, code: Indices, data: Vector, work: Vector, values: Vector) -> float:
    """Fills values with g, then h; returns the mean violation of CEC 2020."""
    d = code[DIMENSION]
    numbers = UNITS_AT + d + COMPONENT_NUMBERS * code[NUM_COMPONENTS]
    for k in range(code[NUM_CONSTRAINTS]):
        row = code[CONSTRAINTS_AT] + CONSTRAINT_ROW * k
        m = code[row + 3]
        for j in range(m):
            i = code[code[row + 2] + j]
            work[d + j] = x[i] / data[UNITS_AT + i]
        a = code[row + 4]
        number = numbers + CONSTRAINT_NUMBERS * k
        phi = constraint_form(code[row], work[d : d + m], data[a : a + m], data[number + 1], data[number + 2])
        values[k] = data[number] - phi if code[row + 1] == GREATER_EQUAL else phi - data[number]
    return _violation(values, code)


@_inner
def _violation(values: Vector, code: Indices) -> float:
    """Mean violation of CEC 2020; finite, whatever the values are."""
    violation = 0.0
    for k in range(code[NUM_CONSTRAINTS]):
        value = values[k]
        if k < code[NUM_INEQUALITY]:
            violation += max(0.0, value)
        elif abs(value) > 1e-4:
            violation += abs(value)
        if isnan(value) or violation > WORST:
            violation = WORST
    return violation / code[NUM_CONSTRAINTS]


@_inner
def _find_recent(x: Vector, memory: Vector, keys_at: int, points_at: int, width: int, key: float) -> int:
    """Offset of the remembered row of x, or -1."""
    d = len(x)
    seen = int(memory[RECENT_COUNT])
    for back in range(1, min(seen, RECENT) + 1):
        slot = (seen - back) % RECENT
        if memory[keys_at + slot] == key:
            row = points_at + slot * width
            same = True
            for i in range(d):
                if memory[row + i] != x[i]:
                    same = False
                    break
            if same:
                return row
    return -1


@_inner
def _key(x: Vector) -> float:
    """A number that differs for different points in all but rare cases."""
    key = 0.0
    for i in range(len(x)):
        key = 0.6180339887498949 * key + x[i] * (1.0 + 0.001 * i)
    return key


@_inner
def _evaluate(x: Vector, code: Indices, data: Vector, memory: Vector) -> float:
    """One counted evaluation of objective and constraints; NaN when the budget is spent."""
    d = code[DIMENSION]
    if memory[EVALUATIONS] >= memory[BUDGET]:
        return nan
    work = BEST_X_AT + 3 * d
    f = _objective(x, code, data, memory[work : work + 3 * d])
    violation = 0.0
    if code[NUM_CONSTRAINTS] > 0:
        values = work + 3 * d
        violation = _constraints(
            x, code, data, memory[work : work + 3 * d], memory[values : values + code[NUM_CONSTRAINTS]]
        )
    return _count(x, f, violation, code, memory)


@_inner
def _count(x: Vector, f: float, violation: float, code: Indices, memory: Vector) -> float:
    """Adds an evaluation to the state of the run; returns the objective as an optimizer sees it."""
    d = code[DIMENSION]
    memory[EVALUATIONS] += 1
    lower, upper = BEST_X_AT + d, BEST_X_AT + 2 * d
    inside = True
    for i in range(d):
        if not isfinite(x[i]):
            f = nan  # a maximum can pass over a NaN among its arguments
        if not (x[i] >= memory[lower + i] and x[i] <= memory[upper + i]):
            inside = False
    if not inside:
        memory[OUTSIDE] += 1
    if not isfinite(f):
        memory[NON_FINITE] += 1
        f = WORST
    elif inside and (
        violation < memory[BEST_VIOLATION] or (violation == memory[BEST_VIOLATION] and f < memory[BEST_F])
    ):
        memory[BEST_F] = f
        memory[BEST_VIOLATION] = violation
        for i in range(d):
            memory[BEST_X_AT + i] = x[i]
        if memory[HIT_AT] == 0 and violation == 0 and f <= memory[TARGET]:
            memory[HIT_AT] = memory[EVALUATIONS]
    row = code[TRACE_AT] + 3 * int(memory[CHECKPOINT])
    if row < len(memory) and memory[EVALUATIONS] == memory[row]:
        memory[row + 1] = memory[BEST_F]
        memory[row + 2] = memory[BEST_VIOLATION]
        memory[CHECKPOINT] += 1
    return f


@_inner
def _recall(x: Vector, want: int, code: Indices, memory: Vector) -> float:
    """Objective of a point that has been paid for, with its constraints copied to `values`; NaN where it has not."""
    d = code[DIMENSION]
    count = code[NUM_CONSTRAINTS]
    keys_at = code[RECENT_AT]
    row = _find_recent(x, memory, keys_at, keys_at + RECENT, d + 2 + count, _key(x))
    if row < 0 or (want == OBJECTIVE and memory[row + d + 1] != 1.0):
        return nan
    values = BEST_X_AT + 6 * d
    for i in range(count):
        memory[values + i] = memory[row + d + 2 + i]
    if want == OBJECTIVE:
        memory[row + d + 1] = 0.0
    return memory[row + d]


@_inner
def _remember(x: Vector, f: float, want: int, code: Indices, memory: Vector) -> None:
    """Keeps an evaluated point with its values; where its constraints were asked first, its objective stays free."""
    d = code[DIMENSION]
    count = code[NUM_CONSTRAINTS]
    values = BEST_X_AT + 6 * d
    keys_at = code[RECENT_AT]
    slot = int(memory[RECENT_COUNT]) % RECENT
    memory[RECENT_COUNT] += 1
    memory[keys_at + slot] = _key(x)
    row = keys_at + RECENT + slot * (d + 2 + count)
    for i in range(d):
        memory[row + i] = x[i]
    memory[row + d] = f
    memory[row + d + 1] = 1.0 if want == CONSTRAINTS else 0.0
    for i in range(count):
        memory[row + d + 2 + i] = memory[values + i]


@_inner
def _constrained(x: Vector, want: int, code: Indices, data: Vector, memory: Vector) -> float:
    """Like `_evaluate`, but a point paid for by its constraints gives its objective without a second charge."""
    f = _recall(x, want, code, memory)
    if isnan(f):
        f = _evaluate(x, code, data, memory)
        if not isnan(f):
            _remember(x, f, want, code, memory)
    return f


def _compile(sources: int) -> Callable[..., float]:
    @compiled
    def call(x: Vector, want: int, code: Indices, memory: Vector) -> float:
        # `sources` is part of the key of the disk cache: editing any kernel file compiles anew.
        if sources == 0:
            return nan
        d = code[DIMENSION]
        data = memory[code[DATA_AT] : code[RECENT_AT]]
        work = BEST_X_AT + 3 * d
        if want == PURE_OBJECTIVE:
            return _objective(x, code, data, memory[work : work + 3 * d])
        if want == PURE_CONSTRAINTS:
            values = work + 3 * d
            return _constraints(
                x, code, data, memory[work : work + 3 * d], memory[values : values + code[NUM_CONSTRAINTS]]
            )
        if code[NUM_CONSTRAINTS] == 0:
            return _evaluate(x, code, data, memory)
        return _constrained(x, want, code, data, memory)

    return call


def _compile_argument(sources: int) -> Callable[..., int]:
    @compiled
    def argument(x: Vector, k: int, code: Indices, memory: Vector) -> int:
        if sources == 0:
            return 0
        d = code[DIMENSION]
        data = memory[code[DATA_AT] : code[RECENT_AT]]
        work = memory[BEST_X_AT + 3 * d : BEST_X_AT + 6 * d]
        row = COMPONENTS_AT + COMPONENT_ROW * k
        _transform(x, code, data, work, code[TRANSFORMS_AT] + TRANSFORM_ROW * code[row + 1])
        scale = data[UNITS_AT + d + COMPONENT_NUMBERS * k + 1]
        for j in range(code[row + 3]):
            work[d + j] = scale * work[code[code[row + 2] + j]]
        return code[row + 3]

    return argument


def _compile_given(sources: int) -> tuple[Callable[..., float], Callable[..., float], Callable[..., float]]:
    @compiled
    def recall(x: Vector, want: int, code: Indices, memory: Vector) -> float:
        if sources == 0 or code[NUM_CONSTRAINTS] == 0:
            return nan
        return _recall(x, want, code, memory)

    @compiled
    def book(x: Vector, f: float, want: int, code: Indices, memory: Vector) -> float:
        if sources == 0 or memory[EVALUATIONS] >= memory[BUDGET]:
            return nan
        if code[NUM_CONSTRAINTS] == 0:
            return _count(x, f, 0.0, code, memory)
        values = BEST_X_AT + 6 * code[DIMENSION]
        violation = _violation(memory[values : values + code[NUM_CONSTRAINTS]], code)
        f = _count(x, f, violation, code, memory)
        _remember(x, f, want, code, memory)
        return f

    @compiled
    def mean_violation(code: Indices, memory: Vector) -> float:
        if sources == 0 or code[NUM_CONSTRAINTS] == 0:
            return 0.0
        values = BEST_X_AT + 6 * code[DIMENSION]
        return _violation(memory[values : values + code[NUM_CONSTRAINTS]], code)

    return recall, book, mean_violation


def _sources() -> int:
    folder = Path(functions.__file__).parent
    files = [Path(__file__), Path(__file__).with_name("dispatch.py"), Path(constraint_forms.__file__)]
    text = b"".join(file.read_bytes() for file in sorted([*files, *folder.glob("*.py")]))
    return int.from_bytes(hashlib.sha256(text).digest()[:7], "big")


call = _compile(_sources())
"""call(x[D], want, code, memory) -> value. Returns NaN where the budget is spent (counted wants only)."""

argument = _compile_argument(_sources())
"""argument(x[D], k, code, memory) -> number of variables of component k; its z is in the work space, from D on."""

recall, book, mean_violation = _compile_given(_sources())
"""For values that Python code gives, with g and then h of the latest point in the `values` part of `memory`:

recall(x[D], want, code, memory) -> objective of a point that was paid for, its constraints in `values`; else NaN.
book(x[D], f, want, code, memory) -> f, counted, as an optimizer sees it. NaN where the budget is spent.
mean_violation(code, memory) -> violation of the point whose constraints `values` holds.
"""
