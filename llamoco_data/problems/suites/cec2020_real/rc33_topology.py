"""Topology of a cantilever of 3 by 10 elements under a load at its end: the least compliance.

Source: RC33 of Kumar et al. (A test-suite of non-convex constrained optimization problems from the real-world, Swarm
and Evolutionary Computation 56, 2020), section 2.3.19, after Sigmund (A 99 line topology optimization code, 2001).
Best known value: 2.639346497.
Note: CEC 2020 does not bound the volume and takes the filtered sensitivities for constraints, which are never
positive: all points are feasible, and the full beam, a corner of the box, is best.
"""

import numpy as np

# Density of each element, column by column.
lower = np.full(30, 0.001)
upper = np.ones(30)
max_evaluations = 20000

COLUMNS, ROWS, PENALTY, RADIUS = 3, 10, 3.0, 1.5
ELASTICITY, POISSON, LOAD = 206e6, 0.3, 10000.0


def element_stiffness():
    nu = POISSON
    first = [1 / 2 - nu / 6, 1 / 8 + nu / 8, -1 / 4 - nu / 12, -1 / 8 + 3 * nu / 8]
    k = np.array([*first, -1 / 4 + nu / 12, -1 / 8 - nu / 8, nu / 6, 1 / 8 - 3 * nu / 8])
    order = ["01234567", "10765432", "27056341", "36507214", "45670123", "54321076", "63412705", "72143650"]
    return ELASTICITY / (1 - nu**2) * k[[[int(digit) for digit in row] for row in order]]


STIFFNESS = element_stiffness()
ELEMENTS = [(column, row) for column in range(COLUMNS) for row in range(ROWS)]
FREEDOMS = []
for column, row in ELEMENTS:
    left, right = (ROWS + 1) * column + row, (ROWS + 1) * (column + 1) + row
    nodes = [left, right, right + 1, left + 1]
    FREEDOMS.append([2 * node + axis for node in nodes for axis in (0, 1)])
COUNT = 2 * (COLUMNS + 1) * (ROWS + 1)
FREE = np.arange(2 * (ROWS + 1), COUNT)  # the left edge is held
NEAR = np.array([[max(0.0, RADIUS - np.hypot(a - c, b - d)) for c, d in ELEMENTS] for a, b in ELEMENTS])
NEAR[NEAR < 1e-12] = 0.0


def energies(x):
    """Energy of each element at full density."""
    stiffness, loads, moves = np.zeros((COUNT, COUNT)), np.zeros(COUNT), np.zeros(COUNT)
    for density, freedoms in zip(x, FREEDOMS):
        stiffness[np.ix_(freedoms, freedoms)] += density**PENALTY * STIFFNESS
    loads[-1] = -LOAD
    moves[FREE] = np.linalg.solve(stiffness[np.ix_(FREE, FREE)], loads[FREE])
    return np.array([moves[freedoms] @ STIFFNESS @ moves[freedoms] for freedoms in FREEDOMS])


def objective(x):
    return np.sum(x**PENALTY * energies(x))


def constraints(x):
    sensitivities = -PENALTY * x ** (PENALTY - 1) * energies(x)
    filtered = NEAR @ (x * sensitivities) / (x * NEAR.sum(axis=1))
    return filtered, np.zeros(0)
