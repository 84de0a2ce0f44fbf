"""Profit of a plant with seventeen outputs and 38 limits on them.

Source: g16 of Liang et al. (Problem definitions and evaluation criteria for the CEC 2006 special session on
constrained real-parameter optimization, 2006), after Himmelblau (1972).
Best known value: -1.90515525853479.
"""

import numpy as np

lower = np.array([704.4148, 68.6, 0.0, 193.0, 25.0])
upper = np.array([906.3855, 288.88, 134.75, 287.0966, 84.1988])
max_evaluations = 20000

LEAST = np.array(
    [213.1, 17.505, 11.275, 214.228, 7.458, 0.961, 1.612, 0.146, 107.99, 922.693, 926.832, 18.766, 1072.163]
    + [8961.448, 0.063, 71084.33, 2802713.0]
)
MOST = np.array(
    [405.23, 1053.6667, 35.03, 665.585, 584.463, 265.916, 7.046, 0.222, 273.366, 1286.105, 1444.046, 537.141]
    + [3247.039, 26844.086, 0.386, 140000.0, 12146108.0]
)


def plant(x):
    """The seventeen outputs, and three quantities that the objective or a limit needs besides them."""
    x1, x2, x3, x4, x5 = x
    y1 = x2 + x3 + 41.6
    y2 = 12.5 / (0.024 * x4 - 4.62) + 12
    c2 = 0.0003535 * x1**2 + 0.5311 * x1 + 0.08705 * y2 * x1
    y3 = c2 / (0.052 * x1 + 78 + 0.002377 * y2 * x1)
    y4 = 19 * y3
    c4 = 0.04782 * (x1 - y3) + 0.1956 * (x1 - y3) ** 2 / x2 + 0.6376 * y4 + 1.594 * y3
    y5 = (x1 - y3 - y4) * (0.95 - c4 / (100 * x2))
    y6 = x1 - y5 - y4 - y3
    c8 = (y5 + y4) * 0.995
    y7 = c8 / y1
    y8 = c8 / 3798
    y9 = 96.82 / (y7 - 0.0663 * y7 / y8 - 0.3153) + 0.321 * y1
    y10 = 1.29 * y5 + 1.258 * y4 + 2.29 * y3 + 1.71 * y6
    y11 = 1.71 * x1 - 0.452 * y4 + 0.58 * y3
    c12 = 0.995 * y10 + 1998
    y12 = 12.3 / 752.3 * x1 + 1.75 * y2 * 0.995 * x1 / c12
    y13 = c12 - 1.75 * y2
    c17 = y9 + x5
    y14 = 3623 + 64.4 * x2 + 58.4 * x3 + 146312 / c17
    y15 = y13 / (0.995 * y10 + 60.8 * x2 + 48 * x4 - 0.1121 * y14 - 5095)
    y16 = 148000 - 331000 * y15 + 40 * y13 - 61 * y15 * y13
    y17 = 14130000 - 1328 * y10 - 531 * y11 + (2324 * y10 - 28740000 * y2) / c12
    outputs = np.array([y1, y2, y3, y4, y5, y6, y7, y8, y9, y10, y11, y12, y13, y14, y15, y16, y17])
    return outputs, c12, (y13 / y15 - y13 / 0.52) / (1.104 - 0.72 * y15), c17


def objective(x):
    (_, y2, _, _, y5, _, _, _, _, _, _, y12, y13, y14, _, y16, y17), c12, ratio, _ = plant(x)
    costs = 0.000117 * y14 + 0.1365 + 0.00002358 * y13 + 0.000001502 * y16 + 0.0321 * y12 + 0.004324 * y5
    return costs + 0.0001 * ratio + 37.48 * y2 / c12 - 0.0000005843 * y17


def constraints(x):
    outputs, c12, _, c17 = plant(x)
    y1, y2, _, y4, y5 = outputs[:5]
    g = [0.28 / 0.72 * y5 - y4, x[2] - 1.5 * x[1], 3496 * y2 / c12 - 21, 110.6 + y1 - 62212 / c17]
    return np.concatenate([g, np.column_stack([LEAST - outputs, outputs - MOST]).ravel()]), np.zeros(0)
