"""Hydrostatic thrust bearing of a turbine: the least loss of power.

Source: RC25 of Kumar et al. (A test-suite of non-convex constrained optimization problems from the real-world, Swarm
and Evolutionary Computation 56, 2020), section 2.3.11, after Siddall (1982).
Best known value: 1616.1197651.
"""

import numpy as np

# Radius of the bearing and of its recess in inches, viscosity of the oil in lb s/in^2, flow rate in in^3/s.
lower = np.array([1.0, 1.0, 1e-6, 1.0])
upper = np.array([16.0, 16.0, 16e-6, 16.0])
max_evaluations = 20000

DENSITY, HEAT_CAPACITY = 0.0307, 0.5  # lb/in^3, Btu/(lb F)
OIL_SLOPE, OIL_CONSTANT = -3.55, 10.04
LOAD, GRAVITY = 101000.0, 386.4  # lb, in/s^2
SPEED = 2 * np.pi * 750 / 60  # rad/s


def bearing(x):
    radius, recess, viscosity, flow = x
    exponent = (np.log10(np.log10(8.122e6 * viscosity + 0.8)) - OIL_CONSTANT) / OIL_SLOPE
    warming = 2 * (10**exponent - 560)
    friction = 9336 * flow * DENSITY * HEAT_CAPACITY * warming
    film = SPEED**2 * 2 * np.pi * viscosity / friction * (radius**4 / 4 - recess**4 / 4) - 1e-5
    pressure = 6 * viscosity * flow / (np.pi * film**3) * np.log(radius / recess)
    return warming, friction, film, pressure


def objective(x):
    _, friction, _, pressure = bearing(x)
    return (x[3] * pressure / 0.7 + friction) / 12


def constraints(x):
    radius, recess, _, flow = x
    warming, _, film, pressure = bearing(x)
    load = np.pi * pressure / 2 * (radius**2 - recess**2) / (np.log(radius / recess) - 1e-5)
    g = [
        LOAD - load,
        pressure - 1000,
        warming - 50,
        0.001 - film,
        recess - radius,
        DENSITY / (GRAVITY * pressure) * flow / (2 * np.pi * radius * film) - 0.001,
        load / (np.pi * (radius**2 - recess**2) + 1e-5) - 5000,
    ]
    return np.array(g), np.zeros(0)
