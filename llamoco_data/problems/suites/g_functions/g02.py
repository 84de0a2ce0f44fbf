"""Keane's bump function of twenty variables, with many local minima at the edge of the feasible region.

Source: g02 of Liang et al. (Problem definitions and evaluation criteria for the CEC 2006 special session on
constrained real-parameter optimization, 2006), after Keane (1994).
Best known value: -0.80361910412559.
"""

import numpy as np

lower = np.zeros(20)
upper = np.full(20, 10.0)
max_evaluations = 20000

WEIGHTS = np.arange(1, 21)


def objective(x):
    cosines = np.cos(x)
    return -np.abs((np.sum(cosines**4) - 2 * np.prod(cosines**2)) / np.sqrt(np.sum(WEIGHTS * x**2)))


def constraints(x):
    return np.array([0.75 - np.prod(x), np.sum(x) - 7.5 * 20]), np.zeros(0)
