"""Draws problems: a mixture, a campaign seed and an index give one spec, on any machine, in any order.

Numbers are rounded so that a whole problem fits into a prompt; runs use the rounded numbers.
"""

from collections.abc import Iterable, Sequence
from math import floor, log10

import numpy as np
from pydantic import Field, model_validator

from llamoco_data.identity import Record, is_empty, stream
from llamoco_data.plugins import Pinned, required
from llamoco_data.problems.constraint_forms import FORMS, ConstraintForm, Sense
from llamoco_data.problems.evaluation import Problem, Vector, build
from llamoco_data.problems.functions import FUNCTIONS
from llamoco_data.problems.plugin_forms import PinnedForm, form_named
from llamoco_data.problems.plugin_functions import PinnedFunction, function_named
from llamoco_data.problems.spec import Component, Constraint, Kind, ProblemSpec, parts_of_plugins

BOX_HALF_WIDTHS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
"""Half-widths of boxes, in units; the literature's boxes lie between them."""
CENTRAL_SHARE = 0.8
"""Central share of each variable's range in which minima and feasible points lie (CEC 2014, MetaBox)."""
PROBES = 256
"""Number of random points from which the scales of weights and slacks are estimated."""
SHARE_PROBES = 10_000
"""Number of random points from which the feasible share is estimated: standard error at most 0.005."""
MAX_COEFFICIENTS = 10
"""Most variables of a constraint with coefficients, to keep prompts short."""
MAX_SHIFT_NUMBERS = 100
"""Most numbers in the shifts of components with minima of their own, to keep prompts short."""


FIRST_UNMEASURED = 1_000_000_000
"""Problems of a campaign have smaller indices, however it grows; unmeasured ones are drawn with those from here on."""


SHARES_SLACK = 1e-9
"""By how much shares may miss their sum, for the rounding of decimal fractions."""


class ProblemMixture(Record):
    """The distribution that a recipe draws its problems from. Shares are probabilities."""

    min_dimension: int = Field(ge=2)
    max_dimension: int = Field(ge=2)
    """Greatest dimension; drawn log-uniformly from `min_dimension` up."""
    min_budget_factor: float = Field(gt=0)
    max_budget_factor: float = Field(gt=0)
    """Greatest evaluation budget divided by D; drawn log-uniformly from `min_budget_factor` up."""
    max_evaluations: int = Field(default=100_000, ge=1)
    """Cap on the evaluation budget."""
    composition_share: float = Field(default=0.35, ge=0, le=1)
    hybrid_share: float = Field(default=0.25, ge=0, le=1)
    """Share of hybrids, which become compositions below dimension 4; the remaining problems are single functions."""
    max_components: int = Field(default=5, ge=2)
    constrained_share: float = Field(default=0.5, ge=0, le=1)
    rotated_share: float = Field(default=0.65, ge=0, le=1)
    units_share: float = Field(default=0.2, ge=0, le=1)
    """Share of problems of at most 20 variables whose variables have different units, from 0.01 to 100."""
    own_shifts_share: float = Field(default=0.3, ge=0, le=1)
    """Share of compositions whose components have minima of their own, so that the optimum is unknown."""
    plugin_functions: tuple[PinnedFunction, ...] = Field(default=(), exclude_if=is_empty)
    """Basic functions of plug-ins that are drawn beside those of the package; in a recipe file, their names."""
    plugin_constraints: tuple[PinnedForm, ...] = Field(default=(), exclude_if=is_empty)
    """Constraint forms of plug-ins that are drawn beside those of the package; in a recipe file, their names."""
    plugin_share: float | None = Field(default=None, gt=0, lt=1, exclude_if=lambda share: share is None)
    """Probability that a part is of plug-ins, where any are named; where None, as likely as any other of its kind."""

    @model_validator(mode="after")
    def _check(self) -> "ProblemMixture":
        """Refuses fields that contradict each other; the message begins with the field to change."""
        if self.max_dimension < self.min_dimension:
            raise ValueError(f"max_dimension: {self.max_dimension} is less than min_dimension, {self.min_dimension}")
        if self.max_budget_factor < self.min_budget_factor:
            raise ValueError(
                f"max_budget_factor: {self.max_budget_factor:g} is less than min_budget_factor, "
                f"{self.min_budget_factor:g}"
            )
        if self.min_dimension * self.min_budget_factor < 1:
            raise ValueError(f"min_budget_factor: {self.min_budget_factor:g} leaves budgets of less than 1 evaluation")
        if self.composition_share + self.hybrid_share > 1 + SHARES_SLACK:
            raise ValueError("hybrid_share: with composition_share it is more than 1")
        known = len(FUNCTIONS) + len(self.plugin_functions)
        if self.max_components > known:
            raise ValueError(f"max_components: {self.max_components} is more than the {known} functions there are")
        return self


