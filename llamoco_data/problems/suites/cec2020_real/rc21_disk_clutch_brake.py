"""Multiple disk clutch brake: the least mass.

Source: RC21 of Kumar et al. (A test-suite of non-convex constrained optimization problems from the real-world, Swarm
and Evolutionary Computation 56, 2020), section 2.3.7, after Ferreira et al. (2018).
Best known value: 0.2352424579.
Note: all five variables, whole or in steps in earlier papers, are relaxed to continuous ones, as in CEC 2020. Its
code has an eighth constraint, which always holds: that the time of stopping is positive.
"""

import numpy as np

# Inner radius, outer radius and thickness of a disk in mm, actuating force in N, number of friction surfaces.
lower = np.array([60.0, 90.0, 1.0, 0.0, 2.0])
upper = np.array([80.0, 110.0, 3.0, 1000.0, 9.0])
max_evaluations = 20000

DENSITY = 0.0000078  # kg/mm^3
INERTIA, SPEED = 55.0, 250.0  # kg m^2, rpm
FRICTION, RESISTING = 0.6, 3.0  # coefficient, N m
REQUIRED, SAFETY = 40.0, 1.5  # N m


def objective(x):
    inner, outer, thickness, _, surfaces = x
    return np.pi * (outer**2 - inner**2) * thickness * (surfaces + 1) * DENSITY


def constraints(x):
    inner, outer, thickness, force, surfaces = x
    sliding = np.pi * SPEED / 30 * (2 / 3) * (outer**3 - inner**3) / (outer**2 * inner**2)
    pressure = force / (np.pi * (outer**2 - inner**2))
    torque = 2 / 3 * FRICTION * force * surfaces * (outer**3 - inner**3) / (outer**2 - inner**2)
    stopping = INERTIA * np.pi * SPEED / 30 / (torque + RESISTING)
    g = [
        inner - outer + 20,
        (surfaces + 1) * (thickness + 0.5) - 30,
        pressure - 1,
        pressure * sliding - 10,
        sliding - 10,
        stopping - 15,
        SAFETY * REQUIRED - torque,
    ]
    return np.array(g), np.zeros(0)
