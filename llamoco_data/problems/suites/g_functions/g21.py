"""Heat exchanger network of two exchangers, with five equalities.

Source: g21 of Liang et al. (Problem definitions and evaluation criteria for the CEC 2006 special session on
constrained real-parameter optimization, 2006), after Epperly (1995).
Best known value: 193.724510070035.
"""

import numpy as np

lower = np.array([0.0, 0.0, 0.0, 100.0, 6.3, 5.9, 4.5])
upper = np.array([1000.0, 40.0, 40.0, 300.0, 6.7, 6.4, 6.25])
max_evaluations = 20000


def objective(x):
    return x[0]


def constraints(x):
    x1, x2, x3, x4, x5, x6, x7 = x
    h = [
        -300 * x3 + 7500 * x5 - 7500 * x6 - 25 * x4 * x5 + 25 * x4 * x6 + x3 * x4,
        100 * x2 + 155.365 * x4 + 2500 * x7 - x2 * x4 - 25 * x4 * x7 - 15536.5,
        -x5 + np.log(900 - x4),
        -x6 + np.log(x4 + 300),
        -x7 + np.log(700 - 2 * x4),
    ]
    return np.array([-x1 + 35 * x2**0.6 + 35 * x3**0.6]), np.array(h)
