"""Basin hopping: L-BFGS-B after each random hop, kept by the Metropolis rule (Wales & Doye, 1997), from SciPy."""

import math
from contextlib import suppress

import numpy as np
from scipy.optimize import minimize as scipy_minimize

STEP = 0.05  # longest hop in each variable, as a share of the box
TEMPERATURE = 0.5  # in medians of the rises so far from one minimum to the next
DIFFERENCE_STEP = 1e-8  # as a share of the box
TOLERANCE = 1e-8  # a local search ends when its relative progress is this small
WORST = 1e100  # stands for whatever is not finite


class BudgetSpent(Exception):
    """Raised inside the objective to leave the library after the last evaluation."""


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; returns the best x found in the box (constraints are not handled)."""
    rng = np.random.default_rng(seed)
    dim, width = len(lower), upper - lower
    evaluations, best_x, best_value = 0, None, math.inf

    def evaluate(u):
        """Objective at a point of the unit cube; whatever is not finite is worst."""
        nonlocal evaluations, best_x, best_value
        if evaluations == max_evaluations:
            raise BudgetSpent
        evaluations += 1
        x = np.minimum(lower + u * width, upper)
        value = float(objective(x))
        value = value if math.isfinite(value) else WORST
        if value <= best_value:
            best_x, best_value = x, value
        return value

    def value_and_gradient(u):
        """One-sided differences, taken towards the inside of the box."""
        value = evaluate(u)
        steps = np.diag(np.where(u < 0.5, DIFFERENCE_STEP, -DIFFERENCE_STEP))
        return value, np.array([evaluate(u + step) - value for step in steps]) / steps.diagonal()

    def descend(start):
        """Local minimum near a point of the unit cube, and its value."""
        found = scipy_minimize(
            value_and_gradient,
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=[(0.0, 1.0)] * dim,
            options={"ftol": TOLERANCE, "gtol": 0.0, "maxiter": max_evaluations},
        )
        return found.x, found.fun

    with suppress(BudgetSpent):
        u, value = descend(rng.random(dim))
        rises = [0.0]
        while True:
            anywhere = value == WORST  # where nothing is finite, there is no minimum to hop from
            near = np.clip(u + STEP * rng.uniform(-1.0, 1.0, dim), 0.0, 1.0)
            hop, hop_value = descend(rng.random(dim) if anywhere else near)
            rise = hop_value - value
            if rise > 0.0:
                rises.append(rise)
            if rise <= TEMPERATURE * np.median(rises) * rng.exponential():
                u, value = hop, hop_value
    return best_x
