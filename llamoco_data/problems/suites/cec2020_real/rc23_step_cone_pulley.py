"""Step-cone pulley of four steps that transmits at least 0.75 hp at each speed: the least weight.

Source: RC23 of Kumar et al. (A test-suite of non-convex constrained optimization problems from the real-world, Swarm
and Evolutionary Computation 56, 2020), section 2.3.9, after Rao (Engineering optimization, 2009).
Best known value: 16.069868725.
"""

import numpy as np

# Diameters of the four steps and width of the pulley, in mm.
lower = np.zeros(5)
upper = np.array([60.0, 60.0, 90.0, 90.0, 90.0])
max_evaluations = 20000

RATIO = np.array([750.0, 450.0, 250.0, 150.0]) / 350.0  # speed of the output to that of the input
OUTPUT_SPEED = np.array([750.0, 450.0, 250.0, 150.0])  # rpm
DENSITY, DISTANCE = 7200.0, 3.0  # kg/m^3, m
FRICTION, STRESS, BELT = 0.35, 1.75e6, 8e-3  # coefficient, Pa, m
POWER = 0.75 * 745.6998  # W


def objective(x):
    diameters, width = x[:4] * 1e-3, x[4] * 1e-3
    return DENSITY * width * np.pi / 4 * np.sum(diameters**2 * (1 + RATIO**2))


def constraints(x):
    diameters, width = x[:4] * 1e-3, x[4] * 1e-3
    step = (RATIO - 1) * diameters
    length = np.pi * diameters / 2 * (1 + RATIO) + (RATIO - 1) ** 2 * diameters**2 / (4 * DISTANCE) + 2 * DISTANCE
    wrap = FRICTION * (np.pi - 2 * np.arcsin(step / (2 * DISTANCE)))
    tension = np.exp(wrap)
    power = STRESS * BELT * width * (1 - np.exp(-wrap)) * np.pi * diameters * OUTPUT_SPEED / 60
    return np.concatenate([2 - tension, POWER - power]), length[0] - length[1:]
