"""The elements of a style, and the drawing of a mixture of them with its names and remarks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from llamoco_data.statements.choices import chance, pick
from llamoco_data.statements.styles.vocabulary import LONG_NAMES, REMARKS, SHORT_NAMES

Element = Literal["loops", "math", "long names", "class", "dictionary", "comments", "hints"]
"""One element of a style.

- `loops`: sums and vectors in loops over indices, the problem's shift, rotation and constraints too
- `math`: functions of `math` on plain numbers and lists; without `loops`, in list comprehensions
- `long names`: names in whole words
- `class`: objective and constraints are objects with `__call__`
- `dictionary`: all numbers of the objective in one dictionary, all of the constraints in another
- `comments`: a remark in words before each step
- `hints`: type hints on functions and constants
"""
ELEMENTS: tuple[Element, ...] = get_args(Element)
LEAST_ELEMENTS = 3
"""Least number of elements in a style, so that every text is unlike other statements."""


@dataclass(frozen=True, slots=True)
class Style:
    """A mixture of elements."""

    elements: frozenset[Element]
    names: Mapping[str, str]
    """Name of each role; see `vocabulary`."""
    remarks: Mapping[str, str]
    """Remark on each step, without the leading sign; empty where the style has none."""

    def has(self, element: Element) -> bool:
        return element in self.elements

    @property
    def arithmetic(self) -> Literal["loops", "comprehensions", "vectors"]:
        """How vectors are computed; with `vectors` they are NumPy arrays, else lists."""
        if self.has("loops"):
            return "loops"
        return "comprehensions" if self.has("math") else "vectors"

    @property
    def module(self) -> str:
        """Module of the scalar functions."""
        return "math" if self.has("math") else "np"


def draw_style(rng: np.random.Generator) -> Style:
    """A style with at least `LEAST_ELEMENTS` of the elements, each of which is as likely as not."""
    elements: frozenset[Element] = frozenset()
    while len(elements) < LEAST_ELEMENTS:
        elements = frozenset(element for element in ELEMENTS if chance(rng, 0.5))
    names = LONG_NAMES if "long names" in elements else SHORT_NAMES
    return Style(
        elements=elements,
        names={role: pick(rng, options) for role, options in names.items()},
        remarks={step: pick(rng, options) for step, options in REMARKS.items()} if "comments" in elements else {},
    )
