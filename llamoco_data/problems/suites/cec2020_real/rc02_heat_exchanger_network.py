"""Heat exchanger network of three exchangers in a row: the areas of least cost.

Source: RC02 of Kumar et al. (A test-suite of non-convex constrained optimization problems from the real-world, Swarm
and Evolutionary Computation 56, 2020), section 2.1.2, after Floudas and Pardalos (1990).
Best known value: 7049.036954.
Note: the box leaves one point alone, within the tolerance of the equalities.
"""

import numpy as np

# Three heat loads, three logarithmic mean temperatures (scaled), and five temperatures of the streams.
lower = np.array([1e4, 1e4, 1e4, 0.0, 0.0, 0.0, 100.0, 100.0, 100.0, 100.0, 100.0])
upper = np.array([0.819e6, 1.131e6, 2.05e6, 0.05074, 0.05074, 0.05074, 200.0, 300.0, 300.0, 300.0, 400.0])
max_evaluations = 20000

HEAT_CAPACITY_FLOW = 1e4
TRANSFER = np.array([120.0, 80.0, 40.0])


def guarded_log(t):
    return np.log(np.abs(t) + 1e-8)


def objective(x):
    load, mean = x[:3], x[3:6]
    return np.sum((load / (TRANSFER * mean)) ** 0.6)


def constraints(x):
    load_1, load_2, load_3, mean_1, mean_2, mean_3, cold_1, cold_2, hot_1, hot_2, hot_3 = x
    h = [
        load_1 - HEAT_CAPACITY_FLOW * (cold_1 - 100),
        load_2 - HEAT_CAPACITY_FLOW * (cold_2 - cold_1),
        load_3 - HEAT_CAPACITY_FLOW * (500 - cold_2),
        load_1 - HEAT_CAPACITY_FLOW * (300 - hot_1),
        load_2 - HEAT_CAPACITY_FLOW * (400 - hot_2),
        load_3 - HEAT_CAPACITY_FLOW * (600 - hot_3),
        mean_1 * guarded_log(hot_1 - 100) - mean_1 * guarded_log(300 - cold_1) - hot_1 - cold_1 + 400,
        mean_2 * guarded_log(hot_2 - cold_1) - mean_2 * guarded_log(400 - cold_2) - hot_2 + cold_1 - cold_2 + 400,
        mean_3 * guarded_log(hot_3 - cold_2) - mean_3 * np.log(100) - hot_3 + cold_2 + 100,
    ]
    return np.zeros(0), np.array(h)
