"""Speed reducer between the engine and the propeller of a light aeroplane: the least weight.

Source: RC15 of Kumar et al. (A test-suite of non-convex constrained optimization problems from the real-world, Swarm
and Evolutionary Computation 56, 2020), section 2.3.1, after Pant, Thangaraj and Singh (2009).
Best known value: 2994.4244658.
Note: the number of teeth is relaxed to a continuous variable, as in CEC 2020.
"""

import numpy as np

# Face width, module of the teeth, number of teeth of the pinion, lengths of two shafts, diameters of two shafts.
lower = np.array([2.6, 0.7, 17.0, 7.3, 7.3, 2.9, 5.0])
upper = np.array([3.6, 0.8, 28.0, 8.3, 8.3, 3.9, 5.5])
max_evaluations = 20000


def objective(x):
    width, module, teeth, length_1, length_2, shaft_1, shaft_2 = x
    gears = 0.7854 * width * module**2 * (3.3333 * teeth**2 + 14.9334 * teeth - 43.0934)
    bores = -1.508 * width * (shaft_1**2 + shaft_2**2)
    shafts = 7.477 * (shaft_1**3 + shaft_2**3) + 0.7854 * (length_1 * shaft_1**2 + length_2 * shaft_2**2)
    return gears + bores + shafts


def constraints(x):
    width, module, teeth, length_1, length_2, shaft_1, shaft_2 = x
    g = [
        27 - width * module**2 * teeth,
        397.5 - width * module**2 * teeth**2,
        1.93 - module * shaft_1**4 * teeth / length_1**3,
        1.93 - module * shaft_2**4 * teeth / length_2**3,
        10 / shaft_1**3 * np.sqrt(16.91e6 + (745 * length_1 / (module * teeth)) ** 2) - 1100,
        10 / shaft_2**3 * np.sqrt(157.5e6 + (745 * length_2 / (module * teeth)) ** 2) - 850,
        module * teeth - 40,
        5 - width / module,
        width / module - 12,
        1.5 * shaft_1 - length_1 + 1.9,
        1.1 * shaft_2 - length_2 + 1.9,
    ]
    return np.array(g), np.zeros(0)
