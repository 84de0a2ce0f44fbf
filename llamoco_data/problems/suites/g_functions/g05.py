"""Cost of two generators of an electrical network, with three nonlinear equalities.

Source: g05 of Liang et al. (Problem definitions and evaluation criteria for the CEC 2006 special session on
constrained real-parameter optimization, 2006), after Hock and Schittkowski (1981), problem 74.
Best known value: 5126.4967140071.
"""

import numpy as np

lower = np.array([0.0, 0.0, -0.55, -0.55])
upper = np.array([1200.0, 1200.0, 0.55, 0.55])
max_evaluations = 20000


def objective(x):
    x1, x2, _, _ = x
    return 3 * x1 + 0.000001 * x1**3 + 2 * x2 + 0.000002 / 3 * x2**3


def constraints(x):
    x1, x2, x3, x4 = x
    g = [-x4 + x3 - 0.55, -x3 + x4 - 0.55]
    h = [
        1000 * np.sin(-x3 - 0.25) + 1000 * np.sin(-x4 - 0.25) + 894.8 - x1,
        1000 * np.sin(x3 - 0.25) + 1000 * np.sin(x3 - x4 - 0.25) + 894.8 - x2,
        1000 * np.sin(x4 - 0.25) + 1000 * np.sin(x4 - x3 - 0.25) + 1294.8,
    ]
    return np.array(g), np.array(h)
