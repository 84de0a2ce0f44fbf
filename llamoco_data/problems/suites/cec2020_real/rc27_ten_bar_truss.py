"""Truss of ten bars with masses at its joints: the least weight, with bounds on three natural frequencies.

Source: RC27 of Kumar et al. (A test-suite of non-convex constrained optimization problems from the real-world, Swarm
and Evolutionary Computation 56, 2020), section 2.3.13, after Ho-Huu et al. (2016).
Best known value: 524.45076066.
"""

import numpy as np
from scipy.linalg import eigvalsh

# Cross sections of the ten bars in m^2.
lower = np.full(10, 0.645e-4)
upper = np.full(10, 50e-4)
max_evaluations = 20000

SIDE = 9.144  # m
JOINTS = SIDE * np.array([[2, 1], [2, 0], [1, 1], [1, 0], [0, 1], [0, 0]])
BARS = [(2, 4), (0, 2), (3, 5), (1, 3), (2, 3), (0, 1), (3, 4), (2, 5), (1, 2), (0, 3)]
ELASTICITY, DENSITY, ADDED_MASS = 6.98e10, 2770.0, 454.0  # Pa, kg/m^3, kg
FREE = np.arange(8)  # degrees of freedom of the four joints that are not held
LEAST_FREQUENCIES = np.array([7.0, 15.0, 20.0])  # Hz

ALONG = np.array([JOINTS[j] - JOINTS[i] for i, j in BARS])
LENGTHS = np.linalg.norm(ALONG, axis=1)


def objective(x):
    return DENSITY * np.sum(LENGTHS * x)


def frequencies(x):
    stiffness, mass = np.zeros((12, 12)), ADDED_MASS * np.eye(12)
    for area, along, length, (i, j) in zip(x, ALONG / LENGTHS[:, None], LENGTHS, BARS):
        place = np.ix_([2 * i, 2 * i + 1, 2 * j, 2 * j + 1], [2 * i, 2 * i + 1, 2 * j, 2 * j + 1])
        stiffness[place] += ELASTICITY * area / length * np.kron([[1, -1], [-1, 1]], np.outer(along, along))
        mass[place] += DENSITY * length * area / 6 * np.kron([[2, 1], [1, 2]], np.eye(2))
    squares = eigvalsh(stiffness[np.ix_(FREE, FREE)], mass[np.ix_(FREE, FREE)])
    return np.sqrt(squares) / (2 * np.pi)


def constraints(x):
    return LEAST_FREQUENCIES / frequencies(x)[:3] - 1, np.zeros(0)
