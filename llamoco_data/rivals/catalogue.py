"""The names of rivals, and what each answers; it makes no answer."""

from collections.abc import Mapping
from typing import Literal

Rival = Literal[
    "random-candidate",
    "most-frequent",
    "single-best",
    "tfidf",
    "forest",
    "landscape",
    "virtual-best",
    "scipy-minimize",
    "scipy-de",
    "pycma",
    "pymoo",
    "ngopt",
    "top-3",
]

RIVALS: Mapping[Rival, str] = {
    "random-candidate": "a candidate of the portfolio, drawn evenly from those that apply to the problem",
    "most-frequent": "the most frequent optimizer of the training labels, with its most frequent settings",
    "single-best": "the single best solver: the candidate with the best mean score on the training problems",
    "tfidf": "the answer of the training prompt that is nearest by TF-IDF",
    "forest": "the selector: a forest on what it is told of functions, sizes and constraints",
    "landscape": "a forest on landscape features (ELA) of 50 D evaluations, which count against the budget",
    "virtual-best": "the label, the winner of the problem",
    "scipy-minimize": "scipy.optimize.minimize with its defaults, from random points",
    "scipy-de": "scipy.optimize.differential_evolution with its defaults",
    "pycma": "CMA-ES of pycma with its defaults, restarted",
    "pymoo": "the genetic algorithm of pymoo with its defaults",
    "ngopt": "NGOpt of nevergrad, which chooses by rules made by hand (needs nevergrad)",
    "top-3": "the three optimizers that a model finds likeliest, each with a third of the budget (needs --programs)",
}
"""What each rival answers, in a line."""

PROGRAM_OF: Mapping[Rival, str] = {
    "scipy-minimize": "scipy_minimize",
    "scipy-de": "scipy_de",
    "pycma": "pycma",
    "pymoo": "pymoo_ga",
    "ngopt": "ngopt",
}
"""Program file of each rival that answers every problem with the same text: what a user would pick."""

PACKAGE_OF: Mapping[Rival, str] = {"ngopt": "nevergrad"}
"""Package that a rival needs beside those of the portfolio; it is an extra of this one."""
