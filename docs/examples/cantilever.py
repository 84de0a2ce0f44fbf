import numpy as np

# A beam of five hollow square segments of one length, fixed at one end, with a load at the other (Svanberg, 1987).
# The variables are the heights of the segments; the objective is the weight.
lower = np.full(5, 0.01)
upper = np.full(5, 100.0)
max_evaluations = 1000

bending = np.array([61.0, 37.0, 19.0, 7.0, 1.0])


def objective(x):
    return 0.0624 * np.sum(x)


def constraints(x):
    return np.array([np.sum(bending / x**3) - 1]), np.zeros(0)
