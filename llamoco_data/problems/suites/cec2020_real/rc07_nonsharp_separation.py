"""Separation of propane, isobutane and n-butane into two products by two columns that need not separate sharply.

Source: RC07 of Kumar et al. (A test-suite of non-convex constrained optimization problems from the real-world, Swarm
and Evolutionary Computation 56, 2020), section 2.1.5, after Aggarwal and Floudas (1990).
Best known value: 1.5670451.
"""

import numpy as np

# Flows (x1 to x20), recoveries of key components (x24, x26, x28, x31), component flows, and shares of the components.
lower = np.zeros(48)
lower[[23, 25, 27, 30]] = 0.849999
upper = np.ones(48)
upper[[0, 5, 6, 7, 8, 9, 10, 11, 15, 16, 17, 18, 19]] = 35.0
upper[[1, 2, 4, 12, 13, 14]] = 90.0
upper[3] = 140.0
upper[[24, 26, 28, 31, 34, 36]] = 30.0
max_evaluations = 20000

# Cost of each column per unit of its feed: a constant, then the weights of two recoveries and two feed shares.
COST_1 = (0.23947, -0.0139904, 0.0093514, 0.0077308, -0.0005719, 0.0042656)
COST_2 = (0.75835, -0.0661588, 0.0338147, 0.0373349, 0.0016371, 0.0288996)
DEMAND = (30.0, 50.0, 30.0)


def column_cost(cost, recovery_1, recovery_2, share_1, share_2, feed):
    fixed, constant, a, b, c, d = cost
    return fixed + (constant + a * recovery_1 + b * recovery_2 + c * share_1 + d * share_2) * feed


def objective(x):
    v = np.concatenate([[0.0], x])  # v[k] is the variable xk
    first = column_cost(COST_1, v[24], v[28], v[33], v[34], v[5])
    return first + column_cost(COST_2, v[26], v[31], v[38], v[39], v[13])


def constraints(x):
    v = np.concatenate([[0.0], x])
    h = [
        v[1] + v[2] + v[3] + v[4] - 300,
        v[6] - v[7] - v[8],
        v[9] - v[10] - v[11] - v[12],
        v[14] - v[15] - v[16] - v[17],
        v[18] - v[19] - v[20],
    ]
    # Recovery of the light and the heavy key of each column.
    h += [v[6] * v[21] - v[24] * v[25], v[14] * v[22] - v[26] * v[27]]
    h += [v[9] * v[23] - v[28] * v[29], v[18] * v[30] - v[31] * v[32]]
    # Component flows in the feeds of the columns.
    h += [v[25] - v[5] * v[33], v[29] - v[5] * v[34], v[35] - v[5] * v[36]]
    h += [v[37] - v[13] * v[38], v[27] - v[13] * v[39], v[32] - v[13] * v[40]]
    # Balance of each component around each column.
    h += [v[25] - v[6] * v[21] - v[9] * v[41], v[29] - v[6] * v[42] - v[9] * v[23]]
    h += [v[35] - v[6] * v[43] - v[9] * v[44], v[37] - v[14] * v[45] - v[18] * v[46]]
    h += [v[27] - v[14] * v[22] - v[18] * v[47], v[32] - v[14] * v[48] - v[18] * v[30]]
    # The feed of each column is fresh feed, of equal shares, with what the other column returns.
    h += [v[1] / 3 + v[15] * v[share] - v[flow] for share, flow in ((45, 25), (22, 29), (48, 35))]
    h += [v[2] / 3 + v[10] * v[share] - v[flow] for share, flow in ((41, 37), (23, 27), (44, 32))]
    # The shares of a stream sum to 1.
    shares = ((33, 34, 36), (21, 42, 43), (41, 23, 44), (38, 39, 40), (45, 22, 48), (46, 47, 30))
    h += [v[i] + v[j] + v[k] - 1 for i, j, k in shares]
    h += [v[43], v[46]]
    # The first product meets its demand for each component.
    h += [
        v[3] / 3 + v[7] * v[i] + v[11] * v[j] + v[16] * v[k] + v[19] * v[m] - demand
        for (i, j, k, m), demand in zip(((21, 41, 45, 46), (42, 23, 22, 47), (43, 44, 48, 30)), DEMAND)
    ]
    return np.zeros(0), np.array(h)
