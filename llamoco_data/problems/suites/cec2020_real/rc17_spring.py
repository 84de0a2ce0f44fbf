"""Tension or compression spring: the least weight of wire.

Source: RC17 of Kumar et al. (A test-suite of non-convex constrained optimization problems from the real-world, Swarm
and Evolutionary Computation 56, 2020), section 2.3.3, after He and Zhou (2018).
Best known value: 0.012665232788.
Note: the fourth constraint of earlier papers is left out, as in the table of CEC 2020; it is not active at the best
point.
"""

import numpy as np

# Diameter of the wire, mean diameter of the coil, number of active coils.
lower = np.array([0.05, 0.25, 2.0])
upper = np.array([2.0, 1.3, 15.0])
max_evaluations = 20000


def objective(x):
    wire, coil, turns = x
    return wire**2 * coil * (turns + 2)


def constraints(x):
    wire, coil, turns = x
    deflection = 1 - coil**3 * turns / (71785 * wire**4)
    shear = (4 * coil**2 - wire * coil) / (12566 * (coil * wire**3 - wire**4)) + 1 / (5108 * wire**2) - 1
    surge = 1 - 140.45 * wire / (coil**2 * turns)
    return np.array([deflection, shear, surge]), np.zeros(0)
