"""Polynomial of seven variables with four constraints.

Source: g09 of Liang et al. (Problem definitions and evaluation criteria for the CEC 2006 special session on
constrained real-parameter optimization, 2006), after Hock and Schittkowski (1981), problem 100.
Best known value: 680.630057374402.
"""

import numpy as np

lower = np.full(7, -10.0)
upper = np.full(7, 10.0)
max_evaluations = 20000


def objective(x):
    x1, x2, x3, x4, x5, x6, x7 = x
    first = (x1 - 10) ** 2 + 5 * (x2 - 12) ** 2 + x3**4 + 3 * (x4 - 11) ** 2 + 10 * x5**6
    return first + 7 * x6**2 + x7**4 - 4 * x6 * x7 - 10 * x6 - 8 * x7


def constraints(x):
    x1, x2, x3, x4, x5, x6, x7 = x
    g = [
        -127 + 2 * x1**2 + 3 * x2**4 + x3 + 4 * x4**2 + 5 * x5,
        -282 + 7 * x1 + 3 * x2 + 10 * x3**2 + x4 - x5,
        -196 + 23 * x1 + x2**2 + 6 * x6**2 - 8 * x7,
        4 * x1**2 + x2**2 - 3 * x1 * x2 + 2 * x3**2 + 5 * x6 - 11 * x7,
    ]
    return np.array(g), np.zeros(0)
