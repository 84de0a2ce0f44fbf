"""Truss of three bars that carries two loads: the least volume.

Source: RC20 of Kumar et al. (A test-suite of non-convex constrained optimization problems from the real-world, Swarm
and Evolutionary Computation 56, 2020), section 2.3.6, after Shadravan, Naji and Bardsiri (2019).
Best known value: 263.89584338.
"""

import numpy as np

# Cross sections of the outer bars and of the middle bar.
lower = np.zeros(2)
upper = np.ones(2)
max_evaluations = 20000

LENGTH, LOAD, STRESS = 100.0, 2.0, 2.0  # cm, kN/cm^2, kN/cm^2


def objective(x):
    outer, middle = x
    return (2 * np.sqrt(2) * outer + middle) * LENGTH


def constraints(x):
    outer, middle = x
    shared = np.sqrt(2) * outer**2 + 2 * outer * middle
    g = [
        (np.sqrt(2) * outer + middle) / shared * LOAD - STRESS,
        middle / shared * LOAD - STRESS,
        1 / (np.sqrt(2) * middle + outer) * LOAD - STRESS,
    ]
    return np.array(g), np.zeros(0)
