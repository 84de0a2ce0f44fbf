"""Process synthesis with one continuous variable and one choice.

Source: RC08 of Kumar et al. (A test-suite of non-convex constrained optimization problems from the real-world, Swarm
and Evolutionary Computation 56, 2020), section 2.2.1, after Angira and Babu (2006).
Best known value: 2.0.
Note: the choice, 0 or 1, is a continuous variable that is rounded inside, as in CEC 2020.
"""

import numpy as np

lower = np.array([0.0, -0.51])
upper = np.array([1.6, 1.49])
max_evaluations = 20000


def objective(x):
    amount, choice = x[0], round(x[1])
    return 2 * amount + choice


def constraints(x):
    amount, choice = x[0], round(x[1])
    return np.array([1.25 - amount**2 - choice, amount + choice - 1.6]), np.zeros(0)
