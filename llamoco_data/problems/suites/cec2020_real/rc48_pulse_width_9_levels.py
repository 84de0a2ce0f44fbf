"""Switching angles of a 9-level inverter (optimal pulse-width modulation): the least distortion of the current.

Source: RC48 of Kumar et al. (A test-suite of non-convex constrained optimization problems from the real-world, Swarm
and Evolutionary Computation 56, 2020), section 2.5.4, after Edpuganti et al. (2017).
Best known value: 0.016787535766.
"""

import numpy as np

# Switching angles of a quarter of the period, in degrees.
lower = np.zeros(30)
upper = np.full(30, 90.0)
max_evaluations = 20000

LEVELS = 4  # steps of the voltage above zero
MODULATION = 0.32
# Whether the voltage rises or falls at each angle.
SIGNS = np.array([1 if sign == "+" else -1 for sign in "++++-+---+--++++-+---+--++++-+"])
# Orders of the harmonics: odd and, but for the last of them, no multiples of three.
ORDERS = np.array(
    [5, 7, 11, 13, 17, 19, 23, 25, 29, 31, 35, 37, 41, 43, 47, 49, 53, 55, 59, 61]
    + [65, 67, 71, 73, 77, 79, 83, 85, 91, 95, 97]
)


def objective(x):
    harmonics = np.cos(np.outer(ORDERS, np.radians(x))) @ SIGNS
    return np.sqrt(np.sum(harmonics**2 / ORDERS**4.0) / np.sum(ORDERS**-4.0)) / LEVELS


def constraints(x):
    fundamental = np.sum(SIGNS * np.cos(np.radians(x))) - LEVELS * MODULATION
    return x[:-1] - x[1:] + 1e-6, np.array([fundamental])
