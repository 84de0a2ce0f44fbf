"""Process synthesis with three continuous variables and four choices, nonlinear in both.

Source: RC12 of Kumar et al. (A test-suite of non-convex constrained optimization problems from the real-world, Swarm
and Evolutionary Computation 56, 2020), section 2.2.5, after Costa and Oliveira (2001).
Best known value: 2.9248305537.
Note: the choices, 0 or 1, are continuous variables that are rounded inside, as in CEC 2020. The power 22 is that of
its code, to which the best known value belongs; its report has the power 2.
"""

import numpy as np

lower = np.array([0.0, 0.0, 0.0, -0.51, -0.51, -0.51, -0.51])
upper = np.array([100.0, 100.0, 100.0, 1.49, 1.49, 1.49, 1.49])
max_evaluations = 20000


def objective(x):
    a, b, c = x[:3]
    y1, y2, y3, y4 = (round(choice) for choice in x[3:])
    # A choice below -0.5 is rounded to -1, where the objective is infinite.
    gain = np.log(y4 + 1) if y4 > -1 else -np.inf
    return (y1 - 1) ** 2 + (y2 - 1) ** 2 + (y3 - 1) ** 2 - gain + (a - 1) ** 22 + (b - 2) ** 2 + (c - 3) ** 2


def constraints(x):
    a, b, c = x[:3]
    y1, y2, y3, y4 = (round(choice) for choice in x[3:])
    g = [
        a + b + c + y1 + y2 + y3 - 5,
        y3**2 + a**2 + b**2 + c**2 - 5.5,
        a + y1 - 1.2,
        b + y2 - 1.8,
        c + y3 - 2.5,
        a + y4 - 1.2,
        y2**2 + b**2 - 1.64,
        y3**2 + c**2 - 4.25,
        y2**2 + c**2 - 4.64,
    ]
    return np.array(g), np.zeros(0)
