"""Quadratic function of ten variables with eight constraints, six of them active.

Source: g07 of Liang et al. (Problem definitions and evaluation criteria for the CEC 2006 special session on
constrained real-parameter optimization, 2006), after Hock and Schittkowski (1981), problem 113.
Best known value: 24.30620906818.
"""

import numpy as np

lower = np.full(10, -10.0)
upper = np.full(10, 10.0)
max_evaluations = 20000


def objective(x):
    x1, x2, x3, x4, x5, x6, x7, x8, x9, x10 = x
    first = x1**2 + x2**2 + x1 * x2 - 14 * x1 - 16 * x2 + (x3 - 10) ** 2 + 4 * (x4 - 5) ** 2 + (x5 - 3) ** 2
    return first + 2 * (x6 - 1) ** 2 + 5 * x7**2 + 7 * (x8 - 11) ** 2 + 2 * (x9 - 10) ** 2 + (x10 - 7) ** 2 + 45


def constraints(x):
    x1, x2, x3, x4, x5, x6, x7, x8, x9, x10 = x
    g = [
        -105 + 4 * x1 + 5 * x2 - 3 * x7 + 9 * x8,
        10 * x1 - 8 * x2 - 17 * x7 + 2 * x8,
        -8 * x1 + 2 * x2 + 5 * x9 - 2 * x10 - 12,
        3 * (x1 - 2) ** 2 + 4 * (x2 - 3) ** 2 + 2 * x3**2 - 7 * x4 - 120,
        5 * x1**2 + 8 * x2 + (x3 - 6) ** 2 - 2 * x4 - 40,
        x1**2 + 2 * (x2 - 2) ** 2 - 2 * x1 * x2 + 14 * x5 - 6 * x6,
        0.5 * (x1 - 8) ** 2 + 2 * (x2 - 4) ** 2 + 3 * x5**2 - x6 - 30,
        -3 * x1 + 6 * x2 + 12 * (x9 - 8) ** 2 - 7 * x10,
    ]
    return np.array(g), np.zeros(0)
