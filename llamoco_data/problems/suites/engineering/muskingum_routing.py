"""Calibration of the nonlinear Muskingum model of flood routing on Wilson's flood: the least sum of squares.

Source: Wilson (Engineering hydrology, 1974), the data; Geem (Parameter estimation for the nonlinear Muskingum model
using the BFGS technique, Journal of Irrigation and Drainage Engineering 132, 2006), the model and the value.
Best known value: 36.7679.
"""

import numpy as np

# Storage coefficient, weight of the inflow, exponent.
lower = np.array([0.01, 0.0, 1.0])
upper = np.array([1.0, 0.5, 3.0])
max_evaluations = 20000

STEP = 6.0  # hours
# In m^3/s, every six hours.
INFLOW = np.array([22, 23, 35, 71, 103, 111, 109, 100, 86, 71, 59, 47, 39, 32, 28, 24, 22, 21, 20, 19, 19, 18.0])
OUTFLOW = np.array([22, 21, 21, 26, 34, 44, 55, 66, 75, 82, 85, 84, 80, 73, 64, 54, 44, 36, 30, 25, 22, 19.0])


def objective(x):
    coefficient, weight, exponent = x
    storage = coefficient * (weight * INFLOW[0] + (1 - weight) * OUTFLOW[0]) ** exponent
    total = 0.0
    for inflow, measured in zip(INFLOW[:-1], OUTFLOW[1:]):
        # The storage changes by the inflow less the outflow of the same time.
        storage += STEP * (inflow - (storage / coefficient) ** (1 / exponent)) / (1 - weight)
        if storage <= 0:
            return np.inf  # the river would be dry
        routed = ((storage / coefficient) ** (1 / exponent) - weight * inflow) / (1 - weight)
        total += (measured - routed) ** 2
    return total
