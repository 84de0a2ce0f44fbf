"""Area of the largest hexagon whose diameter is 1.

Source: g18 of Liang et al. (Problem definitions and evaluation criteria for the CEC 2006 special session on
constrained real-parameter optimization, 2006), after Himmelblau (1972).
Best known value: -0.866025403784439.
"""

import numpy as np

lower = np.array([-10.0] * 8 + [0.0])
upper = np.array([10.0] * 8 + [20.0])
max_evaluations = 20000


def objective(x):
    x1, x2, x3, x4, x5, x6, x7, x8, x9 = x
    return -0.5 * (x1 * x4 - x2 * x3 + x3 * x9 - x5 * x9 + x5 * x8 - x6 * x7)


def constraints(x):
    x1, x2, x3, x4, x5, x6, x7, x8, x9 = x
    g = [
        x3**2 + x4**2 - 1,
        x9**2 - 1,
        x5**2 + x6**2 - 1,
        x1**2 + (x2 - x9) ** 2 - 1,
        (x1 - x5) ** 2 + (x2 - x6) ** 2 - 1,
        (x1 - x7) ** 2 + (x2 - x8) ** 2 - 1,
        (x3 - x5) ** 2 + (x4 - x6) ** 2 - 1,
        (x3 - x7) ** 2 + (x4 - x8) ** 2 - 1,
        x7**2 + (x8 - x9) ** 2 - 1,
        x2 * x3 - x1 * x4,
        -x3 * x9,
        x5 * x9,
        x6 * x7 - x5 * x8,
    ]
    return np.array(g), np.zeros(0)
