"""Five rates of the isomerization of alpha-pinene, fitted to eight measurements of five substances: the least squares.

Source: Box, Hunter, MacGregor and Erjavec (Technometrics 15, 1973), the data; Dolan, Moré and Munson (Benchmarking
optimization software with COPS 3.0, 2004), section 14, the model and the value.
Best known value: 19.8721.
"""

import numpy as np
from scipy.linalg import expm

# Rates of five first-order reactions in 1e-5 per minute.
lower = np.zeros(5)
upper = np.array([20.0, 20.0, 20.0, 100.0, 20.0])
max_evaluations = 20000

TIMES = np.array([1230, 3060, 4920, 7800, 10680, 15030, 22620, 36420.0])  # min
# Shares in percent of alpha-pinene, dipentene, allo-ocimene, pyronene and a dimer.
SHARES = np.array(
    [
        [88.35, 7.3, 2.3, 0.4, 1.75],
        [76.4, 15.6, 4.5, 0.7, 2.8],
        [65.1, 23.1, 5.3, 1.1, 5.8],
        [50.4, 32.9, 6.0, 1.5, 9.3],
        [37.5, 42.7, 6.0, 1.9, 12.0],
        [25.9, 49.1, 5.9, 2.2, 17.0],
        [14.0, 57.4, 5.1, 2.6, 21.0],
        [4.5, 63.1, 3.8, 2.9, 25.7],
    ]
)


def objective(x):
    to_dipentene, to_ocimene, to_pyronene, to_dimer, from_dimer = x * 1e-5
    rates = np.zeros((5, 5))
    rates[0, 0] = -to_dipentene - to_ocimene
    rates[1, 0] = to_dipentene
    rates[2, [0, 2, 4]] = to_ocimene, -to_pyronene - to_dimer, from_dimer
    rates[3, 2] = to_pyronene
    rates[4, [2, 4]] = to_dimer, -from_dimer
    state, time, total = np.array([100.0, 0, 0, 0, 0]), 0.0, 0.0
    for after, measured in zip(TIMES, SHARES):
        state, time = expm(rates * (after - time)) @ state, after
        total += np.sum((state - measured) ** 2)
    return total
