"""Rolling element bearing: the least dynamic load rating that its geometry allows.

Source: RC28 of Kumar et al. (A test-suite of non-convex constrained optimization problems from the real-world, Swarm
and Evolutionary Computation 56, 2020), section 2.3.14, after Rao, Savsani and Vakharia (2011).
Best known value: 14614.135715.
Note: earlier papers maximize the rating, while CEC 2020 minimizes it. The number of balls is relaxed to a continuous
variable, to which the best known value belongs.
"""

import numpy as np

# Pitch and ball diameter in mm, number of balls, curvatures of the inner and outer groove, and five factors.
lower = np.array([125.0, 10.5, 4.0, 0.515, 0.515, 0.4, 0.6, 0.3, 0.02, 0.6])
upper = np.array([150.0, 31.5, 50.0, 0.6, 0.6, 0.5, 0.7, 0.4, 0.1, 0.85])
max_evaluations = 20000

OUTER, INNER, WIDTH = 160.0, 90.0, 30.0  # mm


def objective(x):
    pitch, ball, balls, inner, outer = x[:5]
    gamma = ball / pitch
    grooves = (inner * (2 * outer - 1) / (outer * (2 * inner - 1))) ** 0.41
    shared = (1 + (1.04 * ((1 - gamma) / (1 + gamma)) ** 1.72 * grooves) ** (10 / 3)) ** -0.3
    factor = 37.91 * shared * gamma**0.3 * (1 - gamma) ** 1.39 / (1 + gamma) ** (1 / 3)
    factor *= (2 * inner / (2 * inner - 1)) ** 0.41
    if ball > 25.4:
        return 3.647 * factor * balls ** (2 / 3) * ball**1.4
    return factor * balls ** (2 / 3) * ball**1.8


def constraints(x):
    pitch, ball, balls, inner, outer, least, most, epsilon, e, chi = x
    space = OUTER - INNER - 2 * ball
    reach = OUTER / 2 - space / 4 - ball
    middle = (OUTER - INNER) / 2 - 3 * space / 4
    cosine = (middle**2 + reach**2 - (INNER / 2 + space / 4) ** 2) / (2 * middle * reach)
    filling = 2 * np.pi - 2 * np.arccos(cosine)
    g = [
        balls - 1 - filling / (2 * np.arcsin(ball / pitch)),
        least * (OUTER - INNER) - 2 * ball,
        2 * ball - most * (OUTER - INNER),
        chi * WIDTH - ball,
        0.5 * (OUTER + INNER) - pitch,
        pitch - (0.5 + e) * (OUTER + INNER),
        epsilon * ball - 0.5 * (OUTER - pitch - ball),
        0.515 - inner,
        0.515 - outer,
    ]
    return np.array(g), np.zeros(0)