def sample(mixture: ProblemMixture, seed: int, index: int) -> ProblemSpec:
    """The problem that a mixture, a campaign seed and an index decide; about 5 ms after the first call.

    Raises:
        PluginMissing: the mixture names a plug-in that is not installed here, or is another here.
    """
    check_plugins(mixture)
    rng = stream("problem", mixture.to_json(), seed, index)
    dimension, max_evaluations = _draw_size(rng, mixture)
    kind = _draw_kind(rng, mixture, dimension)
    box, units = _draw_box(rng, dimension, rng.random() < mixture.units_share)
    bare = _draw_objective(rng, mixture, kind, dimension, box, units)
    spec = bare.model_copy(update={"max_evaluations": max_evaluations})
    if rng.random() < mixture.constrained_share:
        spec = _constrain(rng, spec, mixture)
    return ProblemSpec.model_validate(spec.model_dump())


def check_plugins(mixture: ProblemMixture) -> None:
    """Checks that the plug-ins of a mixture are installed as they were when it was made.

    Raises:
        PluginMissing: one is not.
    """
    for pinned in (*mixture.plugin_functions, *mixture.plugin_constraints):
        required(pinned)


def sample_size(mixture: ProblemMixture, seed: int, index: int) -> tuple[int, int]:
    """Dimension and evaluation budget of the problem that `sample` draws; about 50 us."""
    return _draw_size(stream("problem", mixture.to_json(), seed, index), mixture)


def _draw_size(rng: np.random.Generator, mixture: ProblemMixture) -> tuple[int, int]:
    dimension = _log_uniform_int(rng, mixture.min_dimension, mixture.max_dimension)
    budget = dimension * 10 ** rng.uniform(log10(mixture.min_budget_factor), log10(mixture.max_budget_factor))
    return dimension, min(_round_nice(budget), mixture.max_evaluations)


def _draw_kind(rng: np.random.Generator, mixture: ProblemMixture, dimension: int) -> Kind:
    draw = rng.random()
    if draw < mixture.hybrid_share and dimension >= 4:
        return "hybrid"
    return "composition" if draw < mixture.hybrid_share + mixture.composition_share else "single"


def _draw_box(
    rng: np.random.Generator, dimension: int, with_units: bool
) -> tuple[tuple[float, float], tuple[float, ...]]:
    half = float(rng.choice(BOX_HALF_WIDTHS))
    # Three boxes in five are centred on 0; the others begin at 0 or lie anywhere near it.
    center = float(rng.choice([0.0, 0.0, 0.0, half, _round(half * rng.uniform(-1, 1), 2)]))
    units = tuple(float(unit) for unit in rng.choice([0.01, 0.1, 1.0, 10.0, 100.0], dimension))
    mixed = with_units and dimension <= 20 and len(set(units)) > 1
    return (_round(center - half, 3), _round(center + half, 3)), units if mixed else ()


