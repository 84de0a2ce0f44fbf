"""pymoo's genetic algorithm with its defaults, started again until the budget is spent."""

import math
from contextlib import suppress

import numpy as np
from pymoo.algorithms.soo.nonconvex.ga import GA
from pymoo.core.problem import ElementwiseProblem
from pymoo.optimize import minimize as pymoo_minimize

EQUALITY_TOLERANCE = 1e-4  # the one that pymoo allows by default


class BudgetSpent(Exception):
    """Raised inside the objective to leave the library after the last evaluation."""


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """objective(x[D]) -> float; constraints(x[D]) -> (g[P], h[Q]) with g <= 0, h = 0; returns the best x found."""
    rng = np.random.default_rng(seed)
    evaluations, best_x, best_score = 0, None, (math.inf, math.inf)

    def outcome(point):
        """(f, g, h) at a point."""
        nonlocal evaluations, best_x, best_score
        if evaluations == max_evaluations:
            raise BudgetSpent
        evaluations += 1
        x = np.clip(point, lower, upper)
        value, (g, h) = objective(x), ((), ()) if constraints is None else constraints(x)
        violation = sum(max(v, 0.0) for v in g) + sum(max(abs(v) - EQUALITY_TOLERANCE, 0.0) for v in h)
        if best_x is None or (violation, value) <= best_score:
            best_x, best_score = x, (violation, value)
        return value, g, h

    class Wanted(ElementwiseProblem):
        """The problem as pymoo wants it."""

        def _evaluate(self, x, out, *_, **__):
            out["F"], out["G"], out["H"] = outcome(x)

    _, g, h = outcome(rng.uniform(lower, upper))  # pymoo has to know beforehand how many constraints there are
    problem = Wanted(n_var=len(lower), n_obj=1, n_ieq_constr=len(g), n_eq_constr=len(h), xl=lower, xu=upper)
    with suppress(BudgetSpent):
        while True:
            pymoo_minimize(problem, GA(), ("n_eval", max_evaluations), seed=int(rng.integers(2**31)))
    return best_x
