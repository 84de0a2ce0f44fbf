import numpy as np

# A batch reactor, A -> B -> C: the temperature of each quarter of the hour decides how much B is left at the end.
# Every evaluation is a simulation, and there is time for 200 of them.
lower = np.full(4, 298.0)
upper = np.full(4, 398.0)
max_evaluations = 200

steps = 50


def rates(state, temperature):
    a, b = state
    first = 4000 * np.exp(-2500 / temperature) * a**2
    second = 620000 * np.exp(-5000 / temperature) * b
    return np.array([-first, first - second])


def objective(x):
    state, dt = np.array([1.0, 0.0]), 0.25 / steps
    for temperature in x:
        for _ in range(steps):
            k1 = rates(state, temperature)
            k2 = rates(state + dt / 2 * k1, temperature)
            k3 = rates(state + dt / 2 * k2, temperature)
            k4 = rates(state + dt * k3, temperature)
            state = state + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return -state[1]
