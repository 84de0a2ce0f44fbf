"""Process synthesis and design with two continuous variables and one choice.

Source: RC09 of Kumar et al. (A test-suite of non-convex constrained optimization problems from the real-world, Swarm
and Evolutionary Computation 56, 2020), section 2.2.2, after Angira and Babu (2006).
Best known value: 2.557654574.
Note: the choice, 0 or 1, is a continuous variable that is rounded inside, as in CEC 2020.
"""

import numpy as np

lower = np.array([0.5, 0.5, -0.51])
upper = np.array([1.4, 1.4, 1.49])
max_evaluations = 20000


def objective(x):
    size, time, choice = x[0], x[1], round(x[2])
    return -choice + 2 * size + time


def constraints(x):
    size, time, choice = x[0], x[1], round(x[2])
    return np.array([-size + time + choice]), np.array([size - 2 * np.exp(-time)])
