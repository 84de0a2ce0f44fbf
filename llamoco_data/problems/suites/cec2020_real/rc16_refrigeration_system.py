"""Industrial refrigeration system of shell-and-tube exchangers and compressors: the least cost.

Source: RC16 of Kumar et al. (A test-suite of non-convex constrained optimization problems from the real-world, Swarm
and Evolutionary Computation 56, 2020), section 2.3.2, after Andrei (2013).
Best known value: 0.032213000814.
"""

import numpy as np

lower = np.full(14, 0.001)
upper = np.full(14, 5.0)
max_evaluations = 20000


def objective(x):
    x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, _, x14 = x
    second = 63098.88 * x2 * x4 * x12 + 5441.5 * x2**2 * x12 + 115055.5 * x2**1.664 * x6 + 6172.27 * x2**2 * x6
    first = 63098.88 * x1 * x3 * x11 + 5441.5 * x1**2 * x11 + 115055.5 * x1**1.664 * x5 + 6172.27 * x1**2 * x5
    pipes = 140.53 * x1 * x11 + 281.29 * x3 * x11 + 70.26 * x1**2 + 281.29 * x1 * x3 + 281.29 * x3**2
    cooling = 14437 * x8**1.8812 * x12**0.3424 * x10 / x14 * x1**2 * x7 / x9
    return second + first + pipes + cooling + 20470.2 * x7**2.893 * x11**0.316 * x1**2


def constraints(x):
    x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13, x14 = x
    g = [
        1.524 / x7 - 1,
        1.524 / x8 - 1,
        0.07789 * x1 - 2 * x9 / x7 - 1,
        7.05305 / x9 * x1**2 * x10 / (x8 * x2 * x14) - 1,
        0.0833 / x13 * x14 - 1,
        0.04771 * x10 * x8**1.8812 * x12**0.3424 - 1,
        0.0488 * x9 * x7**1.893 * x11**0.316 - 1,
        0.0099 * x1 / x3 - 1,
        0.0193 * x2 / x4 - 1,
        0.0298 * x1 / x5 - 1,
        47.136 * x2**0.333 / x10 * x12 - 1.333 * x8 * x13**2.1195 + 62.08 * x13**2.1195 * x8**0.2 / (x12 * x10) - 1,
        0.056 * x2 / x6 - 1,
        2 / x9 - 1,
        2 / x10 - 1,
        x12 / x11 - 1,
    ]
    return np.array(g), np.zeros(0)
