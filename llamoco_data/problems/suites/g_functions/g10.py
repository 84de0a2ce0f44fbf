"""Heat exchanger design: three areas with six active constraints.

Source: g10 of Liang et al. (Problem definitions and evaluation criteria for the CEC 2006 special session on
constrained real-parameter optimization, 2006), after Hock and Schittkowski (1981), problem 106.
Best known value: 7049.24802052867.
"""

import numpy as np

lower = np.array([100.0, 1000.0, 1000.0, 10.0, 10.0, 10.0, 10.0, 10.0])
upper = np.array([10000.0, 10000.0, 10000.0, 1000.0, 1000.0, 1000.0, 1000.0, 1000.0])
max_evaluations = 20000


def objective(x):
    return x[0] + x[1] + x[2]


def constraints(x):
    x1, x2, x3, x4, x5, x6, x7, x8 = x
    g = [
        -1 + 0.0025 * (x4 + x6),
        -1 + 0.0025 * (x5 + x7 - x4),
        -1 + 0.01 * (x8 - x5),
        -x1 * x6 + 833.33252 * x4 + 100 * x1 - 83333.333,
        -x2 * x7 + 1250 * x5 + x2 * x4 - 1250 * x4,
        -x3 * x8 + 1250000 + x3 * x5 - 2500 * x5,
    ]
    return np.array(g), np.zeros(0)
