"""Cost of two generators whose price jumps, in an electrical network with four equalities.

Source: g17 of Liang et al. (Problem definitions and evaluation criteria for the CEC 2006 special session on
constrained real-parameter optimization, 2006), after Himmelblau (1972).
Best known value: 8853.53967480648.
"""

import numpy as np

lower = np.array([0.0, 0.0, 340.0, 340.0, -1000.0, 0.0])
upper = np.array([400.0, 1000.0, 420.0, 420.0, 1000.0, 0.5236])
max_evaluations = 20000

IMPEDANCE = 131.078


def objective(x):
    x1, x2 = x[0], x[1]
    price_1 = 30 if x1 < 300 else 31
    price_2 = 28 if x2 < 100 else 29 if x2 < 200 else 30
    return price_1 * x1 + price_2 * x2


def constraints(x):
    x1, x2, x3, x4, x5, x6 = x
    line = x3 * x4 / IMPEDANCE
    at_3 = 0.90798 * x3**2 / IMPEDANCE
    at_4 = 0.90798 * x4**2 / IMPEDANCE
    h = [
        -x1 + 300 - line * np.cos(1.48477 - x6) + at_3 * np.cos(1.47588),
        -x2 - line * np.cos(1.48477 + x6) + at_4 * np.cos(1.47588),
        -x5 - line * np.sin(1.48477 + x6) + at_4 * np.sin(1.47588),
        200 - line * np.sin(1.48477 - x6) + at_3 * np.sin(1.47588),
    ]
    return np.zeros(0), np.array(h)
