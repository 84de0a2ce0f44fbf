"""Pooling problem of three crude oils and two products, with four equalities.

Source: g23 of Liang et al. (Problem definitions and evaluation criteria for the CEC 2006 special session on
constrained real-parameter optimization, 2006), after Xia (1996).
Best known value: -400.0551.
"""

import numpy as np

lower = np.array([0.0] * 8 + [0.01])
upper = np.array([300.0, 300.0, 100.0, 200.0, 100.0, 300.0, 100.0, 200.0, 0.03])
max_evaluations = 20000


def objective(x):
    x1, x2, _, _, x5, x6, x7, x8, _ = x
    return -9 * x5 - 15 * x8 + 6 * x1 + 16 * x2 + 10 * (x6 + x7)


def constraints(x):
    x1, x2, x3, x4, x5, x6, x7, x8, x9 = x
    g = [x9 * x3 + 0.02 * x6 - 0.025 * x5, x9 * x4 + 0.02 * x7 - 0.015 * x8]
    h = [x1 + x2 - x3 - x4, 0.03 * x1 + 0.01 * x2 - x9 * (x3 + x4), x3 + x6 - x5, x4 + x7 - x8]
    return np.array(g), np.array(h)
