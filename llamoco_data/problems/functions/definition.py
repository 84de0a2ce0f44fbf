"""What a basic function is: one formula three times over (scalar kernel, NumPy text, LaTeX), with its properties."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

FunctionFamily = Literal[
    "bowl", "valley", "ridge", "plateau", "regular waves", "deceptive", "paired waves", "fractal", "norm"
]


@dataclass(frozen=True, slots=True)
class BasicFunction:
    """A function of z[d], d >= 2, whose global minimum over all of R^d is 0 (to rounding), at z = 0.

    The three spellings of the formula agree to 1e-9 relative, which a property test checks.
    """

    name: str
    """Identifier, also the function's name in Python statements."""
    title: str
    """Name in the literature."""
    family: FunctionFamily
    """Landscape structure; whole families are held out for testing."""
    kernel: Callable[[Vector], float]
    """Scalar kernel z[d] -> value, written as the loops of the formula; `dispatch` compiles it."""
    numpy: str
    """Body of a Python function of the NumPy array `z`, ending in a return statement."""
    latex: str
    """Right-hand side in LaTeX, in terms of z_1 ... z_d and d."""
    half_width: float
    """Half-width of the box in which the literature uses it: z spans about [-half_width, half_width]."""
    source: str
    """Publication or suite that defines it."""
    where: tuple[str, ...] = ()
    """LaTeX definitions of the auxiliary symbols of `latex`, in order of use."""
    multimodal: bool = False
    separable: bool = False
    smooth: bool = True
    """Continuously differentiable everywhere."""
    conditioning: float = 1.0
    """Order of magnitude of the ratio of extreme curvatures along the axes near the optimum."""
