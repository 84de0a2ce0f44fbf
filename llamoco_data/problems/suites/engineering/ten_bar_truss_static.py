"""Cantilever truss of ten bars under two loads: the least weight, with bounds on stresses and displacements.

Source: Haftka and Gürdal (Elements of structural optimization, 1992), the ten-bar truss, after Venkayya (Design of
optimum structures, Computers and Structures 1, 1971).
Best known value: 5060.854, of runs of this project.
"""

import numpy as np

# Cross sections of the ten bars in square inches.
lower = np.full(10, 0.1)
upper = np.full(10, 35.0)
max_evaluations = 20000

SIDE, DENSITY, ELASTICITY = 360.0, 0.1, 1e7  # in, lb/in^3, psi
MOST_STRESS, MOST_DISPLACEMENT = 25e3, 2.0  # psi, in
JOINTS = SIDE * np.array([[2, 1], [2, 0], [1, 1], [1, 0], [0, 1], [0, 0]])
BARS = [(4, 2), (2, 0), (5, 3), (3, 1), (3, 2), (1, 0), (4, 3), (5, 2), (2, 1), (3, 0)]
LOADS = np.array([0, 0, 0, -1e5, 0, 0, 0, -1e5])  # lb, on the four free joints

ALONG = np.array([JOINTS[j] - JOINTS[i] for i, j in BARS])
LENGTHS = np.linalg.norm(ALONG, axis=1)
# Elongation of each bar for each displacement of the free joints.
STRETCH = np.zeros((10, 12))
for bar, (i, j) in enumerate(BARS):
    STRETCH[bar, 2 * j : 2 * j + 2] += ALONG[bar] / LENGTHS[bar]
    STRETCH[bar, 2 * i : 2 * i + 2] -= ALONG[bar] / LENGTHS[bar]
STRETCH = STRETCH[:, :8]


def objective(x):
    return DENSITY * np.sum(LENGTHS * x)


def constraints(x):
    stiffness = STRETCH.T @ (ELASTICITY * x / LENGTHS * STRETCH.T).T
    displacements = np.linalg.solve(stiffness, LOADS)
    stresses = ELASTICITY * (STRETCH @ displacements) / LENGTHS
    g = [np.abs(stresses) / MOST_STRESS - 1, np.abs(displacements) / MOST_DISPLACEMENT - 1]
    return np.concatenate(g), np.zeros(0)
