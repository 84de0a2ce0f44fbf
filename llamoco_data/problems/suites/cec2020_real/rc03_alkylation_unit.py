"""Operation of an alkylation unit that makes high-octane petrol: the largest daily profit.

Source: RC03 of Kumar et al. (A test-suite of non-convex constrained optimization problems from the real-world, Swarm
and Evolutionary Computation 56, 2020), section 2.1.6, after Sauer, Colville and Burwick (1964).
Best known value: -4529.1197395.
"""

import numpy as np

# Olefin feed, acid addition rate, alkylate yield, acid strength, motor octane number, ratio of isobutane to olefin, and
# F-4 performance number.
lower = np.array([1000.0, 0.0, 2000.0, 0.0, 0.0, 0.0, 0.0])
upper = np.array([2000.0, 100.0, 4000.0, 100.0, 100.0, 20.0, 200.0])
max_evaluations = 20000


def objective(x):
    olefin, acid, alkylate, _, octane, ratio, _ = x
    return -1.715 * olefin - 0.035 * olefin * ratio - 4.0565 * alkylate - 10 * acid + 0.063 * alkylate * octane


def constraints(x):
    olefin, acid, alkylate, strength, octane, ratio, f4 = x
    g = [
        0.0059553571 * ratio**2 * olefin + 0.88392857 * alkylate - 0.1175625 * ratio * olefin - olefin,
        1.1088 * olefin + 0.1303533 * olefin * ratio - 0.0066033 * olefin * ratio**2 - alkylate,
        6.66173269 * ratio**2 + 172.39878 * octane - 56.596669 * strength - 191.20592 * ratio - 10000,
        1.08702 * ratio + 0.32175 * strength - 0.03762 * ratio**2 - octane + 56.85075,
        0.006198 * f4 * strength * alkylate + 2462.3121 * acid - 25.125634 * acid * strength - alkylate * strength,
        161.18996 * alkylate * strength + 5000 * acid * strength - 489510 * acid - alkylate * strength * f4,
        0.33 * f4 - octane + 44.333333,
        0.022556 * octane - 0.007595 * f4 - 1,
        0.00061 * alkylate - 0.0005 * olefin - 1,
        0.819672 * olefin - alkylate + 0.819672,
        24500 * acid - 250 * acid * strength - alkylate * strength,
        1020.4082 * strength * acid + 1.2244898 * alkylate * strength - 100000 * acid,
        6.25 * olefin * ratio + 6.25 * olefin - 7.625 * alkylate - 100000,
        1.22 * alkylate - ratio * olefin - olefin + 1,
    ]
    return np.array(g), np.zeros(0)
