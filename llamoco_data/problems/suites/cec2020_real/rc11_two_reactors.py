"""The choice between two reactors that make the same product: the cheaper one, and how to run it.

Source: RC11 of Kumar et al. (A test-suite of non-convex constrained optimization problems from the real-world, Swarm
and Evolutionary Computation 56, 2020), section 2.2.4, after Angira and Babu (2006).
Best known value: 99.238463653.
Note: the choices, 0 or 1, are continuous variables that are rounded inside, as in CEC 2020.
"""

import numpy as np

# Feed of each reactor, volume of each, choice of each, and the feed of both.
lower = np.array([0.0, 0.0, 0.0, 0.0, -0.51, -0.51, 0.0])
upper = np.array([20.0, 20.0, 10.0, 10.0, 1.49, 1.49, 40.0])
max_evaluations = 20000

DEMAND = 10.0


def objective(x):
    volume_1, volume_2, choice_1, choice_2, feed = x[2], x[3], round(x[4]), round(x[5]), x[6]
    return 7.5 * choice_1 + 5.5 * choice_2 + 7 * volume_1 + 6 * volume_2 + 5 * feed


def constraints(x):
    feed_1, feed_2, volume_1, volume_2, choice_1, choice_2, feed = *x[:4], round(x[4]), round(x[5]), x[6]
    output_1 = 0.9 * (1 - np.exp(-0.5 * volume_1)) * feed_1
    output_2 = 0.8 * (1 - np.exp(-0.4 * volume_2)) * feed_2
    g = [volume_1 - 10 * choice_1, volume_2 - 10 * choice_2, feed_1 - 20 * choice_1, feed_2 - 20 * choice_2]
    h = [
        choice_1 + choice_2 - 1,
        output_1 + output_2 - DEMAND,
        feed_1 + feed_2 - feed,
        output_1 * choice_1 + output_2 * choice_2 - DEMAND,
    ]
    return np.array(g), np.array(h)
