import numpy as np

lower = np.full(8, -5.0)
upper = np.full(8, 5.0)
max_evaluations = 2000


def objective(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)
