"""Cubic function of two variables on the sliver between two circles.

Source: g06 of Liang et al. (Problem definitions and evaluation criteria for the CEC 2006 special session on
constrained real-parameter optimization, 2006), after Floudas and Pardalos (1990).
Best known value: -6961.81387558015.
"""

import numpy as np

lower = np.array([13.0, 0.0])
upper = np.array([100.0, 100.0])
max_evaluations = 20000


def objective(x):
    return (x[0] - 10) ** 3 + (x[1] - 20) ** 3


def constraints(x):
    x1, x2 = x
    return np.array([100 - (x1 - 5) ** 2 - (x2 - 5) ** 2, (x1 - 6) ** 2 + (x2 - 5) ** 2 - 82.81]), np.zeros(0)
