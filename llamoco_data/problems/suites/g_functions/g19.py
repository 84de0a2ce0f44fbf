"""Dual of Colville's first problem: a cubic function of fifteen variables.

Source: g19 of Liang et al. (Problem definitions and evaluation criteria for the CEC 2006 special session on
constrained real-parameter optimization, 2006), after Himmelblau (1972).
Best known value: 32.6555929502463.
"""

import numpy as np

lower = np.zeros(15)
upper = np.full(15, 10.0)
max_evaluations = 20000

A = np.array(
    [[-16, 2, 0, 1, 0], [0, -2, 0, 0.4, 2], [-3.5, 0, 2, 0, 0], [0, -2, 0, -4, -1], [0, -9, -2, 1, -2.8]]
    + [[2, 0, -4, 0, 0], [-1, -1, -1, -1, -1], [-1, -2, -3, -2, -1], [1, 2, 3, 4, 5], [1, 1, 1, 1, 1]]
)
B = np.array([-40, -2, -0.25, -4, -4, -1, -40, -60, 5, 1])
C = np.array(
    [[30, -20, -10, 32, -10], [-20, 39, -6, -31, 32], [-10, -6, 10, -6, -10], [32, -31, -6, 39, -20]]
    + [[-10, 32, -10, -20, 30]]
)
D = np.array([4, 8, 10, 6, 2])
E = np.array([-15, -27, -36, -18, -12])


def objective(x):
    first, second = x[:10], x[10:]
    return second @ C @ second + 2 * np.sum(D * second**3) - B @ first


def constraints(x):
    first, second = x[:10], x[10:]
    return -2 * C @ second - 3 * D * second**2 - E + first @ A, np.zeros(0)
