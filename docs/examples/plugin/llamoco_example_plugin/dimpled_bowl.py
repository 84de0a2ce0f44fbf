"""The kernel of the dimpled bowl; statements show its loop, so it uses `math` and nothing else."""

from math import sin


def dimpled_bowl(z):
    total = 0.0
    for i in range(len(z)):
        total += z[i] ** 2 + 3 * sin(2 * z[i]) ** 2
    return total
