"""Cylindrical pressure vessel with hemispherical heads: the least cost of material, forming and welding.

Source: RC18 of Kumar et al. (A test-suite of non-convex constrained optimization problems from the real-world, Swarm
and Evolutionary Computation 56, 2020), section 2.3.4, after He and Zhou (2018).
Best known value: 5885.3327736.
Note: the thicknesses, multiples of 1/16 inch, are relaxed to continuous variables, to which the best known value
belongs.
"""

import numpy as np

# Thickness of the shell and of the heads in sixteenths of an inch; inner radius and length in inches.
lower = np.array([0.51, 0.51, 10.0, 10.0])
upper = np.array([99.49, 99.49, 200.0, 200.0])
max_evaluations = 20000


def objective(x):
    shell, head, radius, length = 0.0625 * x[0], 0.0625 * x[1], x[2], x[3]
    material = 0.6224 * shell * radius * length + 1.7781 * head * radius**2
    return material + 3.1661 * shell**2 * length + 19.84 * shell**2 * radius


def constraints(x):
    shell, head, radius, length = 0.0625 * x[0], 0.0625 * x[1], x[2], x[3]
    volume = np.pi * radius**2 * length + 4 / 3 * np.pi * radius**3
    g = [0.0193 * radius - shell, 0.00954 * radius - head, 1296000 - volume, length - 240]
    return np.array(g), np.zeros(0)
