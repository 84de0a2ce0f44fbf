"""Rational function of third degree fitted to 37 measurements of electron mobility: the least sum of squares.

Source: NIST Statistical Reference Datasets, nonlinear regression, Thurber (1979), of the higher level of difficulty;
the value is the certified one.
Best known value: 5642.7082397.
"""

import numpy as np

# Four coefficients of the numerator, three of the denominator.
lower = np.array([500.0, 500.0, 0.0, 0.0, 0.0, 0.0, 0.0])
upper = np.array([2000.0, 2500.0, 1000.0, 200.0, 2.0, 1.0, 0.2])
max_evaluations = 20000

# Logarithm of the density, and mobility.
DENSITY = np.array(
    [-3.067, -2.981, -2.921, -2.912, -2.84, -2.797, -2.702, -2.699, -2.633, -2.481, -2.363, -2.322, -1.501]
    + [-1.46, -1.274, -1.212, -1.1, -1.046, -0.915, -0.714, -0.566, -0.545, -0.4, -0.309, -0.109, -0.103]
    + [0.01, 0.119, 0.377, 0.79, 0.963, 1.006, 1.115, 1.572, 1.841, 2.047, 2.2]
)
MOBILITY = np.array(
    [80.574, 84.248, 87.264, 87.195, 89.076, 89.608, 89.868, 90.101, 92.405, 95.854, 100.696, 101.06, 401.672]
    + [390.724, 567.534, 635.316, 733.054, 759.087, 894.206, 990.785, 1090.109, 1080.914, 1122.643, 1178.351]
    + [1260.531, 1273.514, 1288.339, 1327.543, 1353.863, 1414.509, 1425.208, 1421.384, 1442.962, 1464.35]
    + [1468.705, 1447.894, 1457.628]
)


def objective(x):
    numerator = x[0] + DENSITY * (x[1] + DENSITY * (x[2] + DENSITY * x[3]))
    denominator = 1 + DENSITY * (x[4] + DENSITY * (x[5] + DENSITY * x[6]))
    return np.sum((MOBILITY - numerator / denominator) ** 2)
