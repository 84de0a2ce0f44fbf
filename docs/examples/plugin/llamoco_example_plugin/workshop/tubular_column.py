"""Tubular column under a load of 2500 kgf: the least cost of material and construction.

Source: Rao (Engineering optimization, 1996), example 1.1; Gandomi, Yang and Alavi (2013).
Best known value: 26.4995.
Note: the bounds on the stress are written as shares of what is allowed.
"""

import numpy as np

# Mean diameter and thickness of the wall, in cm.
lower = np.array([2.0, 0.2])
upper = np.array([14.0, 0.8])
max_evaluations = 20000

LOAD, LENGTH = 2500.0, 250.0  # kgf, cm
YIELD, ELASTIC = 500.0, 0.85e6  # kgf/cm2


def objective(x):
    diameter, thickness = x
    return 9.8 * diameter * thickness + 2.0 * diameter


def constraints(x):
    diameter, thickness = x
    stress = LOAD / (np.pi * diameter * thickness)
    buckling = np.pi**2 * ELASTIC * (diameter**2 + thickness**2) / (8.0 * LENGTH**2)
    return np.array([stress / YIELD - 1.0, stress / buckling - 1.0]), np.zeros(0)
