"""Separation of a mixture of three components into two products by two columns with bypasses and blending.

Source: RC06 of Kumar et al. (A test-suite of non-convex constrained optimization problems from the real-world, Swarm
and Evolutionary Computation 56, 2020), section 2.1.4, after Floudas and Aggarwal (1990).
Best known value: 1.8638304088.
"""

import numpy as np

# x1 to x20 are flows, x21 to x38 the shares of the three components in the streams that leave the columns.
lower = np.zeros(38)
upper = np.array(
    [90, 150, 90, 150, 90, 90, 150, 90, 90, 90, 150, 150, 90, 90, 150, 90, 150, 90, 150, 90, 1, 1.2, 1, 1, 1, 0.5]
    + [1, 1, 0.5, 0.5, 0.5, 1.2, 0.5, 1.2, 1.2, 0.5, 1.2, 1.2],
    dtype=float,
)
max_evaluations = 20000

# Demand of the first product for each component.
DEMAND = (30.0, 50.0, 30.0)


def objective(x):
    feed_1, feed_2 = x[4], x[12]
    return 0.9979 + 0.00432 * feed_1 + 0.01517 * feed_2


def constraints(x):
    v = np.concatenate([[0.0], x])  # v[k] is the variable xk
    h = [
        v[1] + v[2] + v[3] + v[4] - 300,
        v[6] - v[7] - v[8],
        v[9] - v[10] - v[11] - v[12],
        v[14] - v[15] - v[16] - v[17],
        v[18] - v[19] - v[20],
    ]
    # Balance of each component around the first column, whose shares are x21 to x29, and the second, x30 to x38.
    h += [v[5] * v[k] - v[6] * v[k + 1] - v[9] * v[k + 2] for k in (21, 24, 27)]
    h += [v[13] * v[k] - v[14] * v[k + 1] - v[18] * v[k + 2] for k in (30, 33, 36)]
    # The feed of each column is fresh feed, of equal shares, with what the other column returns.
    h += [v[1] / 3 + v[15] * v[k + 10] - v[5] * v[k] for k in (21, 24, 27)]
    h += [v[2] / 3 + v[10] * v[k - 7] - v[13] * v[k] for k in (30, 33, 36)]
    # The first product meets its demand for each component.
    h += [
        v[3] / 3 + v[7] * v[k + 1] + v[11] * v[k + 2] + v[16] * v[k + 10] + v[19] * v[k + 11] - demand
        for k, demand in zip((21, 24, 27), DEMAND)
    ]
    # The shares of a stream sum to 1.
    h += [v[k] + v[k + 3] + v[k + 6] - 1 for k in (21, 22, 23, 30, 31, 32)]
    # The columns are sharp: these shares are zero.
    h += [v[k] for k in (25, 28, 23, 37, 32, 35)]
    return np.zeros(0), np.array(h)
