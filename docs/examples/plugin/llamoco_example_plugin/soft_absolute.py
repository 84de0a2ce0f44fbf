"""The kernel of the softened absolute values; statements show its loop, so it uses `math` and nothing else."""

from math import sqrt


def soft_absolute(y, a, c, w):
    total = 0.0
    for i in range(len(y)):
        total += sqrt(1 + (w * y[i]) ** 2)
    return total
