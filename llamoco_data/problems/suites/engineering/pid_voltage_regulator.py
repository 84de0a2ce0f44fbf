"""PID controller of the voltage of a generator: the least time-weighted error after a step of the set value.

Source: Gaing (A particle swarm optimization approach for optimum design of PID controller in AVR system, IEEE
Transactions on Energy Conversion 19, 2004), the model of section III with its constants, judged by the integral of
time times absolute error.
Best known value: 0.0396211, of runs of this project.
"""

import numpy as np
from scipy.linalg import expm

# Proportional, integral and derivative gain.
lower = np.array([0.05, 0.05, 0.01])
upper = np.array([2.0, 2.0, 1.0])
max_evaluations = 20000

AMPLIFIER, EXCITER, GENERATOR, SENSOR = (10.0, 0.1), (1.0, 0.4), (1.0, 1.0), (1.0, 0.01)  # gain, time constant in s
FILTER = 0.01  # s, of the derivative
STEP, STEPS = 0.01, 400  # s; the response is followed for 4 s


def system(gains):
    """Matrix of the closed loop; states are amplifier, exciter, generator, sensor, integral, filtered error and a 1."""
    proportional, integral, derivative = gains
    matrix = np.zeros((7, 7))
    # The error is 1 less the output of the sensor; the filter turns its change into a slope.
    error = np.array([0, 0, 0, -1.0, 0, 0, 1])
    slope = (error - np.array([0, 0, 0, 0, 0, 1.0, 0])) / FILTER
    control = proportional * error + derivative * slope
    control[4] += integral
    sources = [control, np.eye(7)[0], np.eye(7)[1], np.eye(7)[2]]
    for state, (source, (gain, time)) in enumerate(zip(sources, (AMPLIFIER, EXCITER, GENERATOR, SENSOR))):
        matrix[state] = gain * source / time
        matrix[state, state] -= 1 / time
    matrix[4] = error
    matrix[5] = slope
    return matrix


def objective(x):
    advance = expm(system(x) * STEP)
    state = np.array([0, 0, 0, 0, 0, 0, 1.0])
    total = 0.0
    for k in range(1, STEPS + 1):
        state = advance @ state
        total += k * STEP * min(abs(1 - state[2]), 1e6) * STEP
    return total
