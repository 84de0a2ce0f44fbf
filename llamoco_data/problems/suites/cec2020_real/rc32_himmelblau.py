"""Himmelblau's nonlinear problem of five variables, a process model that has served as a test since 1972.

Source: RC32 of Kumar et al. (A test-suite of non-convex constrained optimization problems from the real-world, Swarm
and Evolutionary Computation 56, 2020), section 2.3.18, after Himmelblau (Applied nonlinear programming, 1972).
Best known value: -30665.538672.
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
    first = 85.334407 + 0.0056858 * x2 * x5 + 0.0006262 * x1 * x4 - 0.0022053 * x3 * x5
    second = 80.51249 + 0.0071317 * x2 * x5 + 0.0029955 * x1 * x2 + 0.0021813 * x3**2
    third = 9.300961 + 0.0047026 * x3 * x5 + 0.0012547 * x1 * x3 + 0.0019085 * x3 * x4
    return np.array([first - 92, -first, second - 110, 90 - second, third - 25, 20 - third]), np.zeros(0)
