"""The style in which a programmer writes a problem: names, formulas, helpers, order; drawn at random, or canonical."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.statements.choices import chance, pick, pick_names
from llamoco_data.statements.function_bodies import identifiers, loop_body
from llamoco_data.statements.numbers import NumberStyle
from llamoco_data.statements.structure import Structure

MAX_LINE = 100
"""Longest line of code, in characters, where it can be broken."""
MAX_INSIDE = 30
"""Most numbers in vectors that are defined in the bodies of functions."""
MAX_LOOP_LINES = 22
"""Most lines that basic functions written as loops may have together."""

CANONICAL_NAMES = {
    "z": "z",
    "shift": "shift",
    "units": "units",
    "vector": "v",
    "reflect": "reflect",
    "reflection": "reflection",
    "matrix": "R",
    "order": "order",
    "variables": "y",
    "coefficients": "a",
    "terms": "terms",
    "total": "total",
    "dimension": "dim",
}
LOOP_NAMES = ("w", "f", "s", "i", "o")
"""Names of weight, function, scale, variables and shift of a term, where the objective loops over terms."""


@dataclass(frozen=True, slots=True)
class CodeStyle:
    """One programmer's habits; the defaults are the canonical ones."""

    numbers: NumberStyle = field(default_factory=lambda: NumberStyle(whole="2.0"))
    names: Mapping[str, str] = field(default_factory=lambda: dict(CANONICAL_NAMES))
    functions: Literal["catalogue", "f{number}", "term_{letter}", "part{number}"] = "catalogue"
    """Names of the basic functions."""
    loops: bool = False
    """Whether basic functions are loops over the variables, rather than NumPy expressions."""
    inlined: bool = False
    """Whether a single basic function is written in the objective's own body."""
    lambdas: bool = False
    length: Literal["z.size", "len(z)"] = "z.size"
    remarks: Literal["none", "comments", "docstrings"] = "none"
    typed: bool = False
    converted: bool = False
    """Whether functions first convert x to an array."""
    inside: bool = False
    """Whether vectors are defined in the bodies of the functions that use them."""
    rotation: Literal["function", "statements", "matrix"] = "function"
    summation: Literal["sum", "steps", "terms"] = "sum"
    segments: Literal["indices", "slices", "split"] = "indices"
    constraints: Literal["named", "array", "lists"] = "array"
    dot: Literal["np.sum(a * y)", "a @ y", "np.dot(a, y)"] = "np.sum(a * y)"
    """Expression of a linear constraint."""
    unrolled: bool = False
    """Whether constraints on few variables are written term by term."""
    bounds: Literal["full", "ones", "repeat", "mirrored", "explicit"] = "full"
    named_dimension: bool = False
    budget: Literal["20000", "20_000", "per dimension"] = "20000"
    order: Literal["bounds first", "bounds last", "helpers first", "objective first"] = "bounds first"
    wrapped: bool = False
    """Whether long vectors are broken into lines."""
    empty: Literal["np.zeros(0)", "np.array([])", "np.empty(0)"] = "np.zeros(0)"


def draw_code_style(rng: np.random.Generator, spec: ProblemSpec) -> CodeStyle:
    """A style drawn for a problem; choices that make texts long are for short problems only."""
    structure = Structure(spec)
    numbers = spec.dimension * (len(structure.shifts) + len(structure.reflections))
    short = numbers <= 60
    summation = pick(rng, ("sum", "sum", "steps", "terms"))
    taken = {*spec.functions}.union(*map(identifiers, spec.functions), LOOP_NAMES if summation == "terms" else ())
    return CodeStyle(
        numbers=NumberStyle(
            whole=pick(rng, ("2", "2.0", "2.") if short else ("2", "2", "2.")),
            leading_zero=chance(rng, 0.85),
            powers=chance(rng, 0.6),
            separator=", " if short or chance(rng, 0.7) else ",",
            vectors=pick(rng, ("array", "array", "array", "asarray", "split", "integers")),
        ),
        names=_draw_names(rng, taken),
        functions=pick(rng, ("catalogue", "catalogue", "f{number}", "term_{letter}", "part{number}")),
        loops=chance(rng, 0.3) and short and sum(map(len, map(loop_body, set(spec.functions)))) <= MAX_LOOP_LINES,
        inlined=chance(rng, 0.6),
        lambdas=chance(rng, 0.2),
        length=pick(rng, ("z.size", "len(z)")),
        remarks=pick(rng, ("none", "comments", "docstrings") if short else ("none", "none", "comments")),
        typed=chance(rng, 0.15),
        converted=chance(rng, 0.1),
        inside=chance(rng, 0.3) and numbers <= MAX_INSIDE,
        rotation=pick(rng, ("function", "statements", "matrix")),
        summation=summation,
        segments=pick(rng, ("indices", "slices", "split")),
        constraints=pick(rng, ("named", "array", "lists")),
        dot=pick(rng, ("np.sum(a * y)", "a @ y", "np.dot(a, y)")),
        unrolled=chance(rng, 0.6),
        bounds=pick(rng, ("full", "full", "ones", "repeat", "mirrored", "explicit")),
        named_dimension=chance(rng, 0.3),
        budget=pick(rng, ("20000", "20000", "20_000", "per dimension")),
        order=pick(rng, ("bounds first", "bounds last", "helpers first", "objective first")),
        wrapped=chance(rng, 0.4),
        empty=pick(rng, ("np.zeros(0)", "np.array([])", "np.empty(0)")),
    )


def _draw_names(rng: np.random.Generator, taken: set[str]) -> dict[str, str]:
    return pick_names(
        rng,
        (
            ("z", ("z", "y", "u", "t", "q")),
            ("shift", ("shift", "center", "x0", "o", "xopt")),
            ("units", ("units", "unit", "ranges", "step_sizes")),
            ("vector", ("v", "v", "n", "axis")),
            ("reflect", ("reflect", "mirror", "reflected", "flip")),
            ("reflection", ("householder", "reflection", "mirror_matrix", "H")),
            ("matrix", ("R", "Q", "M", "rotation")),
            ("order", ("perm", "order", "idx", "p")),
            ("variables", ("y", "u", "xs", "sub")),
            ("coefficients", ("a", "coef", "c", "A")),
            ("terms", ("terms", "components", "parts", "pieces")),
            ("total", ("total", "value", "result", "fx")),
            ("dimension", ("dim", "D", "n_var", "N")),
        ),
        taken,
    )
