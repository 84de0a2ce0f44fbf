"""Linear function of two variables on a region of two separate parts.

Source: g24 of Liang et al. (Problem definitions and evaluation criteria for the CEC 2006 special session on
constrained real-parameter optimization, 2006), after Floudas (1999).
Best known value: -5.50801327159536.
"""

import numpy as np

lower = np.zeros(2)
upper = np.array([3.0, 4.0])
max_evaluations = 20000


def objective(x):
    return -x[0] - x[1]


def constraints(x):
    x1, x2 = x
    first = -2 * x1**4 + 8 * x1**3 - 8 * x1**2 + x2 - 2
    second = -4 * x1**4 + 32 * x1**3 - 88 * x1**2 + 96 * x1 + x2 - 36
    return np.array([first, second]), np.zeros(0)
