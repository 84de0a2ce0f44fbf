"""Two stirred tank reactors in a row for the reactions A to B to C: the largest yield of B.

Source: RC04 of Kumar et al. (A test-suite of non-convex constrained optimization problems from the real-world, Swarm
and Evolutionary Computation 56, 2020), section 2.1.7, after Ryoo and Sahinidis (1995).
Best known value: -0.38826043623.
"""

import numpy as np

# Concentrations of A leaving each reactor, of B leaving each, and the residence times.
lower = np.array([0.0, 0.0, 0.0, 0.0, 1e-5, 1e-5])
upper = np.array([1.0, 1.0, 1.0, 1.0, 16.0, 16.0])
max_evaluations = 20000

K1 = 0.09755988
K2 = 0.99 * K1
K3 = 0.0391908
K4 = 0.9 * K3


def objective(x):
    return -x[3]


def constraints(x):
    a_first, a_second, b_first, b_second, time_first, time_second = x
    g = [np.sqrt(time_first) + np.sqrt(time_second) - 4]
    h = [
        a_first + K1 * a_second * time_first - 1,
        a_second - a_first + K2 * a_second * time_second,
        b_first + a_first + K3 * b_first * time_first - 1,
        b_second - b_first + a_second - a_first + K4 * b_second * time_second,
    ]
    return np.array(g), np.array(h)
