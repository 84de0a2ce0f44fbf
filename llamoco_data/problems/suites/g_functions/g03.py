"""Product of ten variables on a sphere.

Source: g03 of Liang et al. (Problem definitions and evaluation criteria for the CEC 2006 special session on
constrained real-parameter optimization, 2006), after Michalewicz et al. (1996).
Best known value: -1.0005001.
"""

import numpy as np

lower = np.zeros(10)
upper = np.ones(10)
max_evaluations = 20000


def objective(x):
    return -(np.sqrt(10) ** 10) * np.prod(x)


def constraints(x):
    return np.zeros(0), np.array([np.sum(x**2) - 1])
