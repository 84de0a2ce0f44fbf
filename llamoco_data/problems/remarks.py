"""Judges a user's own problem by its answers at random points, before any run.

A problem that cannot teach anything is refused; one that is only odd gets a remark, because it may be meant so.
"""

import ast
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from math import ceil, log10

import numpy as np
from numpy.typing import NDArray

from llamoco_data.problems.asking import Asked, wrong
from llamoco_data.problems.spec import EQUALITY_TOLERANCE, TARGET_ERROR

LIKE_A_NAME = 0.8
"""Least similarity, by `difflib`, of a name that may be meant as `constraints`."""


def misspelt(text: str) -> Iterator[str]:
    """Yields a line on each name that a problem without constraints defines, never uses, and may mean for one it lacks.

    Args:
        text: Python that parses, and defines no `constraints`.
    """
    tree = ast.parse(text)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda()):
                is_function = True
            case ast.Assign(targets=[ast.Name(id=name)]):
                is_function = False
            case _:
                continue
        if name in used:
            continue
        if name.lower() == "bounds":
            yield f"{name} is not used: the bounds are lower and upper alone"
        elif is_function and get_close_matches(name.lower(), ["constraints"], cutoff=LIKE_A_NAME):
            yield f"{name} is not used: constraints count only as constraints(x), and there is none"


def check_spread(asked: Asked) -> None:
    """Checks that the values of the objective differ by more than the tolerance of a verdict.

    Raises:
        LlamocoError: they do not, and there are no constraints to tell results apart.
    """
    values = _values(asked)
    if asked.shape is not None or len(values) < 2:
        return
    spread, equal = _spread(values), _equal_below(values)
    where = f"at all {len(values):,} random points"
    if spread == 0:
        raise wrong(f"objective(x) is {values[0]:g} {where}", "look for why it does not depend on x")
    if spread <= equal:
        advice = (
            "subtract what is the same everywhere, and scale the rest up"
            if equal > TARGET_ERROR
            else f"multiply it by 1e{ceil(-log10(spread))} or so"
        )
        what = f"the values of objective(x) {where} are within {spread:.2g}, and differences up to {equal:.2g}"
        raise wrong(f"{what} count for nothing", advice)


def check_constants(asked: Asked) -> None:
    """Checks that every constraint that is violated at all random points depends on the point.

    Raises:
        LlamocoError: one has the same violated value at all of them.
    """
    for name, values, tolerance in _constraints(asked):
        if len(values) > 1 and _spread(values) == 0 and values[0] > tolerance:
            what = f"{name} is {values[0]:g} at all {len(values):,} random points, so that none can be feasible"
            raise wrong(what, "look for why it does not depend on x, and for its sign")


def remarks(asked: Asked, *, names_a_point: bool) -> Iterator[str]:
    """Yields a line on each oddity of a problem that is accepted.

    Args:
        names_a_point: whether a feasible point is known, where objective and constraints are finite.
    """
    if asked.num_finite == 0:
        yield "its values are finite at no random point: tighten lower and upper around its feasible_point"
        return
    values = _values(asked)
    if asked.shape is not None and len(values) > 1 and _spread(values) <= _equal_below(values):
        yield "the values of objective(x) are all within the tolerance of an error: only its constraints are raced"
    for name, values, tolerance in _constraints(asked):
        if tolerance and (np.abs(values) <= tolerance).all():
            most = float(np.abs(values).max())
            yield (
                f"{name} = 0 is satisfied at every point, within the {tolerance:g} that it may miss: "
                f"it is {most:.2g} at most; scale it up, or leave it out"
            )
    if asked.num_feasible == 0 and not names_a_point:
        yield f"no random point is feasible{_why(asked)}"


def _why(asked: Asked) -> str:
    least = {name: float(values.min()) for name, values, tolerance in _constraints(asked) if not tolerance}
    never = next((f"{name} <= 0 misses everywhere, by {by:.2g} or more" for name, by in least.items() if by > 0), "")
    if never:
        return f": {never}; where no run finds one, the problem teaches nothing"
    equalities = ", which is usual with equalities" if asked.shape and asked.shape[1] else ""
    return f"{equalities}: name a feasible_point if you know one, to show that there is one"


def _values(asked: Asked) -> NDArray[np.float64]:
    """The finite values of the objective."""
    values = np.array([f for f, _ in asked.answers])
    return values[np.isfinite(values)]


def _constraints(asked: Asked) -> Iterator[tuple[str, NDArray[np.float64], float]]:
    """Each constraint's name, its finite values (g or |h|, at least one) and its tolerance, 0 for an inequality."""
    num_inequality, num_equality = asked.shape or (0, 0)
    count = num_inequality + num_equality
    if count == 0:
        return
    answers: Sequence[NDArray[np.float64]] = [values for _, values in asked.answers if len(values) == count]
    for position, column in enumerate(np.array(answers).reshape(-1, count).T):
        values = column[np.isfinite(column)]
        if len(values) == 0:
            continue
        if position < num_inequality:
            yield f"g[{position}]", values, 0.0
        else:
            yield f"h[{position - num_inequality}]", np.abs(values), EQUALITY_TOLERANCE


def _spread(values: NDArray[np.float64]) -> float:
    with np.errstate(over="ignore"):
        return float(values.max() - values.min())


def _equal_below(values: NDArray[np.float64]) -> float:
    """The tolerance of a verdict whose best known value is the least of these values."""
    return TARGET_ERROR * max(1.0, abs(float(values.min())))
