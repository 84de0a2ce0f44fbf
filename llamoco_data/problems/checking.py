"""Checks a user's own problem before it is used: executes its text, evaluates it at random points, and measures it.

A fault is one line that says what is wrong and what to do. The text is executed in this process, unconfined.
"""

import contextlib
import re
import time
import warnings
from collections.abc import Iterable
from math import inf

import numpy as np
from pydantic import Field

from llamoco_data.identity import LlamocoError, Record, digest, stream
from llamoco_data.problems.asking import Asked, described, excess, shown, wrong
from llamoco_data.problems.functions.definition import Vector
from llamoco_data.problems.own_spec import NAME, OwnProblemSpec
from llamoco_data.problems.remarks import check_constants, check_spread, misspelt, remarks
from llamoco_data.problems.source import LIBRARIES, Loaded, foreign_imports, load_source, normalised, with_budget
from llamoco_data.silence import silence

MOST_CHARACTERS = 20_000
"""Longest text: about 7,000 tokens, so that prompt and answer fit the window of a small model."""
MOST_LOAD_S = 1.0
"""Longest execution of the text, which is repeated for about every two seconds of work."""
PROBES = 1_000
"""Number of random points of the box at which the problem is evaluated."""
FEWEST_PROBES = 4
"""Number of probes that are made however long they take."""
PROBE_S = 4.0
"""Time after which no further probe begins."""
TIMED_S = 1.0
"""Time after which no further evaluation is timed."""
MOST_BOUND = 1e300
"""Largest magnitude of a bound."""
MOST_BUDGET = 1_000_000_000
"""Largest budget: more than an optimizer can spend in hours, and a number that every table and array holds."""
AGAIN = 20
"""Number of points at which a second execution of the text must give the same values."""


class Checked(Record):
    """A problem that passed its check, and what was measured on this machine."""

    spec: OwnProblemSpec
    evaluation_us: float = Field(ge=0)
    """Mean time of one evaluation, objective and constraints."""
    num_probes: int = Field(ge=1)
    """Number of random points at which the problem was evaluated."""
    finite_share: float = Field(ge=0, le=1)
    """Share of the random points where objective and constraints are finite."""
    first_error: str = ""
    """Description of the first error that the code raised at a random point; empty if there was none."""
    remarks: tuple[str, ...] = ()
    """Lines that tell the author what is odd about a problem that is accepted."""
    said: "Said"
    """Exact answers, to be compared with those of another process."""


class Said(Record):
    """The exact answers of one execution of a text, to be compared with those of another."""

    bounds: tuple[str, ...]
    """Numbers in lower, upper and max_evaluations, in digits that read back exactly."""
    answers: tuple[tuple[str, ...], ...]
    """Objective, g and h at each of the first `AGAIN` random points, in digits that read back exactly."""


def own_problem(text: str, name: str = "") -> OwnProblemSpec:
    """A problem of your own, from its Python text, which is executed in this process.

    Args:
        text: defines `objective(x)`, `lower`, `upper`, `max_evaluations` and, where there are any,
            `constraints(x) -> (g, h)`; it may name a `feasible_point`.
        name: what to call it, in letters, digits, `_` and `-`.

    Raises:
        LlamocoError: the text is no valid problem; the message says why, and what to do. Only
            `checking_apart.check_apart` finds answers that differ between processes.
    """
    return check(text, name).spec


def check(text: str, name: str = "") -> Checked:
    """The problem that a text defines, and what was measured.

    Raises:
        LlamocoError: see `own_problem`.
    """
    with silence():
        return _checked(text, name)


def said_by(text: str) -> Said:
    """The exact answers in this process of a text that was checked in another one.

    Raises:
        LlamocoError: the text does not load here, or gives no valid answer.
    """
    with silence():
        asked = Asked(_loaded(normalised(text)))
        lower, upper = _bound(asked.loaded.lower, "lower"), _bound(asked.loaded.upper, "upper")
        for x in _points(text, lower, upper)[:AGAIN]:
            asked.ask(x)
        return _said(asked)


def check_said(checked: Checked, elsewhere: Said) -> None:
    """Compares the answers of a checked problem with those that its text gave in another process.

    Raises:
        LlamocoError: they differ.
    """
    advice = "the order of a set, hash() and getpid() differ between processes; use a tuple or sorted(...)"
    if checked.said.bounds != elsewhere.bounds:
        raise wrong("lower, upper or max_evaluations are others in another process", advice)
    spec = checked.spec
    points = _points(spec.source, np.array(spec.lower), np.array(spec.upper))
    for x, here, there in zip(points, checked.said.answers, elsewhere.answers, strict=False):
        if here != there:
            who = "other values of constraints(x)" if here[0] == there[0] else f"{here[0]}, and {there[0]}"
            raise wrong(f"asked at x = {shown(x)} in two processes it gives {who}", advice)


