"""Exponential of a product of five variables with three equalities.

Source: g13 of Liang et al. (Problem definitions and evaluation criteria for the CEC 2006 special session on
constrained real-parameter optimization, 2006), after Hock and Schittkowski (1981), problem 80.
Best known value: 0.053941514041898.
"""

import numpy as np

lower = np.array([-2.3, -2.3, -3.2, -3.2, -3.2])
upper = np.array([2.3, 2.3, 3.2, 3.2, 3.2])
max_evaluations = 20000


def objective(x):
    return np.exp(np.prod(x))


def constraints(x):
    x1, x2, x3, x4, x5 = x
    return np.zeros(0), np.array([np.sum(x**2) - 10, x2 * x3 - 5 * x4 * x5, x1**3 + x2**3 + 1])
