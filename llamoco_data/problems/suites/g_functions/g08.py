"""Product of sines of two variables with many local minima.

Source: g08 of Liang et al. (Problem definitions and evaluation criteria for the CEC 2006 special session on
constrained real-parameter optimization, 2006), after Schoenauer and Xanthakis (1993).
Best known value: -0.0958250414180359.
"""

import numpy as np

lower = np.zeros(2)
upper = np.full(2, 10.0)
max_evaluations = 20000


def objective(x):
    x1, x2 = x
    return -(np.sin(2 * np.pi * x1) ** 3) * np.sin(2 * np.pi * x2) / (x1**3 * (x1 + x2))


def constraints(x):
    x1, x2 = x
    return np.array([x1**2 - x2 + 1, 1 - x1 + (x2 - 4) ** 2]), np.zeros(0)
