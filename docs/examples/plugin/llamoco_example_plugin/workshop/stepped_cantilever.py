"""Stepped cantilever beam of five hollow square segments with a load at its tip: the least weight.

Source: Fleury and Braibant (Structural optimization, 1986); Chickermane and Gea (1996).
Best known value: 1.339956.
"""

import numpy as np

# Height and width of each segment, from the wall to the tip, in cm.
lower = np.full(5, 1.0)
upper = np.full(5, 100.0)
max_evaluations = 20000

BENDING = np.array([61.0, 37.0, 19.0, 7.0, 1.0])  # moment of each segment's share in the deflection of the tip


def objective(x):
    return 0.0624 * np.sum(x)  # kg


def constraints(x):
    return np.array([np.sum(BENDING / x**3) - 1.0]), np.zeros(0)
