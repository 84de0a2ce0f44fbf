"""Batch plant of three stages for two products: the number and the volume of the units of each stage, at least cost.

Source: RC14 of Kumar et al. (A test-suite of non-convex constrained optimization problems from the real-world, Swarm
and Evolutionary Computation 56, 2020), section 2.2.7, after Costa and Oliveira (2001).
Best known value: 53638.942722.
Note: the numbers of units, 1 to 3, are continuous variables that are rounded inside, as in CEC 2020.
"""

import numpy as np

# Units of each stage, volume of each, cycle time of each product, and batch size of each.
lower = np.array([0.51, 0.51, 0.51, 250.0, 250.0, 250.0, 6.0, 4.0, 40.0, 10.0])
upper = np.array([3.49, 3.49, 3.49, 2500.0, 2500.0, 2500.0, 20.0, 16.0, 700.0, 450.0])
max_evaluations = 20000

SIZE = np.array([[2.0, 3.0, 4.0], [4.0, 6.0, 3.0]])  # per product and stage
TIME = np.array([[8.0, 20.0, 8.0], [16.0, 4.0, 4.0]])
DEMAND = np.array([40000.0, 20000.0])
HOURS = 6000.0


def objective(x):
    units, volumes = np.round(x[:3]), x[3:6]
    return 250 * np.sum(units * volumes**0.6)


def constraints(x):
    units, volumes, cycles, batches = np.round(x[:3]), x[3:6], x[6:8], x[8:10]
    horizon = np.sum(DEMAND * cycles / batches) - HOURS
    g = [[horizon], batches @ SIZE - volumes, TIME[0] - units * cycles[0], TIME[1] - units * cycles[1]]
    return np.concatenate(g), np.zeros(0)
