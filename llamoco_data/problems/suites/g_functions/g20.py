"""Blend of twelve substances in two phases: a linear function of 24 variables with fourteen equalities.

Source: g20 of Liang et al. (Problem definitions and evaluation criteria for the CEC 2006 special session on
constrained real-parameter optimization, 2006), after Himmelblau (1972).
Best known value: 0.2049794002.
Note: no feasible point is known. The best known value is that of the point of Liang et al., where one constraint
misses by 0.14.
"""

import numpy as np

lower = np.zeros(24)
upper = np.full(24, 10.0)
max_evaluations = 20000

PRICES = np.tile([0.0693, 0.0577, 0.05, 0.2, 0.26, 0.55, 0.06, 0.1, 0.12, 0.18, 0.1, 0.09], 2)
MASSES = np.array([44.094, 58.12, 58.12, 137.4, 120.9, 170.9, 62.501, 84.94, 133.425, 82.507, 46.07, 60.097])
VOLATILITIES = np.array([123.7, 31.7, 45.7, 14.7, 84.7, 27.7, 49.7, 7.1, 2.1, 17.7, 0.85, 0.64])
DENSITIES = np.array([31.244, 36.12, 34.784, 92.7, 82.7, 91.6, 56.708, 82.7, 80.8, 64.517, 49.4, 49.1])
EXCESSES = np.array([0.1, 0.3, 0.4, 0.3, 0.6, 0.3])
GAS = 0.7302 * 530 * 14.7 / 40


def objective(x):
    return PRICES @ x


def constraints(x):
    liquid, vapour, total = x[:12], x[12:], np.sum(x)
    pairs = np.concatenate([liquid[:3] + vapour[:3], liquid[6:9] + vapour[6:9]])
    liquid_moles, vapour_moles = liquid / MASSES, vapour / MASSES
    equilibrium = vapour_moles / np.sum(vapour_moles) - VOLATILITIES * liquid_moles / (40 * np.sum(liquid_moles))
    volume = np.sum(liquid / DENSITIES) + GAS * np.sum(vapour_moles) - 1.671
    return pairs / (total + EXCESSES), np.concatenate([equilibrium, [total - 1, volume]])
