"""What a statement says of its problem, as numbers for a classical model, and one number more: the feasible share."""

from math import log10

import numpy as np
from numpy.typing import NDArray

from llamoco_data.problems.constraint_forms import FORM_BY_NAME, FORMS
from llamoco_data.problems.functions import FUNCTION_BY_NAME, FUNCTIONS
from llamoco_data.problems.own_spec import AnySpec
from llamoco_data.problems.plugin_functions import function_named
from llamoco_data.problems.spec import ProblemSpec

NAMES = (
    "log dimension",
    "log evaluations",
    "log evaluations per dimension",
    "log box width",
    "box centre in half-widths",
    "units",
    "composition",
    "hybrid",
    "components",
    "reflections",
    "own shifts",
    "inequalities",
    "equalities",
    "feasible share",
    "largest share of a component",
    "multimodal",
    "separable",
    "smooth",
    "log conditioning",
    *(f"function {function.name}" for function in FUNCTIONS),
    *(f"family {family}" for family in dict.fromkeys(function.family for function in FUNCTIONS)),
    *(f"constraint {form.name}" for form in FORMS),
)

ESTIMATED = "feasible share"
"""What no statement says: it was estimated by trying points when the problem was drawn. It helps a teacher and a prior;
who is compared with a reader of statements does without."""


def features(spec: ProblemSpec) -> NDArray[np.float64]:
    """Shape (len(NAMES),). Functions of a composition have equal shares, those of a hybrid by number of variables.

    A plug-in's function has no name among them, only its family and its properties; a plug-in's form has none.
    """
    lower, upper = spec.box
    functions = [function_named(name) for name in spec.functions]
    share = _shares(spec)
    weighted = dict.fromkeys(NAMES, 0.0)
    weighted |= {
        "log dimension": log10(spec.dimension),
        "log evaluations": log10(spec.max_evaluations),
        "log evaluations per dimension": log10(spec.max_evaluations / spec.dimension),
        "log box width": log10(upper - lower),
        "box centre in half-widths": (upper + lower) / (upper - lower),
        "units": float(bool(spec.units)),
        "composition": float(spec.kind == "composition"),
        "hybrid": float(spec.kind == "hybrid"),
        "components": float(len(functions)),
        "reflections": float(len(spec.reflections)),
        "own shifts": float(len(spec.shifts) > 1),
        "inequalities": float(spec.num_inequality),
        "equalities": float(spec.num_equality),
        "feasible share": spec.feasible_share,
        "largest share of a component": max(share),
    }
    for function, part in zip(functions, share, strict=True):
        weighted["multimodal"] += part * function.multimodal
        weighted["separable"] += part * function.separable
        weighted["smooth"] += part * function.smooth
        weighted["log conditioning"] += part * log10(function.conditioning)
        if function.name in FUNCTION_BY_NAME:
            weighted[f"function {function.name}"] += part
        weighted[f"family {function.family}"] += part
    for constraint in spec.constraints:
        if constraint.form in FORM_BY_NAME:
            weighted[f"constraint {constraint.form}"] += 1
    return np.array([weighted[name] for name in NAMES])


def reading_of(spec: AnySpec) -> dict[str, float]:
    """Name -> number of a problem: all `NAMES`, or the few that are known of a user's own problem."""
    if isinstance(spec, ProblemSpec):
        return dict(zip(NAMES, features(spec).tolist(), strict=True))
    return {
        "log dimension": log10(spec.dimension),
        "log evaluations": log10(spec.max_evaluations),
        "log evaluations per dimension": log10(spec.max_evaluations / spec.dimension),
        "inequalities": float(spec.num_inequality),
        "equalities": float(spec.num_equality),
        "feasible share": spec.feasible_share,
    }


def _shares(spec: ProblemSpec) -> list[float]:
    """Of each component: of the variables in a hybrid, else equal parts, as weights were scaled to equal size."""
    sizes = [len(component.variables) or 1 for component in spec.components]
    return [size / sum(sizes) for size in sizes]
