"""The groups of problems by which wins are told apart: bands of numbers, kinds, and properties of the functions."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import get_args

from llamoco_data.problems.functions import BasicFunction, FunctionFamily
from llamoco_data.problems.own_spec import AnySpec, OwnProblemSpec
from llamoco_data.problems.plugin_functions import function_named
from llamoco_data.problems.spec import Kind, ProblemSpec


@dataclass(frozen=True, slots=True)
class Grouping:
    """One way to tell problems apart."""

    title: str
    """Title of the grouping; empty where the groups need none."""
    labels: tuple[str, ...]
    """Every group, in the order in which to show them."""
    labels_of: Callable[[AnySpec], Sequence[str]]
    """Groups of a problem: one, or a group for each family of its functions; none where the property is unknown."""


def _banded(title: str, bands: Sequence[tuple[float, str]], value: Callable[[AnySpec], float | None]) -> Grouping:
    """Groups by a number, where it is known: each band is named with its lowest value, in rising order."""
    edges = [edge for edge, _ in bands[1:]]
    labels = tuple(label for _, label in bands)

    def labels_of(spec: AnySpec) -> Sequence[str]:
        number = value(spec)
        return () if number is None else (labels[bisect_right(edges, number)],)

    return Grouping(title, labels, labels_of)


def _known(labels_of: Callable[[ProblemSpec], Sequence[str]]) -> Callable[[AnySpec], Sequence[str]]:
    """Groups by properties of the basic functions, which are unknown for a user's own problem."""
    return lambda spec: () if isinstance(spec, OwnProblemSpec) else labels_of(spec)


def _functions(spec: ProblemSpec) -> list[BasicFunction]:
    return [function_named(name) for name in spec.functions]


def _constraints(spec: AnySpec) -> list[str]:
    if spec.num_equality:
        return ["with equalities"]
    return ["inequalities only" if spec.num_inequality else "none"]


def _minima(spec: ProblemSpec) -> list[str]:
    return ["many" if any(function.multimodal for function in _functions(spec)) else "one"]


def _separability(spec: ProblemSpec) -> list[str]:
    turned = any(component.reflections for component in spec.components)
    whole = turned or not all(function.separable for function in _functions(spec))
    return ["no" if whole else "yes"]


def _smoothness(spec: ProblemSpec) -> list[str]:
    return ["yes" if all(function.smooth for function in _functions(spec)) else "no"]


def _families(spec: ProblemSpec) -> list[str]:
    return sorted({function.family for function in _functions(spec)})


GROUPINGS: tuple[Grouping, ...] = (
    Grouping("", ("all problems",), lambda _: ["all problems"]),
    _banded(
        "Variables",
        [(2, "2 to 4"), (5, "5 to 9"), (10, "10 to 19"), (20, "20 and more")],
        lambda spec: spec.dimension,
    ),
    _banded(
        "Evaluations per variable",
        [(0, "below 100"), (100, "100 to 299"), (300, "300 to 999"), (1_000, "1,000 and more")],
        lambda spec: spec.max_evaluations / spec.dimension,
    ),
    Grouping("Constraints", ("none", "inequalities only", "with equalities"), _constraints),
    Grouping("Kind of objective", (*get_args(Kind), "own"), lambda spec: [spec.kind]),
    Grouping("Minima of its functions", ("one", "many"), _known(_minima)),
    Grouping("Separable, not rotated", ("yes", "no"), _known(_separability)),
    Grouping("Smooth", ("yes", "no"), _known(_smoothness)),
    _banded(
        "Worst conditioning of a function",
        [(1, "below 100"), (100, "100 to 10,000"), (1e5, "above 10,000")],
        lambda spec: max((function_named(name).conditioning for name in spec.functions), default=None),
    ),
    Grouping("Has a function of the family", get_args(FunctionFamily), _known(_families)),
)
