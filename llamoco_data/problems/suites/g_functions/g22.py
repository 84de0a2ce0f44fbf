"""Heat exchanger network of three exchangers, with nineteen equalities of very different sizes.

Source: g22 of Liang et al. (Problem definitions and evaluation criteria for the CEC 2006 special session on
constrained real-parameter optimization, 2006), after Epperly (1995).
Best known value: 236.430975504001.
"""

import numpy as np

lower = np.array([0.0] * 7 + [100, 100, 100.01, 100, 100, 0, 0, 0, 0.01, 0.01] + [-4.7] * 5)
upper = np.array(
    [20000, 1e6, 1e6, 1e6, 4e7, 4e7, 4e7, 299.99, 399.99, 300, 400, 600, 500, 500, 500, 300, 400] + [6.25] * 5
)
max_evaluations = 20000


def objective(x):
    return x[0]


def constraints(x):
    x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13, x14, x15, x16, x17, x18, x19, x20, x21, x22 = x
    h = [
        x5 - 1e5 * x8 + 1e7,
        x6 + 1e5 * x8 - 1e5 * x9,
        x7 + 1e5 * x9 - 5e7,
        x5 + 1e5 * x10 - 3.3e7,
        x6 + 1e5 * x11 - 4.4e7,
        x7 + 1e5 * x12 - 6.6e7,
        x5 - 120 * x2 * x13,
        x6 - 80 * x3 * x14,
        x7 - 40 * x4 * x15,
        x8 - x11 + x16,
        x9 - x12 + x17,
        -x18 + np.log(x10 - 100),
        -x19 + np.log(300 - x8),
        -x20 + np.log(x16),
        -x21 + np.log(400 - x9),
        -x22 + np.log(x17),
        -x8 - x10 + x13 * x18 - x13 * x19 + 400,
        x8 - x9 - x11 + x14 * x20 - x14 * x21 + 400,
        x9 - x12 - 4.60517 * x15 + x15 * x22 + 100,
    ]
    return np.array([-x1 + x2**0.6 + x3**0.6 + x4**0.6]), np.array(h)
