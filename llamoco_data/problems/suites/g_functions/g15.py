"""Quadratic function on the intersection of a sphere and a plane.

Source: g15 of Liang et al. (Problem definitions and evaluation criteria for the CEC 2006 special session on
constrained real-parameter optimization, 2006), after Himmelblau (1972).
Best known value: 961.715022289961.
"""

import numpy as np

lower = np.zeros(3)
upper = np.full(3, 10.0)
max_evaluations = 20000


def objective(x):
    x1, x2, x3 = x
    return 1000 - x1**2 - 2 * x2**2 - x3**2 - x1 * x2 - x1 * x3


def constraints(x):
    x1, x2, x3 = x
    return np.zeros(0), np.array([np.sum(x**2) - 25, 8 * x1 + 14 * x2 + 7 * x3 - 56])
