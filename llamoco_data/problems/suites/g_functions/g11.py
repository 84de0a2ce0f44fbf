"""Distance of a point from a parabola.

Source: g11 of Liang et al. (Problem definitions and evaluation criteria for the CEC 2006 special session on
constrained real-parameter optimization, 2006), after Maa and Shanblatt (1992).
Best known value: 0.7499.
"""

import numpy as np

lower = np.full(2, -1.0)
upper = np.ones(2)
max_evaluations = 20000


def objective(x):
    return x[0] ** 2 + (x[1] - 1) ** 2


def constraints(x):
    return np.zeros(0), np.array([x[1] - x[0] ** 2])
