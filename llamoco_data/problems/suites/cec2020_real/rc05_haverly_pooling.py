"""Haverly's pooling problem: blend three crude oils through one pool into two products, with the largest profit.

Source: RC05 of Kumar et al. (A test-suite of non-convex constrained optimization problems from the real-world, Swarm
and Evolutionary Computation 56, 2020), section 2.1.3, after Floudas and Pardalos (1990).
Best known value: -400.0056.
Note: the profit is 400; the tolerance of the equalities makes it a little larger.
"""

import numpy as np

# Two products; crudes A and B, which enter the pool; crude C to each product; pool to each product; sulfur of the pool.
lower = np.zeros(9)
upper = np.array([100.0, 200.0, 100.0, 100.0, 100.0, 100.0, 200.0, 100.0, 200.0])
max_evaluations = 20000


def objective(x):
    product_1, product_2, crude_a, crude_b, crude_c1, crude_c2 = x[:6]
    return -(9 * product_1 + 15 * product_2 - 6 * crude_a - 16 * crude_b - 10 * (crude_c1 + crude_c2))


def constraints(x):
    product_1, product_2, crude_a, crude_b, crude_c1, crude_c2, pool_1, pool_2, sulfur = x
    g = [
        sulfur * pool_1 + 2 * crude_c1 - 2.5 * product_1,
        sulfur * pool_2 + 2 * crude_c2 - 1.5 * product_2,
    ]
    h = [
        pool_1 + pool_2 - crude_a - crude_b,
        product_1 - pool_1 - crude_c1,
        product_2 - pool_2 - crude_c2,
        sulfur * pool_1 + sulfur * pool_2 - 3 * crude_a - crude_b,
    ]
    return np.array(g), np.array(h)
