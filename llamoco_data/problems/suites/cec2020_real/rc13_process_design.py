"""Process design with three continuous and two whole variables.

Source: RC13 of Kumar et al. (A test-suite of non-convex constrained optimization problems from the real-world, Swarm
and Evolutionary Computation 56, 2020), section 2.2.6, after Costa and Oliveira (2001).
Best known value: 26887.0.
Note: the last two variables are whole numbers that are rounded inside, as in CEC 2020.
"""

import numpy as np

lower = np.array([27.0, 27.0, 27.0, 77.51, 32.51])
upper = np.array([45.0, 45.0, 45.0, 102.49, 45.49])
max_evaluations = 20000


def objective(x):
    x1, _, x3, y1 = x[0], x[1], x[2], round(x[3])
    return -5.357854 * x1**2 - 0.835689 * y1 * x3 - 37.29329 * y1 + 40792.141


def constraints(x):
    x1, x2, x3, y1, y2 = *x[:3], round(x[3]), round(x[4])
    g = [
        85.334407 + 0.0056858 * y2 * x3 + 0.0006262 * y1 * x2 - 0.0022053 * y1 * y1 * x3 - 92,
        80.51249 + 0.0071317 * y2 * x3 + 0.0029955 * y1 * x2 + 0.0021813 * x1**2 - 110,
        9.300961 + 0.0047026 * y1 * x2 + 0.0012547 * y1 * x1 + 0.0019085 * x1 * x2 - 25,
    ]
    return np.array(g), np.zeros(0)
