"""Paraboloid whose feasible region is 729 separate balls.

Source: g12 of Liang et al. (Problem definitions and evaluation criteria for the CEC 2006 special session on
constrained real-parameter optimization, 2006), after Koziel and Michalewicz (1999).
Best known value: -1.0.
"""

import numpy as np

lower = np.zeros(3)
upper = np.full(3, 10.0)
max_evaluations = 20000

CENTRES = np.arange(1, 10)


def objective(x):
    return -(100 - np.sum((x - 5) ** 2)) / 100


def constraints(x):
    nearest = np.min((x[:, None] - CENTRES) ** 2, axis=1)  # of the centres, per coordinate
    return np.array([np.sum(nearest) - 0.0625]), np.zeros(0)