def _draw_objective(
    rng: np.random.Generator,
    mixture: ProblemMixture,
    kind: Kind,
    dimension: int,
    box: tuple[float, float],
    units: tuple[float, ...],
) -> ProblemSpec:
    """An unconstrained spec with a budget of 1 and with weights by which no component dominates the others."""
    most = {"single": 1, "composition": mixture.max_components, "hybrid": min(mixture.max_components, dimension // 2)}
    count = 1 if kind == "single" else int(rng.integers(2, most[kind] + 1))
    names = _draw_names(rng, [f.name for f in FUNCTIONS], mixture.plugin_functions, mixture.plugin_share, count)
    reflections = _draw_reflections(rng, dimension) if rng.random() < mixture.rotated_share else ()
    own = kind == "composition" and rng.random() < mixture.own_shifts_share and count * dimension <= MAX_SHIFT_NUMBERS
    shifts = tuple(_draw_point(rng, box, units, dimension) for _ in range(count if own else 1))
    segments = _draw_segments(rng, dimension, count) if kind == "hybrid" else ((),) * count
    components = tuple(
        Component(
            function=name,
            weight=1.0,
            scale=_round(2 * function_named(name).half_width / (box[1] - box[0]) * rng.uniform(0.6, 1.2), 2),
            shift=position if own else 0,
            reflections=_draw_subset(rng, len(reflections)) if own else tuple(range(len(reflections))),
            variables=segments[position],
        )
        for position, name in enumerate(names)
    )
    spec = ProblemSpec(
        kind=kind,
        dimension=dimension,
        box=box,
        units=units,
        shifts=shifts,
        reflections=reflections,
        components=components,
        offset=0.0 if rng.random() < 0.5 else float(rng.integers(-500, 501)),
        max_evaluations=1,
        plugins=_used(components, (), mixture),
    )
    return spec.model_copy(update={"components": _draw_weights(rng, spec)})


def _draw_names(
    rng: np.random.Generator, known: Sequence[str], brought: Sequence[Pinned], share: float | None, count: int
) -> list[str]:
    """Different names, each of this package's or, with probability `share`, of the plug-ins'."""
    names = [*known, *(pinned.name for pinned in brought)]
    chances = _chances(len(known), len(brought), share)
    return [names[code] for code in rng.choice(len(names), count, replace=False, p=chances)]


def _chances(num_known: int, num_brought: int, share: float | None) -> Vector | None:
    """The probability of each part, this package's first; None where all are as likely."""
    if not num_brought or share is None:
        return None
    return np.repeat([(1 - share) / num_known, share / num_brought], [num_known, num_brought])


def _used(
    components: Iterable[Component], constraints: Iterable[Constraint], mixture: ProblemMixture
) -> tuple[Pinned, ...]:
    """The plug-ins of a mixture that parts of a problem are of."""
    pinned = {(one.group, one.name): one for one in (*mixture.plugin_functions, *mixture.plugin_constraints)}
    return tuple(pinned[part] for part in sorted(parts_of_plugins(components, constraints)))


def _draw_weights(rng: np.random.Generator, spec: ProblemSpec) -> tuple[Component, ...]:
    if spec.kind == "single":
        weight = 1.0 if rng.random() < 0.7 else _round(rng.uniform(0.1, 1), 2)
        return (spec.components[0].model_copy(update={"weight": weight}),)
    points = _random_points(rng, build(spec), PROBES)
    weighted: list[Component] = []
    for component in spec.components:
        alone = build(spec.model_copy(update={"components": (component,), "offset": 0.0}))
        typical = float(np.median([alone.objective(x) for x in points]))
        weighted.append(
            component.model_copy(update={"weight": _round(100 * rng.uniform(0.1, 1) / max(typical, 1e-6), 2)})
        )
    return tuple(weighted)


def _draw_reflections(rng: np.random.Generator, dimension: int) -> tuple[tuple[int, ...], ...]:
    """One to three Householder vectors of small integers, the first nonzero one positive: v and -v reflect alike."""
    vectors = rng.integers(-3, 4, (int(rng.integers(1, 4 if dimension <= 20 else 3)), dimension))
    vectors[:, 0] += ~vectors.any(axis=1)
    signs = np.sign([vector[np.flatnonzero(vector)[0]] for vector in vectors])
    different = dict.fromkeys(tuple(int(number) for number in vector) for vector in vectors * signs[:, None])
    return tuple(different)


def _draw_subset(rng: np.random.Generator, count: int) -> tuple[int, ...]:
    return tuple(index for index in range(count) if rng.random() < 0.7)


def _draw_segments(rng: np.random.Generator, dimension: int, count: int) -> tuple[tuple[int, ...], ...]:
    """A permutation of the variables, cut into `count` segments of at least two."""
    order = [int(i) for i in rng.permutation(dimension)]
    extra = rng.multinomial(dimension - 2 * count, [1 / count] * count)
    ends = np.cumsum(extra + 2)
    return tuple(tuple(order[end - size : end]) for end, size in zip(ends, extra + 2, strict=True))


def _draw_point(
    rng: np.random.Generator, box: tuple[float, float], units: tuple[float, ...], dimension: int
) -> tuple[float, ...]:
    """A point of the central share of the box, rounded to a hundredth of its width or finer."""
    lower, upper = box
    decimals = max(0, 2 - floor(log10(upper - lower) + 1e-9))
    margin = (1 - CENTRAL_SHARE) / 2
    draws = lower + (upper - lower) * rng.uniform(margin, 1 - margin, dimension)
    return tuple(
        round(round(float(value), decimals) * unit, decimals + 2)
        for value, unit in zip(draws, units or (1.0,) * dimension, strict=True)
    )


def _constrain(rng: np.random.Generator, spec: ProblemSpec, mixture: ProblemMixture) -> ProblemSpec:
    """Adds constraints around a feasible point: the minimum itself in two cases of five, or else a random point."""
    point = spec.shifts[0] if rng.random() < 0.4 else _draw_point(rng, spec.box, spec.units, spec.dimension)
    num_inequality = int(rng.integers(0, 4))
    num_equality = int(rng.integers(1, 3)) if num_inequality == 0 else int(rng.random() < 0.25)
    num_equality = min(num_equality, spec.dimension - 1)
    constraints: list[Constraint] = []
    for position in range(num_inequality + num_equality):
        equality = position >= num_inequality
        constraints.append(draw_constraint(rng, spec, _draw_form(rng, mixture, equality), point, equality))
    changes = {
        "constraints": tuple(constraints),
        "feasible_point": point,
        "plugins": _used(spec.components, constraints, mixture),
    }
    constrained = spec.model_copy(update=changes)
    problem = build(constrained)
    feasible = sum(problem.violation(x) == 0 for x in _random_points(rng, problem, SHARE_PROBES))
    return constrained.model_copy(update={"feasible_share": feasible / SHARE_PROBES})


def _draw_form(rng: np.random.Generator, mixture: ProblemMixture, equality: bool) -> ConstraintForm:
    wanted = {"="} if equality else {"<=", ">="}
    known = [form for form in FORMS if wanted & {*form.senses}]
    brought = [form_named(pinned.name) for pinned in mixture.plugin_constraints]
    brought = [form for form in brought if wanted & {*form.senses}]
    forms, chances = [*known, *brought], _chances(len(known), len(brought), mixture.plugin_share)
    if chances is None:
        return forms[int(rng.integers(len(forms)))]
    return forms[int(rng.choice(len(forms), p=chances))]


def draw_constraint(
    rng: np.random.Generator, spec: ProblemSpec, form: ConstraintForm, point: tuple[float, ...], equality: bool
) -> Constraint:
    """A constraint that holds at the point: bounds are rounded outwards, equalities to within 1e-6."""
    lower, upper = spec.box
    half = (upper - lower) / 2
    variables = _draw_variables(rng, spec.dimension, form, equality)
    count = len(variables) or spec.dimension
    low = 1 if form.positive_coefficients else -5
    coefficients = [float(a) for a in rng.integers(low, 6, count)] if form.uses_coefficients else []
    coefficients = [a or 1.0 for a in coefficients]
    senses: list[Sense] = ["="] if equality else [sense for sense in form.senses if sense != "="]
    draft = Constraint(
        form=form.name,
        sense=senses[int(rng.integers(len(senses)))],
        bound=0.0,
        variables=variables,
        coefficients=tuple(coefficients),
        center=_round(lower + 2 * half * rng.uniform(0.2, 0.8), 2) if form.uses_center else 0.0,
        width=_round(rng.uniform(0.3, 3) / half, 2) if form.uses_width else 1.0,
    )
    problem = build(spec.model_copy(update={"constraints": (draft,), "feasible_point": point}))
    sign = -1.0 if draft.sense == ">=" else 1.0
    at_point = sign * _left_hand_side(problem, np.asarray(point))
    if equality:
        return draft.model_copy(update={"bound": round(at_point, 6)})
    spread = float(np.std([_left_hand_side(problem, x) for x in _random_points(rng, problem, PROBES)]))
    # A third of the inequalities are active at the point, the others leave it some room.
    slack = 0.0 if rng.random() < 1 / 3 else spread * rng.uniform(0.05, 1)
    return draft.model_copy(update={"bound": sign * _round_up(sign * at_point + slack, spread)})


def _left_hand_side(problem: Problem, x: Vector) -> float:
    """Phi - bound of the only constraint, or bound - phi for ">="."""
    g, h = problem.constraints(x)
    return float((g if len(g) else h)[0])


def _draw_variables(rng: np.random.Generator, dimension: int, form: ConstraintForm, equality: bool) -> tuple[int, ...]:
    most = min(dimension, 4 if equality else MAX_COEFFICIENTS)
    if rng.random() < 0.5 and (most == dimension or not (equality or form.uses_coefficients)):
        return ()
    count = int(rng.integers(2, min(most, 6) + 1))
    return tuple(sorted(int(i) for i in rng.choice(dimension, count, replace=False)))


def _random_points(rng: np.random.Generator, problem: Problem, count: int) -> Vector:
    return rng.uniform(problem.lower, problem.upper, (count, len(problem.lower)))


def _log_uniform_int(rng: np.random.Generator, low: int, high: int) -> int:
    return floor(low * ((high + 1) / low) ** rng.random())


def _round(value: float, digits: int) -> float:
    """The value rounded to `digits` significant digits."""
    return float(f"{value:.{digits - 1}e}")


def _round_nice(value: float) -> int:
    return int(_round(value, 2))


def _round_up(value: float, spread: float) -> float:
    """The value rounded up by at most about a thousandth of the spread, to as few decimals as that allows."""
    decimals = 3 - floor(log10(max(spread, 1e-9)))
    step = 10.0**-decimals
    return round(float(np.ceil(value / step + 0.01)) * step, max(decimals, 0))