def _said(asked: Asked) -> Said:
    loaded = asked.loaded
    bounds = (*_bound(loaded.lower, "lower"), *_bound(loaded.upper, "upper"), _budget(loaded.max_evaluations))
    answers = tuple(_digits((f, *values)) for f, values in asked.answers[:AGAIN])
    return Said(bounds=_digits(bounds), answers=answers)


def _digits(numbers: Iterable[float]) -> tuple[str, ...]:
    return tuple(repr(float(number)) for number in numbers)


def _points(text: str, lower: Vector, upper: Vector) -> Vector:
    """The random points at which the problem of a text is evaluated, shape (PROBES, D)."""
    return stream("own problem", digest(normalised(text))).uniform(lower, upper, (PROBES, len(lower)))


def _checked(text: str, name: str) -> Checked:
    if not re.fullmatch(NAME, name):
        raise wrong(f"it cannot be called {name!r}", "use letters, digits, _ and -")
    text = normalised(text)
    _check_text(text)
    loaded = _loaded(text)
    _check_one_budget(text)
    lower, upper = _bound(loaded.lower, "lower"), _bound(loaded.upper, "upper")
    _check_box(lower, upper)
    budget = _budget(loaded.max_evaluations)
    asked = Asked(loaded)
    points = _points(text, lower, upper)
    _probe(asked, points)
    num_probes = len(asked.answers)
    _check_repeats(asked, Asked(_loaded(text, most_s=MOST_LOAD_S)), points[: min(AGAIN, num_probes)])
    point = _feasible_point(loaded, asked, lower, upper)
    if point is None and asked.num_finite == 0:
        raise _nowhere_finite(asked, (lower + upper) / 2)
    if asked.shape == (0, 0):
        raise wrong("constraints(x) returns no value", "leave it out where there are no constraints")
    check_spread(asked)
    if point is None:
        check_constants(asked)
    num_inequality, num_equality = asked.shape or (0, 0)
    spec = OwnProblemSpec(
        name=name,
        source=text,
        dimension=len(lower),
        lower=tuple(lower.tolist()),
        upper=tuple(upper.tolist()),
        max_evaluations=budget,
        num_inequality=num_inequality,
        num_equality=num_equality,
        feasible_point=() if point is None else tuple(point.tolist()),
        feasible_share=asked.num_feasible / num_probes,
    )
    return Checked(
        spec=spec,
        evaluation_us=_evaluation_us(loaded, points[:num_probes]),
        num_probes=num_probes,
        finite_share=asked.num_finite / num_probes,
        first_error=asked.first_error,
        remarks=(
            *(() if loaded.constraints else misspelt(text)),
            *remarks(asked, names_a_point=point is not None),
        ),
        said=_said(asked),
    )


def _check_text(text: str) -> None:
    if len(text) > MOST_CHARACTERS:
        what = f"it has {len(text):,} characters, and a problem stands in a prompt whole"
        raise wrong(what, f"shorten it to {MOST_CHARACTERS:,}")
    if "```" in text:
        raise wrong("it holds ```, which ends the code block of a prompt", "write something else there")
    try:
        foreign = next(foreign_imports(text), None)
    except (SyntaxError, ValueError, RecursionError) as error:
        raise wrong(f"it is no Python: {described(error)}", "mend it") from None
    if foreign is not None:
        allowed = " and ".join(LIBRARIES)
        raise wrong(f"it imports {foreign}", f"use {allowed} and the standard library, and put the rest into the text")


def _check_one_budget(text: str) -> None:
    try:
        with_budget(text, 1)
    except ValueError as error:
        raise wrong(str(error), "the same problem is asked with smaller budgets too") from None


def _loaded(text: str, most_s: float = inf) -> Loaded:
    began = time.perf_counter()
    try:
        loaded = load_source(text)
    except LlamocoError:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the text is the user's, and may raise anything
        advice = "a problem needs no other file, no command line and no input; put what it uses into the text"
        raise wrong(f"it does not load: {described(error)}", advice) from None
    took_s = time.perf_counter() - began
    if took_s > most_s:
        raise wrong(
            f"it takes {took_s:.1f} s to load, and is loaded again for every few seconds of work",
            f"bring that below {most_s:g} s",
        )
    return loaded


