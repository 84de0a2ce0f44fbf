"""Helical compression spring: the least volume of steel.

Source: RC30 of Kumar et al. (A test-suite of non-convex constrained optimization problems from the real-world, Swarm
and Evolutionary Computation 56, 2020), section 2.3.16, after He, Prempain and Wu (2004).
Best known value: 2.6138840583.
Note: the number of coils and the diameter of the wire, which is that of a table in the code of CEC 2020, are relaxed
to continuous variables, to which the best known value belongs.
"""

import numpy as np

# Number of coils, mean diameter of a coil and diameter of the wire in inches.
lower = np.array([1.0, 0.6, 0.2])
upper = np.array([70.0, 3.0, 0.5])
max_evaluations = 20000

LOAD, PRELOAD = 1000.0, 300.0  # lb
SHEAR_MODULUS, SHEAR_STRENGTH = 11.5e6, 189000.0  # psi


def objective(x):
    coils, coil, wire = x
    return np.pi**2 * coil * wire**2 * (coils + 2) / 4


def constraints(x):
    coils, coil, wire = x
    index = coil / wire
    wahl = (4 * index - 1) / (4 * index - 4) + 0.615 / index
    rate = SHEAR_MODULUS * wire**4 / (8 * coils * coil**3)
    solid = 1.05 * (coils + 2) * wire
    free = LOAD / rate + solid
    preloaded = PRELOAD / rate
    g = [
        8 * LOAD * wahl * coil / (np.pi * wire**3) - SHEAR_STRENGTH,
        free - 14,
        0.2 - wire,
        coil - 3,
        3 - index,
        preloaded - 6,
        preloaded + (LOAD - PRELOAD) / rate + solid - free,
        1.25 - (LOAD - PRELOAD) / rate,
    ]
    return np.array(g), np.zeros(0)
