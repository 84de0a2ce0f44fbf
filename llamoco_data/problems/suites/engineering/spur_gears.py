"""Pair of spur gears that transmits 20 kW from 1450 to 362.5 rpm: the least volume of steel.

Source: Budynas and Nisbett (Shigley's mechanical engineering design, 2015), equations 14-2 (Lewis), 14-4b (Barth) and
14-14 (contact stress), with the form factor 0.484 - 2.87 / teeth for full-depth teeth of 20 degrees.
Best known value: 3.859696, of runs of this project.
Note: the number of teeth and the module are relaxed to continuous variables.
"""

import numpy as np

# Module in mm, number of teeth of the pinion, face width in mm.
lower = np.array([1.5, 18.0, 10.0])
upper = np.array([8.0, 40.0, 100.0])
max_evaluations = 20000

POWER, SPEED, RATIO = 20e3, 1450.0, 4.0  # W, rpm
BENDING, CONTACT = 200.0, 700.0  # MPa, allowed
ELASTIC = 191.0  # sqrt(MPa), steel on steel
PRESSURE_ANGLE = np.radians(20)


def objective(x):
    module, teeth, width = x
    return np.pi / 4 * width * (module * teeth) ** 2 * (1 + RATIO**2) * 1e-6  # litres


def constraints(x):
    module, teeth, width = x
    diameter = module * teeth
    speed = np.pi * diameter * 1e-3 * SPEED / 60
    load = POWER / speed * (6.1 + speed) / 6.1  # N, with Barth's factor for cut teeth
    bending = load / (width * module * (0.484 - 2.87 / teeth))
    geometry = np.cos(PRESSURE_ANGLE) * np.sin(PRESSURE_ANGLE) / 2 * RATIO / (RATIO + 1)
    contact = ELASTIC * np.sqrt(load / (width * diameter * geometry))
    g = [bending / BENDING - 1, contact / CONTACT - 1, width / (14 * module) - 1, 1 - width / (8 * module)]
    return np.array(g), np.zeros(0)
