"""Gas transmission by pipelines with compressor stations: the least cost of transport.

Source: RC29 of Kumar et al. (A test-suite of non-convex constrained optimization problems from the real-world, Swarm
and Evolutionary Computation 56, 2020), section 2.3.15, after Beightler and Phillips (1976).
Best known value: 2964895.4173.
"""

import numpy as np

# Distance of the stations in miles, compression ratio, inner diameter of the pipe in inches, and an auxiliary variable.
lower = np.array([20.0, 1.0, 20.0, 0.1])
upper = np.array([50.0, 10.0, 50.0, 60.0])
max_evaluations = 20000


def objective(x):
    distance, ratio, diameter, auxiliary = x
    pipes = 8.61e5 * np.sqrt(distance) * ratio / (diameter ** (2 / 3) * np.sqrt(auxiliary)) + 3.69e4 * diameter
    return pipes + 7.72e8 / distance * ratio**0.219 - 765.43e6 / distance


def constraints(x):
    _, ratio, _, auxiliary = x
    return np.array([auxiliary / ratio**2 + 1 / ratio**2 - 1]), np.zeros(0)
