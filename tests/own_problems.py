"""Users' own problems for tests: a small one with constraints, and any synthetic problem as one."""

from llamoco_data.problems.evaluation import build
from llamoco_data.problems.own_spec import OwnProblemSpec
from llamoco_data.problems.spec import ProblemSpec

BOWL = """\
import numpy as np

lower = np.array([-1.0, -2.0])
upper = np.array([3.0, 2.0])
max_evaluations = 120


def objective(x):
    return (x[0] - 1.0) ** 2 + 10.0 * (x[1] - 0.5) ** 4


def constraints(x):
    g = np.array([x[0] + x[1] - 1.0])
    return g, np.zeros(0)
"""
"""Optimum 0.125 or a little more, where the constraint holds with equality."""

NOISE = (
    "import logging, os, sys, warnings; print('noise'); print('noise', file=sys.stderr); logging.error('noise'); "
    "warnings.warn('noise'); os.write(1, b'noise'); os.write(2, b'noise'); print('noise', file=sys.__stdout__)"
)
"""A line that says something in every way there is."""

_WIDE = """\
import numpy as np

lower, upper = np.zeros(30_000), np.ones(30_000)
max_evaluations = 5


def objective(x):
    return float(x.sum())


def constraints(x):
    return x - 2.0, np.zeros(0)
"""
WIDE = OwnProblemSpec(
    name="wide",
    source=_WIDE,
    dimension=30_000,
    lower=(0.0,) * 30_000,
    upper=(1.0,) * 30_000,
    max_evaluations=5,
    num_inequality=30_000,
)
"""A problem with more variables and constraints than a packet of the usual length holds; unchecked, which is slow."""

FREE = BOWL.partition("\n\ndef constraints")[0]


def mirrored(spec: ProblemSpec) -> OwnProblemSpec:
    """A problem whose Python asks the compiled evaluator for its values: to the last bit those of the spec."""
    problem = build(spec)
    text = (
        "from llamoco_data import ProblemSpec, build\n"
        f"problem = build(ProblemSpec.from_json({spec.to_json()!r}))\n"
        "lower, upper, objective = problem.lower, problem.upper, problem.objective\n"
        f"max_evaluations = {spec.max_evaluations}\n"
    )
    return OwnProblemSpec(
        source=text + ("constraints = problem.constraints\n" if spec.constraints else ""),
        dimension=spec.dimension,
        lower=tuple(problem.lower.tolist()),
        upper=tuple(problem.upper.tolist()),
        max_evaluations=spec.max_evaluations,
        num_inequality=spec.num_inequality,
        num_equality=spec.num_equality,
    )
