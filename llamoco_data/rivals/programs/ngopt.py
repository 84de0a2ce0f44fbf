"""NGOpt of nevergrad (Meunier et al., 2021), which chooses among its optimizers by rules made by hand."""

import math
import warnings

import nevergrad
import numpy as np
from nevergrad.optimization import metamodel

EQUALITY_TOLERANCE = 1e-4

# NumPy 2.4 makes no number of an array with one value any more, and nevergrad's metamodels still ask for that.
metamodel.float = lambda value: np.asarray(value).item()


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; constraints(x[D]) -> (g[P], h[Q]) with g <= 0, h = 0; returns the best x found."""
    dim = len(lower)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - parts of nevergrad draw from the global generator
    warnings.simplefilter("ignore")
    cube = nevergrad.p.Array(init=np.full(dim, 0.5), lower=np.zeros(dim), upper=np.ones(dim))
    cube.random_state.seed(seed % 2**32)
    optimizer = nevergrad.optimizers.NGOpt(cube, budget=max_evaluations)
    best_x, best_score = None, (math.inf, math.inf)
    for _ in range(max_evaluations):
        asked = optimizer.ask()
        x = np.clip(lower + asked.value * (upper - lower), lower, upper)
        value, (g, h) = objective(x), ((), ()) if constraints is None else constraints(x)
        excesses = np.array([*g, *(abs(v) - EQUALITY_TOLERANCE for v in h)])
        violation = np.maximum(excesses, 0.0).sum()
        if best_x is None or (violation, value) <= best_score:
            best_x, best_score = x, (violation, value)
        optimizer.tell(asked, value, constraint_violation=None if constraints is None else excesses)
    return best_x
