"""Constrained problems with published optima: g01 to g24 of the CEC 2006 suite (Liang et al., 2006), some of them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.references.trials import Objective, Trial

NOTHING = np.zeros(0)


@dataclass(frozen=True, slots=True)
class GFunction:
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    optimum: float
    """As published; equalities hold within 1e-4."""
    f: Objective
    g: Callable[[np.ndarray], list[float]] = lambda _: []
    h: Callable[[np.ndarray], list[float]] = lambda _: []

    def limits(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.array(self.g(x), dtype=np.float64), np.array(self.h(x), dtype=np.float64)


def g_function(name: str, max_evaluations: int, relative_gap: float = 0.0) -> Trial:
    """A trial that ends where a feasible value is this near to the published optimum."""
    problem = G_FUNCTIONS[name]
    return Trial(
        problem.f,
        problem.optimum,
        np.array(problem.lower, dtype=np.float64),
        np.array(problem.upper, dtype=np.float64),
        max_evaluations,
        relative_gap * abs(problem.optimum),
        problem.limits,
    )


def g04_parts(x: np.ndarray) -> tuple[float, float, float]:
    x1, x2, x3, x4, x5 = x
    return (
        85.334407 + 0.0056858 * x2 * x5 + 0.0006262 * x1 * x4 - 0.0022053 * x3 * x5,
        80.51249 + 0.0071317 * x2 * x5 + 0.0029955 * x1 * x2 + 0.0021813 * x3 * x3,
        9.300961 + 0.0047026 * x3 * x5 + 0.0012547 * x1 * x3 + 0.0019085 * x3 * x4,
    )


def g04_limits(x: np.ndarray) -> list[float]:
    a, b, c = g04_parts(x)
    return [a - 92, -a, b - 110, 90 - b, c - 25, 20 - c]


def g07_value(x: np.ndarray) -> float:
    return float(
        x[0] ** 2
        + x[1] ** 2
        + x[0] * x[1]
        - 14 * x[0]
        - 16 * x[1]
        + (x[2] - 10) ** 2
        + 4 * (x[3] - 5) ** 2
        + (x[4] - 3) ** 2
        + 2 * (x[5] - 1) ** 2
        + 5 * x[6] ** 2
        + 7 * (x[7] - 11) ** 2
        + 2 * (x[8] - 10) ** 2
        + (x[9] - 7) ** 2
        + 45
    )


def g07_limits(x: np.ndarray) -> list[float]:
    return [
        -105 + 4 * x[0] + 5 * x[1] - 3 * x[6] + 9 * x[7],
        10 * x[0] - 8 * x[1] - 17 * x[6] + 2 * x[7],
        -8 * x[0] + 2 * x[1] + 5 * x[8] - 2 * x[9] - 12,
        3 * (x[0] - 2) ** 2 + 4 * (x[1] - 3) ** 2 + 2 * x[2] ** 2 - 7 * x[3] - 120,
        5 * x[0] ** 2 + 8 * x[1] + (x[2] - 6) ** 2 - 2 * x[3] - 40,
        x[0] ** 2 + 2 * (x[1] - 2) ** 2 - 2 * x[0] * x[1] + 14 * x[4] - 6 * x[5],
        0.5 * (x[0] - 8) ** 2 + 2 * (x[1] - 4) ** 2 + 3 * x[4] ** 2 - x[5] - 30,
        -3 * x[0] + 6 * x[1] + 12 * (x[8] - 8) ** 2 - 7 * x[9],
    ]


def g09_value(x: np.ndarray) -> float:
    x1, x2, x3, x4, x5, x6, x7 = x
    return float(
        (x1 - 10) ** 2
        + 5 * (x2 - 12) ** 2
        + x3**4
        + 3 * (x4 - 11) ** 2
        + 10 * x5**6
        + 7 * x6**2
        + x7**4
        - 4 * x6 * x7
        - 10 * x6
        - 8 * x7
    )


def g09_limits(x: np.ndarray) -> list[float]:
    x1, x2, x3, x4, x5, x6, x7 = x
    return [
        -127 + 2 * x1**2 + 3 * x2**4 + x3 + 4 * x4**2 + 5 * x5,
        -282 + 7 * x1 + 3 * x2 + 10 * x3**2 + x4 - x5,
        -196 + 23 * x1 + x2**2 + 6 * x6**2 - 8 * x7,
        4 * x1**2 + x2**2 - 3 * x1 * x2 + 2 * x3**2 + 5 * x6 - 11 * x7,
    ]


G_FUNCTIONS = {
    "g04": GFunction(
        (78, 33, 27, 27, 27),
        (102, 45, 45, 45, 45),
        -30665.53867178332,
        lambda x: float(5.3578547 * x[2] ** 2 + 0.8356891 * x[0] * x[4] + 37.293239 * x[0] - 40792.141),
        g04_limits,
    ),
    "g06": GFunction(
        (13, 0),
        (100, 100),
        -6961.81387558015,
        lambda x: float((x[0] - 10) ** 3 + (x[1] - 20) ** 3),
        lambda x: [-((x[0] - 5) ** 2) - (x[1] - 5) ** 2 + 100, (x[0] - 6) ** 2 + (x[1] - 5) ** 2 - 82.81],
    ),
    "g07": GFunction((-10,) * 10, (10,) * 10, 24.30620906818, g07_value, g07_limits),
    "g08": GFunction(
        (1e-9, 1e-9),
        (10, 10),
        -0.0958250414180359,
        lambda x: float(-(np.sin(2 * np.pi * x[0]) ** 3) * np.sin(2 * np.pi * x[1]) / (x[0] ** 3 * (x[0] + x[1]))),
        lambda x: [x[0] ** 2 - x[1] + 1, 1 - x[0] + (x[1] - 4) ** 2],
    ),
    "g09": GFunction((-10,) * 7, (10,) * 7, 680.630057374402, g09_value, g09_limits),
    "g11": GFunction(
        (-1, -1),
        (1, 1),
        0.7499,
        lambda x: float(x[0] ** 2 + (x[1] - 1) ** 2),
        h=lambda x: [x[1] - x[0] ** 2],
    ),
    "g13": GFunction(
        (-2.3, -2.3, -3.2, -3.2, -3.2),
        (2.3, 2.3, 3.2, 3.2, 3.2),
        0.053941514041898,
        lambda x: float(np.exp(np.prod(x))),
        h=lambda x: [
            float(x @ x) - 10,
            x[1] * x[2] - 5 * x[3] * x[4],
            x[0] ** 3 + x[1] ** 3 + 1,
        ],
    ),
    "g24": GFunction(
        (0, 0),
        (3, 4),
        -5.50801327159536,
        lambda x: float(-x[0] - x[1]),
        lambda x: [
            -2 * x[0] ** 4 + 8 * x[0] ** 3 - 8 * x[0] ** 2 + x[1] - 2,
            -4 * x[0] ** 4 + 32 * x[0] ** 3 - 88 * x[0] ** 2 + 96 * x[0] + x[1] - 36,
        ],
    ),
}
