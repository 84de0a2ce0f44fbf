"""The requests for a program, worded as by many people; each names the interface and the budget."""

import re
from dataclasses import dataclass

import numpy as np

from llamoco_data.problems.own_spec import AnySpec
from llamoco_data.statements.choices import chance, pick

INTERFACE = "minimize(objective, lower, upper, max_evaluations, seed, constraints=None)"
"""Signature that every request contains, letter by letter."""


@dataclass(frozen=True, slots=True)
class Wording:
    """One person's request, in which `[[a|b]]` stands for a or b, and braces stand for what depends on the problem."""

    name: str
    text: str
    """Request with {interface}, {budget}, {dimension}, {problem} and {rules}.

    The word "evaluations" always follows the budget, and the problem is bound-constrained or constrained.
    """
    constrained: str
    """Rules of a problem with constraints."""
    free: str = ""
    """Rules of a problem without constraints."""


FEASIBLE = (
    "[[A point is feasible|x is feasible]] when g <= 0 and |h| <= 1e-4, where (g, h) = constraints(x)"
    "[[;| and]] one evaluation covers objective and constraints."
)

WORDINGS = (
    Wording(
        "plain",
        "Write a complete Python program that [[minimizes|finds the minimum of]] the {dimension}-dimensional"
        " problem below. It defines `{interface}`, which returns the best x found with at most {budget}"
        " evaluations.{rules}",
        " " + FEASIBLE,
        "",
    ),
    Wording(
        "terse",
        "[[Minimize.|Find the minimum.]] Complete Python program, `{interface}` -> best x. {budget}"
        " evaluations.{rules}",
        " (g, h) = constraints(x): g <= 0, |h| <= 1e-4; objective + constraints at a point = one evaluation.",
        "",
    ),
    Wording(
        "formal",
        "[[Consider|Given is]] the following {problem} minimization problem in {dimension} variables. Provide a"
        " self-contained Python program that defines `{interface}` and returns the best point"
        " [[found|encountered]]. No more than {budget} objective evaluations are permitted.{rules}",
        " A point is admissible if g <= 0 and |h| <= 1e-4 componentwise, with (g, h) = constraints(x); an"
        " evaluation comprises the objective and the constraints.",
        "[[| The bounds are the only constraints.]]",
    ),
    Wording(
        "engineering",
        "We have a [[design|calibration]] task with {dimension} parameters; [[the model is given below|see the"
        " model below]]. Please deliver a complete Python program with `{interface}` that returns the best"
        " parameter vector x. [[The budget is|We can afford]] {budget} evaluations.{rules}",
        " The design must satisfy g <= 0 and |h| <= 1e-4 with (g, h) = constraints(x), which comes with the"
        " same evaluation as the objective.",
        "[[| Only the bounds limit the parameters.]]",
    ),
    Wording(
        "student",
        "For a course [[project|assignment]] I have to minimize the function below ({dimension} variables) and"
        " I am [[not sure|unsure]] which method to take. Could you write the whole Python program? It should"
        " define `{interface}` and return the best x; I may use {budget} function evaluations.{rules}",
        " There are constraints too: constraints(x) gives (g, h), and I need g <= 0 and |h| <= 1e-4. Calling"
        " both at a point counts as one evaluation.",
        "[[| There are no constraints except the bounds.]]",
    ),
    Wording(
        "email",
        "[[Hi|Hello]],\n\nplease send me a complete Python program for the {dimension}-variable problem below."
        " I will call `{interface}` and expect the best x back. We pay for {budget} evaluations, so stay within"
        " that.{rules}\n\n[[Thanks!|Best regards]]",
        " Solutions only count if g <= 0 and |h| <= 1e-4, with (g, h) = constraints(x); the objective and the"
        " constraints of a point cost one evaluation together.",
        "",
    ),
    Wording(
        "imperative",
        "Minimize the [[function|objective]] below over its box. Implement `{interface}` as a complete Python"
        " program. Return the best x. Never exceed {budget} evaluations.{rules}",
        " Satisfy the constraints: g <= 0 and |h| <= 1e-4 for (g, h) = constraints(x). Count objective and"
        " constraints of a point as one evaluation.",
        "",
    ),
    Wording(
        "question",
        "Which Python program [[gets closest to|comes nearest to]] the minimum of this {dimension}-dimensional"
        " problem within {budget} evaluations? [[Answer with|Please give]] the complete code of `{interface}`,"
        " returning the best x.{rules}",
        " How feasibility is judged: (g, h) = constraints(x), g <= 0, |h| <= 1e-4, in the same evaluation as"
        " the objective.",
        "",
    ),
    Wording(
        "list",
        "[[Task|To do]]: minimize the problem below.\n- [[output|deliverable]]: a complete Python program\n-"
        " interface: `{interface}`\n- returns: the best x found\n- budget: {budget} evaluations{rules}",
        "\n- feasible: g <= 0 and |h| <= 1e-4, (g, h) = constraints(x), part of the same evaluation",
        "[[|\n- constraints: bounds only]]",
    ),
    Wording(
        "paper",
        "We study the {problem} problem stated below, with {dimension} decision variables, [[under|subject to]]"
        " a budget of {budget} function evaluations. State the algorithm of your choice as a complete Python"
        " program that defines `{interface}` and returns the best solution x.{rules}",
        " A solution is feasible if g <= 0 and |h| <= 1e-4, where (g, h) = constraints(x) is obtained together"
        " with the objective.",
        "",
    ),
    Wording(
        "review",
        "[[Review comment|Comment on line 1]]: the problem is stated, but nothing solves it yet. Please add"
        " `{interface}` - complete Python, all imports included, best x as return value, at most {budget}"
        " evaluations.{rules}",
        " And respect constraints(x) -> (g, h): g <= 0, |h| <= 1e-4; one evaluation buys objective and constraints.",
        "",
    ),
    Wording(
        "chat",
        "[[hey|hi]], quick one: need python for this [[thing|problem]], {dimension} vars, smallest value you"
        " can get with {budget} evaluations. full program pls, `{interface}`, returns best x{rules}",
        ". feasible = g <= 0 and |h| <= 1e-4 from (g, h) = constraints(x), same evaluation as the objective",
        "",
    ),
    Wording(
        "ticket",
        "Title: Optimize the {dimension}-parameter [[objective|cost function]]\nDescription: Add a complete"
        " Python program with `{interface}`.\nAccepted when: it returns the best x it has seen after at most"
        " {budget} evaluations{rules}.",
        " and prefers points with g <= 0, |h| <= 1e-4, (g, h) = constraints(x), one evaluation giving objective"
        " and constraints",
        "",
    ),
    Wording(
        "benchmark",
        "Problem: {problem}, {dimension} variables, minimization. Solver entry point: `{interface}`. Result:"
        " best x. [[Limit|Budget]]: {budget} evaluations. Submit a complete Python program.{rules}",
        " Feasibility: (g, h) = constraints(x) with g <= 0, |h| <= 1e-4; an evaluation includes both functions.",
        "",
    ),
    Wording(
        "stub",
        "Complete this Python program so that it finds the best x within {budget} evaluations of the problem"
        " [[below|that follows]]:\ndef {interface}: ...{rules}",
        "\n# feasible: g <= 0, |h| <= 1e-4 with (g, h) = constraints(x); counted together with objective(x)",
        "",
    ),
    Wording(
        "colleague",
        "[[Could you help me out?|Can you take this over from me?]] I need the lowest point of the problem"
        " below and can run {budget} objective evaluations. A complete Python file with `{interface}` that"
        " returns the best x would be [[perfect|great]].{rules}",
        " Mind the constraints: constraints(x) returns (g, h), with g <= 0 and |h| <= 1e-4 required, and costs"
        " nothing beyond the objective's evaluation.",
        "",
    ),
)
NUM_WORDINGS = len(WORDINGS)
"""Wording n opens with request n modulo this number; beyond it, the same requests come with other texts below them.

Those of plug-ins have numbers of their own; see `plugin_wordings`.
"""


def request(spec: AnySpec, chosen: Wording, rng: np.random.Generator) -> str:
    """The request in words: what to write, the interface, the budget, and what feasible means where that matters."""
    constrained = bool(spec.num_constraints)
    rules = chosen.constrained if constrained else chosen.free
    text = _decided(chosen.text.replace("{rules}", rules), rng)
    budget = f"{spec.max_evaluations:,}" if chance(rng, 0.4) else str(spec.max_evaluations)
    return filled(text, budget, spec.dimension, constrained=constrained)


def filled(text: str, budget: str, dimension: int, *, constrained: bool) -> str:
    """The text of a request with what depends on the problem.

    Raises:
        KeyError, IndexError, ValueError: its braces are wrong.
    """
    return text.format(
        interface=INTERFACE,
        budget=budget,
        dimension=dimension,
        problem="constrained" if constrained else "bound-constrained",
    )


def _decided(text: str, rng: np.random.Generator) -> str:
    """The text with one alternative drawn for every [[...]]."""
    return re.sub(r"\[\[(.*?)\]\]", lambda match: pick(rng, match[1].split("|")), text, flags=re.DOTALL)
