"""The two methods: what a model is asked for next, decided by the points so far. Nothing is asked or evaluated here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from llamoco_tune.search.trail import Trail, described, listed

MethodName = Literal["opro", "lmea"]
MOST_TEMPERATURE = 2.0
"""Servers of the OpenAI protocol refuse more."""

OPRO_SHOWN = 20
"""Number of points in a prompt, as in the paper."""
OPRO_AT_ONCE = 8
"""Number of answers to one prompt, as in the paper."""

POPULATION = 16
"""Number of points of LMEA's population, and of those that an answer is to hold, as in the paper."""
PATIENCE = 20
"""Number of LMEA's generations without a better point after which the temperature rises."""
WARMER = 0.1
"""Rise of the temperature."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is asked for next."""

    prompt: str
    num_answers: int
    """Number of times that the prompt is sent, each with a seed of its own."""
    points_each: int
    """Most points that are taken from an answer."""
    temperature: float


@dataclass(frozen=True, slots=True)
class Method:
    """A way to search by prompts."""

    title: str
    num_first: int
    """Number of random points at the beginning; they count against the budget."""
    next_step: Callable[[Trail, float], Step]
    """The next step, given the points so far and the temperature at the beginning."""


def opro_step(trail: Trail, temperature: float) -> Step:
    """Optimization by prompting (Yang et al., arXiv 2309.03409): the best points so far, worst first, and a request."""
    prompt = (
        f"{described(trail.box)}\nThe best points so far, each better than the one before:\n\n"
        f"{listed(trail.best(OPRO_SHOWN), trail.box)}\n"
        "Propose one point that is none of these and better than all of them. Write no code. End your answer with the "
        f"point: {trail.box.dimension} numbers in square brackets, with commas between them.\n"
    )
    return Step(prompt, OPRO_AT_ONCE, 1, temperature)


def lmea_step(trail: Trail, temperature: float) -> Step:
    """A model as evolutionary operator (Liu et al., arXiv 2310.19046), which selects, crosses and mutates.

    The population are the best points so far. The temperature rises whenever they stay the same for long.
    """
    prompt = (
        f"{described(trail.box)}\nThe population of an evolutionary algorithm, each point better than the one before:"
        f"\n\n{listed(trail.best(POPULATION), trail.box)}\n"
        f"Make {POPULATION} new points. For each of them:\n\n"
        "1. Selection: take two points of the population, good ones rather than bad ones.\n"
        "2. Crossover: make one point of the two.\n"
        "3. Mutation: change that point, so that it is a new one.\n\n"
        "Write no code. Write each point as it is after its mutation on a line of its own: "
        f"{trail.box.dimension} numbers in square brackets, with commas between them.\n"
    )
    return Step(prompt, 1, POPULATION, min(MOST_TEMPERATURE, temperature + WARMER * _stagnations(trail)))


def _stagnations(trail: Trail) -> int:
    """Number of times that `PATIENCE` generations passed without a better point."""
    better: set[int] = set()
    best = (float("inf"), float("inf"))
    for one in trail.tried:
        if one.value.order < best:
            best = one.value.order
            better.add(one.step)
    idle = stagnations = 0
    for step in range(1, trail.num_steps + 1):
        idle = 0 if step in better else idle + 1
        if idle == PATIENCE:
            idle, stagnations = 0, stagnations + 1
    return stagnations


METHODS: Mapping[MethodName, Method] = {
    "opro": Method("OPRO", 5, opro_step),
    "lmea": Method("LMEA", POPULATION, lmea_step),
}
