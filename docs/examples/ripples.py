import numpy as np

# A bowl full of ripples: more than a million local minima, and the lowest where nobody would begin.
lower = np.full(6, -5.0)
upper = np.full(6, 5.0)
max_evaluations = 3000

center = np.array([1.7, -2.3, 0.4, 3.1, -0.9, 2.2])


def objective(x):
    z = 0.83 * (x - center)
    return np.sum(z**2 - 10 * np.cos(2 * np.pi * z) + 10)
