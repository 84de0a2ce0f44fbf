"""The style in which a writer sets formulas: letters, brackets, environments; docs/statements.md has every choice."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from llamoco_data.problems.plugin_functions import function_named
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
    """Letter of the shifted, rotated variables that several arguments are made of."""
    shift: str
    reflection: str
    units: str
    variables: str
    """Letter of the variables of one constraint."""
    scaled: str
    """Letter of all variables, each divided by its unit."""
    coefficients: str
    dimension: Literal["d", "n"]
    """Letter of the length of a function's argument."""
    superscripts: bool
    """Whether arguments and shifts are numbered z^{(1)} rather than z_1."""
    square_brackets: bool
    inlined: bool
    """Whether a single basic function is written out as f itself."""
    numbered_rotations: bool
    """Whether reflections are H_1 rather than H_{v_1}."""
    norm: bool
    r"""Whether reflections have \|v\|^2 rather than v^\top v."""
    slashed: bool
    r"""Whether division by units is \oslash rather than the inverse of a diagonal matrix."""
    interval: bool
    """Whether the box is a power of an interval."""
    named_constraints: bool
    """Whether constraints are g_1(x) <= 0, with definitions below."""
    unrolled: bool
    """Whether sums over few variables are written term by term."""
    inline_data: bool
    """Whether vectors of numbers are in a sentence rather than in displays."""

    def bold(self, letter: str, number: int | None = None) -> str:
        """A whole vector, numbered where there are several of its kind."""
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
    """A style drawn for a problem, whose letters avoid those of the functions' own formulas."""
    auxiliary = {definition[0] for name in spec.functions for definition in function_named(name).where}
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
