"""Quadratic function of thirteen variables with nine linear constraints.

Source: g01 of Liang et al. (Problem definitions and evaluation criteria for the CEC 2006 special session on
constrained real-parameter optimization, 2006), after Floudas and Pardalos (1990).
Best known value: -15.0.
"""

import numpy as np

lower = np.zeros(13)
upper = np.array([1.0] * 9 + [100.0] * 3 + [1.0])
max_evaluations = 20000


def objective(x):
    return 5 * np.sum(x[:4]) - 5 * np.sum(x[:4] ** 2) - np.sum(x[4:])


def constraints(x):
    x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, _ = x
    g = [
        2 * x1 + 2 * x2 + x10 + x11 - 10,
        2 * x1 + 2 * x3 + x10 + x12 - 10,
        2 * x2 + 2 * x3 + x11 + x12 - 10,
        -8 * x1 + x10,
        -8 * x2 + x11,
        -8 * x3 + x12,
        -2 * x4 - x5 + x10,
        -2 * x6 - x7 + x11,
        -2 * x8 - x9 + x12,
    ]
    return np.array(g), np.zeros(0)
