"""Heat exchanger network of two exchangers: the areas of least cost.

Source: RC01 of Kumar et al. (A test-suite of non-convex constrained optimization problems from the real-world, Swarm
and Evolutionary Computation 56, 2020), section 2.1.1, after Babu and Angira (2006).
Best known value: 189.31162966.
"""

import numpy as np

# Areas of the two exchangers; heat load and inverse of the heat transfer of each; three temperatures.
lower = np.array([0.0, 0.0, 0.0, 0.0, 1000.0, 0.0, 100.0, 100.0, 100.0])
upper = np.array([10.0, 200.0, 100.0, 200.0, 2000000.0, 600.0, 600.0, 600.0, 900.0])
max_evaluations = 20000

HEAT_CAPACITY_FLOW = 10000.0


def guarded_log(t):
    return np.log(np.abs(t) + 1e-8)


def objective(x):
    area_1, area_2 = x[0], x[1]
    return 35 * area_1**0.6 + 35 * area_2**0.6


def constraints(x):
    area_1, area_2, load_1, mean_1, load_2, mean_2, middle, outlet_1, outlet_2 = x
    h = [
        200 * area_1 * mean_1 - load_1,
        200 * area_2 * mean_2 - load_2,
        load_1 - HEAT_CAPACITY_FLOW * (middle - 100),
        load_2 - HEAT_CAPACITY_FLOW * (300 - middle),
        load_1 - HEAT_CAPACITY_FLOW * (600 - outlet_1),
        load_2 - HEAT_CAPACITY_FLOW * (900 - outlet_2),
        mean_1 * guarded_log(outlet_1 - 100) - mean_1 * guarded_log(600 - middle) - outlet_1 + middle + 500,
        mean_2 * guarded_log(outlet_2 - middle) - mean_2 * np.log(600) - outlet_2 + middle + 600,
    ]
    return np.zeros(0), np.array(h)
