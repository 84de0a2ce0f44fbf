"""How one writer sets formulas: letters, brackets, environments. docs/statements.md describes every choice."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from llamoco_data.problems.functions import FUNCTION_BY_NAME
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.statements.choices import chance, pick, pick_names
from llamoco_data.statements.numbers import NumberStyle, latex_numbers

Layout = Literal["brackets", "dollars", "align"]


@dataclass(frozen=True, slots=True)
class LatexStyle:
    """One writer's notation; the letters name vectors and are bold in whole vectors, plain in entries."""

    numbers: NumberStyle
    layout: Layout
    subject_to: Literal[r"\text{s.t.}", r"\text{subject to}"]
    function: Literal["f", r"\phi"]
    """Letter of the basic functions, with the component's number as subscript."""
    argument: str
    base: str
    """What several arguments are made of: shifted, rotated variables."""
    shift: str
    reflection: str
    units: str
    variables: str
    """Variables that one constraint is about."""
    scaled: str
    """All variables, each divided by its unit."""
    coefficients: str
    dimension: Literal["d", "n"]
    """Length of a function's argument."""
    superscripts: bool
    """Numbers of arguments and shifts as z^{(1)} rather than z_1."""
    square_brackets: bool
    inlined: bool
    """A single basic function is written out as f itself."""
    numbered_rotations: bool
    """H_1 rather than H_{v_1}."""
    norm: bool
    r"""The reflection with \|v\|^2 rather than v^\top v."""
    slashed: bool
    r"""Division by units as \oslash rather than with the inverse of a diagonal matrix."""
    interval: bool
    """The box as a power of an interval."""
    named_constraints: bool
    """g_1(x) <= 0 with its definition below."""
    unrolled: bool
    """Sums over few variables are written term by term."""
    inline_data: bool
    """Vectors of numbers in a sentence rather than in displays."""

    def bold(self, letter: str, number: int | None = None) -> str:
        """A whole vector; the number is left out where there is one such vector only."""
        if number is None:
            return rf"\mathbf{{{letter}}}"
        return rf"\mathbf{{{letter}}}" + (f"^{{({number})}}" if self.superscripts else f"_{subscript(number)}")

    def tuple(self, entries: str) -> str:
        return rf"[{entries}]^\top" if self.square_brackets else rf"({entries})^\top"

    def vector(self, values: Iterable[float]) -> str:
        return self.tuple(latex_numbers(tuple(values), self.numbers))


def subscript(number: int) -> str:
    return str(number) if number < 10 else f"{{{number}}}"


def rename(text: str, old: str, new: str) -> str:
    """LaTeX with every letter `old` that stands alone replaced; macros and words stay as they are."""
    return re.sub(rf"(?<![A-Za-z\\]){old}(?![A-Za-z])", lambda _: new, text)


def draw_latex_style(rng: np.random.Generator, spec: ProblemSpec) -> LatexStyle:
    """A writer for this problem: the letters avoid those of the functions' own formulas."""
    auxiliary = {definition[0] for name in spec.functions for definition in FUNCTION_BY_NAME[name].where}
    letters = pick_names(
        rng,
        (
            ("argument", ("z", "z", "y", "u", "w")),
            ("base", ("u", "y", "r", "t", "c")),
            ("shift", ("o", "o", "c", "b")),
            ("reflection", ("v", "v", "w", "v")),
            ("units", ("s", "s", "r", "u", "l")),
            ("variables", ("y", "q", "t", "w", "b")),
            ("scaled", ("p", "y", "t", "b")),
            ("coefficients", ("a", "a", "b", "c")),
        ),
        auxiliary,
    )
    return LatexStyle(
        numbers=NumberStyle(
            whole=pick(rng, ("2", "2", "2", "2.0") if spec.dimension <= 12 else ("2",)),
            powers=chance(rng, 0.7),
            separator=", " if spec.dimension <= 20 or chance(rng, 0.6) else ",",
        ),
        layout=pick(rng, ("brackets", "dollars", "align")),
        subject_to=pick(rng, (r"\text{s.t.}", r"\text{subject to}")),
        function=pick(rng, ("f", "f", r"\phi")),
        dimension=pick(rng, ("d", "n")),
        superscripts=chance(rng, 0.5),
        square_brackets=chance(rng, 0.3),
        inlined=chance(rng, 0.75),
        numbered_rotations=chance(rng, 0.4),
        norm=chance(rng, 0.35),
        slashed=chance(rng, 0.5),
        interval=chance(rng, 0.5),
        named_constraints=chance(rng, 0.35),
        unrolled=chance(rng, 0.6),
        inline_data=chance(rng, 0.4),
        **letters,
    )