def _bound(value: object, name: str) -> Vector:
    if not isinstance(value, np.ndarray):
        raise wrong(f"{name} is a {type(value).__name__}", f"make it an array: {name} = np.array([...])")
    if value.dtype != np.float64:
        raise wrong(f"{name} is an array of {value.dtype}", "make it one of floats: np.array([0.0, ...])")
    if value.ndim != 1 or len(value) < 2:
        raise wrong(f"{name} has shape {value.shape}", "give one number a variable, for two variables or more")
    if not (np.abs(value) <= MOST_BOUND).all():
        raise wrong(
            f"{name} has a number that is not finite, or beyond {MOST_BOUND:g}", "give every variable two finite bounds"
        )
    return value.copy()


def _check_box(lower: Vector, upper: Vector) -> None:
    if lower.shape != upper.shape:
        raise wrong(f"lower has shape {lower.shape}, and upper {upper.shape}", "give each one number for each variable")
    above = np.flatnonzero(lower >= upper)
    if len(above):
        i = int(above[0])
        raise wrong(f"lower[{i}] is {lower[i]:g}, and upper[{i}] {upper[i]:g}", "a lower bound is below its upper one")


def _budget(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise wrong(f"max_evaluations is {value!r}", "make it a whole number above 0, such as 2000")
    if value > MOST_BUDGET:
        raise wrong(f"max_evaluations is above {MOST_BUDGET:,}", "make it what a run may spend, such as 2000")
    return value


def _probe(asked: Asked, points: Vector) -> None:
    """Evaluates the problem at the points, until `PROBE_S` has passed."""
    began = time.perf_counter()
    for count, x in enumerate(points, start=1):
        asked.ask(x)
        if count >= FEWEST_PROBES and time.perf_counter() - began > PROBE_S:
            break


def _evaluation_us(loaded: Loaded, points: Vector) -> float:
    """Mean time of an evaluation, in microseconds."""
    began, count = time.perf_counter(), 0
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for x in points:
            with contextlib.suppress(Exception, SystemExit):
                loaded.objective(x.copy())
                if loaded.constraints:
                    loaded.constraints(x.copy())
            count += 1
            if time.perf_counter() - began > TIMED_S:
                break
    return 1e6 * (time.perf_counter() - began) / count


def _check_repeats(asked: Asked, again: Asked, points: Vector) -> None:
    """Compares the first answers with those of a second execution of the text, in reverse order.

    Raises:
        LlamocoError: they differ.
    """
    for x in points[::-1]:
        again.ask(x)
    for x, (f, values), (f2, values2) in zip(points, asked.answers, again.answers[::-1], strict=False):
        if not np.array_equal([f, *values], [f2, *values2], equal_nan=True):
            who = "those of constraints(x)" if np.array_equal(f, f2, equal_nan=True) else f"{f!r}, then {f2!r}"
            what = f"asked twice at x = {shown(x)} it gives two answers: {who}"
            raise wrong(what, "a problem has no noise and no memory; remove what is random, or remembers")


def _nowhere_finite(asked: Asked, middle: Vector) -> LlamocoError:
    what = f"its values are finite at none of {len(asked.answers):,} random points of its box{_because(asked)}"
    centre = Asked(asked.loaded)
    centre.ask(middle)
    if centre.num_finite:
        return wrong(f"{what}, though they are at (lower + upper) / 2", "tighten lower and upper around what is finite")
    return wrong(what, "call objective and constraints at (lower + upper) / 2 to see")


def _because(asked: Asked) -> str:
    return f" ({asked.first_error})" if asked.first_error else ""


def _feasible_point(loaded: Loaded, asked: Asked, lower: Vector, upper: Vector) -> Vector | None:
    """The feasible point that the text names, checked; None where it names none.

    Raises:
        LlamocoError: it is no feasible point of the box.
    """
    if loaded.feasible_point is None:
        return None
    advice = "mend it, or leave it out"
    try:
        point = np.array(loaded.feasible_point, np.float64)
    except (TypeError, ValueError):
        raise wrong("feasible_point is no point", advice) from None
    if point.shape != lower.shape or not ((point >= lower) & (point <= upper)).all():
        raise wrong("feasible_point is no point of the box", advice)
    there = Asked(loaded, shape=asked.shape)
    there.ask(point)
    asked.shape = there.shape
    ((f, values),) = there.answers
    if not np.isfinite(f):
        raise wrong(f"objective(feasible_point) is {f!r}{_because(there)}", advice)
    over = excess(values, there.shape or (0, 0))
    if over != 0:
        raise wrong(f"feasible_point is not feasible: a constraint misses by {over:.3g}", advice)
    return point
