import numpy as np

# Calibration: a cup cools by two ways, with the room and with its wall. Which four parameters fit the measured values?
minutes = np.array([0, 2, 4, 6, 8, 10, 15, 20, 25, 30, 40, 50, 60])
celsius = np.array([90.3, 81.2, 74.0, 68.4, 63.7, 59.8, 52.4, 46.9, 42.5, 39.0, 33.5, 29.7, 27.0])

# fast and slow part in degrees, and their rates per minute
lower = np.array([1.0, 1.0, 0.05, 0.001])
upper = np.array([80.0, 80.0, 1.0, 0.05])
max_evaluations = 600


def objective(x):
    fast, slow, fast_rate, slow_rate = x
    model = 21.0 + fast * np.exp(-fast_rate * minutes) + slow * np.exp(-slow_rate * minutes)
    return np.mean((model - celsius) ** 2)
