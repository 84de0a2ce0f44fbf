"""Layout of a wind farm of 15 turbines in a square of 2 km: the largest mean power, with regard to wakes.

Source: RC44 of Kumar et al. (A test-suite of non-convex constrained optimization problems from the real-world, Swarm
and Evolutionary Computation 56, 2020), section 2.4.11, after Wang et al. (2018).
Best known value: -6273.1715.
Note: CEC 2020 bounds the distances of the first 14 turbines alone, so that the last may stand near to another.
"""

import numpy as np

# East and north coordinate of each turbine in turn, in m.
lower = np.full(30, 40.0)
upper = np.full(30, 1960.0)
max_evaluations = 20000

RADIUS, SPREAD = 40.0, 0.01  # m; widening of the wake per metre
DEFICIT = 1 - np.sqrt(1 - 0.8)
# Wind from each of 24 directions: scale of its Weibull distribution, whose shape is 2, and share of the time.
SCALE = np.array([7, 5, 5, 5, 5, 4, 5, 6, 7, 7, 8, 9.5, 10, 8.5, 8.5, 6.5, 4.6, 2.6, 8, 5, 6.4, 5.2, 4.5, 3.9])
SHARE = np.array(
    [0.0003, 0.0072, 0.0237, 0.0242, 0.0222, 0.0301, 0.0397, 0.0268, 0.0626, 0.0801, 0.1025, 0.1445]
    + [0.1909, 0.1162, 0.0793, 0.0082, 0.0041, 0.0008, 0.0010, 0.0005, 0.0013, 0.0031, 0.0085, 0.0222]
)
ANGLES = np.radians(15 * (np.arange(24) + 0.5))
WINDS = np.column_stack([np.cos(ANGLES), np.sin(ANGLES)])
SPEEDS = 3.5 + 0.3 * np.arange(36)  # m/s; from cut-in to rated power, at 14 m/s
FASTEST = 25.0  # m/s, where a turbine is cut out
MIDDLE = np.exp((SPEEDS[:-1] + SPEEDS[1:]) / 2 - 7.5)
POWER = 1500 * MIDDLE / (5 + MIDDLE)  # kW in each interval of speeds
FIRST, SECOND = np.array([(i, j) for i in range(15) for j in range(i + 1, 14)]).T


def objective(x):
    place = x.reshape(15, 2)
    apart = place[:, None, :] - place[None, :, :]  # from turbine j to turbine i
    along = np.tensordot(WINDS, apart, axes=(1, 2))  # shape (24, 15, 15)
    across = np.sqrt(np.maximum(np.sum(apart**2, axis=2) - along**2, 0))
    behind = (along > 0) & (SPREAD * along + RADIUS > across - RADIUS)
    wakes = np.where(behind, DEFICIT / (1 + SPREAD * np.where(behind, along, 0) / RADIUS) ** 2, 0.0)
    wind = SCALE[:, None] * (1 - np.sqrt(np.sum(wakes**2, axis=2)))  # shape (24, 15)
    above = np.exp(-((SPEEDS[:, None, None] / wind) ** 2))  # probability of more than each speed
    partial = np.tensordot(POWER, above[:-1] - above[1:], axes=(0, 0))
    rated = 1500 * (np.exp(-((14 / wind) ** 2)) - np.exp(-((FASTEST / wind) ** 2)))
    return -np.sum(SHARE * np.sum(partial + rated, axis=1))


def constraints(x):
    place = x.reshape(15, 2)
    return 5 * RADIUS - np.hypot(*(place[FIRST] - place[SECOND]).T), np.zeros(0)
