"""Himmelblau's quadratic problem of five variables.

Source: g04 of Liang et al. (Problem definitions and evaluation criteria for the CEC 2006 special session on
constrained real-parameter optimization, 2006), after Himmelblau (1972).
Best known value: -30665.53867178332.
"""

import numpy as np

lower = np.array([78.0, 33.0, 27.0, 27.0, 27.0])
upper = np.array([102.0, 45.0, 45.0, 45.0, 45.0])
max_evaluations = 20000


def objective(x):
    x1, _, x3, _, x5 = x
    return 5.3578547 * x3**2 + 0.8356891 * x1 * x5 + 37.293239 * x1 - 40792.141


def constraints(x):
    x1, x2, x3, x4, x5 = x
    u = 85.334407 + 0.0056858 * x2 * x5 + 0.0006262 * x1 * x4 - 0.0022053 * x3 * x5
    v = 80.51249 + 0.0071317 * x2 * x5 + 0.0029955 * x1 * x2 + 0.0021813 * x3**2
    w = 9.300961 + 0.0047026 * x3 * x5 + 0.0012547 * x1 * x3 + 0.0019085 * x3 * x4
    return np.array([u - 92, -u, v - 110, 90 - v, w - 25, 20 - w]), np.zeros(0)
