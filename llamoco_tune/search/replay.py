"""The program that evaluates the points of a search again, in their order, so that it is scored like any program."""

from llamoco_tune.search.trail import Trail

_PROGRAM = '''\
"""{title}: the points that a model proposed, evaluated in turn.

{calls} calls, {vain} of them without a new point. {first} random points at the beginning.
"""

import numpy as np

POINTS = (
{points})


def minimize(objective, lower, upper, max_evaluations, seed, constraints=None):
    """Returns the best of the points: feasible ones by their value, before others by their violation."""
    best, best_order = lower, (np.inf, np.inf)
    for point in POINTS[:max_evaluations]:
        x = np.clip(np.array(point), lower, upper)
        f = objective(x)
        order = (0.0, f)
        if constraints is not None:
            g, h = constraints(x)
            off = np.abs(h)
            excess = np.concatenate([np.maximum(g, 0.0), np.where(off > 1e-4, off, 0.0)])
            order = (excess.mean() if excess.size else 0.0, f)
        if order < best_order:
            best, best_order = x, order
    return best
'''


def replay(trail: Trail, title: str, *, calls: int, vain_calls: int) -> str:
    """The text of the program."""
    points = "".join(f"    {one.x!r},\n" for one in trail.tried)
    first = sum(one.step == 0 for one in trail.tried)
    return _PROGRAM.format(title=title, calls=calls, vain=vain_calls, first=first, points=points)
