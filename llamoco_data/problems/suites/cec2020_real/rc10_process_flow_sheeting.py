"""Process flow sheeting with two continuous variables and one choice.

Source: RC10 of Kumar et al. (A test-suite of non-convex constrained optimization problems from the real-world, Swarm
and Evolutionary Computation 56, 2020), section 2.2.3, after Angira and Babu (2006).
Best known value: 1.0765430833.
Note: the choice, 0 or 1, is a continuous variable that is rounded inside, as in CEC 2020.
"""

import numpy as np

lower = np.array([0.2, -2.22554, -0.51])
upper = np.array([1.0, -1.0, 1.49])
max_evaluations = 20000


def objective(x):
    size, choice = x[0], round(x[2])
    return -0.7 * choice + 5 * (size - 0.5) ** 2 + 0.8


def constraints(x):
    size, level, choice = x[0], x[1], round(x[2])
    g = [-np.exp(size - 0.2) - level, level + 1.1 * choice + 1, size - choice - 0.2]
    return np.array(g), np.zeros(0)
