import numpy as np

# A cylindrical tank in mixed units: wall in millimetres, radius in metres, length in metres, pressure in pascal.
# It costs what its steel and its pump cost, and has to hold 20 cubic metres.
lower = np.array([2.0, 0.3, 0.5, 1e5])
upper = np.array([60.0, 2.5, 12.0, 4e6])
max_evaluations = 800

STRENGTH = 150e6  # Pa
DENSITY = 7850.0  # kg/m3


def objective(x):
    wall, radius, length, pressure = x
    steel = DENSITY * wall / 1000 * (2 * np.pi * radius * length + 4 * np.pi * radius**2)
    return 3.2 * steel + 4.0e8 / pressure + 0.002 * pressure


def constraints(x):
    wall, radius, length, pressure = x
    volume = np.pi * radius**2 * length + 4 / 3 * np.pi * radius**3
    stress = pressure * radius / (wall / 1000)
    g = [stress / STRENGTH - 1, 1 - volume / 20, length / (8 * radius) - 1]
    return np.array(g), np.zeros(0)
