"""Robot gripper of six links: the least difference between the largest and the least gripping force.

Source: RC24 of Kumar et al. (A test-suite of non-convex constrained optimization problems from the real-world, Swarm
and Evolutionary Computation 56, 2020), section 2.3.10, after Osyczka, Krenich and Karas (1999).
Best known value: 2.5287918415.
Note: the two forces are found by Brent's search over the displacement of the actuator, as in CEC 2020.
"""

import numpy as np
from scipy.optimize import fminbound

# Lengths of the links a, b and c, offset e, length f, distance l, in mm, and the angle between b and c.
lower = np.array([10.0, 10.0, 100.0, 0.0, 10.0, 100.0, 1.0])
upper = np.array([150.0, 150.0, 200.0, 50.0, 150.0, 300.0, 3.14])
max_evaluations = 20000

ACTUATOR_FORCE, DISPLACEMENT = 100.0, 99.9999  # N, mm
NO_VALUE = 1e4  # what counts where the links do not close


def angles(x, z):
    a, b, _, e, _, length, _ = x
    diagonal = np.sqrt((length - z) ** 2 + e**2)
    tilt = np.arctan(e / (length - z))
    at_a = np.arccos((a**2 + diagonal**2 - b**2) / (2 * a * diagonal))
    at_b = np.arccos((b**2 + diagonal**2 - a**2) / (2 * b * diagonal))
    return at_a, at_b, tilt


def force(z, x):
    at_a, at_b, tilt = angles(x, z)
    return ACTUATOR_FORCE * x[1] * np.sin(at_a + at_b) / (2 * x[2] * np.cos(at_a + tilt))


def objective(x):
    with np.errstate(all="ignore"):
        least = fminbound(force, 0, DISPLACEMENT, args=(x,), xtol=1e-4)
        most = fminbound(lambda z: -force(z, x), 0, DISPLACEMENT, xtol=1e-4)
        difference = force(most, x) - force(least, x)
    return difference if np.isfinite(difference) else NO_VALUE


def constraints(x):
    a, b, c, e, f, length, delta = x
    with np.errstate(all="ignore"):
        _, at_b, tilt = angles(x, DISPLACEMENT)
        closed = 2 * (e + f + c * np.sin(at_b - tilt + delta))
        _, at_b, tilt = angles(x, 0.0)
        opened = 2 * (e + f + c * np.sin(at_b - tilt + delta))
    g = [
        closed - 50,
        -closed,
        100 - opened,
        opened - 150,
        length**2 + e**2 - (a + b) ** 2,
        b**2 - (a - e) ** 2 - (length - DISPLACEMENT) ** 2,
        DISPLACEMENT - length,
    ]
    return np.nan_to_num(np.array(g), nan=NO_VALUE), np.zeros(0)
