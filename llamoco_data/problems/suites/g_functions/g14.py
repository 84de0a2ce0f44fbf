"""Chemical equilibrium of ten substances: the least free energy.

Source: g14 of Liang et al. (Problem definitions and evaluation criteria for the CEC 2006 special session on
constrained real-parameter optimization, 2006), after Himmelblau (1972).
Best known value: -47.7648884594915.
"""

import numpy as np

# Amount of each substance; above zero, because of the logarithm.
lower = np.full(10, 1e-6)
upper = np.full(10, 10.0)
max_evaluations = 20000

ENERGIES = np.array([-6.089, -17.164, -34.054, -5.914, -24.721, -14.986, -24.1, -10.708, -26.662, -22.179])


def objective(x):
    return np.sum(x * (ENERGIES + np.log(x / np.sum(x))))


def constraints(x):
    x1, x2, x3, x4, x5, x6, x7, x8, x9, x10 = x
    h = [x1 + 2 * x2 + 2 * x3 + x6 + x10 - 2, x4 + 2 * x5 + x6 + x7 - 1, x3 + x7 + x8 + 2 * x9 + x10 - 1]
    return np.zeros(0), np.array(h)
