"""The programs of the portfolio for tests: their names, and the function that a text defines."""

from pathlib import Path

from llamoco_data.portfolio import OPTIMIZER_BY_NAME
from llamoco_data.texts import execute

FOLDER = Path(__file__).parents[1] / "llamoco_data" / "portfolio" / "programs"
NAMES = sorted(file.stem for file in FOLDER.glob("[!_]*.py"))
CONSTRAINED = [name for name in NAMES if OPTIMIZER_BY_NAME[name].takes_constraints]
UNCONSTRAINED = [name for name in NAMES if not OPTIMIZER_BY_NAME[name].needs_constraints]


def minimize_of(text: str):
    names: dict = execute(text, "program").names
    return names["minimize"]


def budget_of(name: str, evaluations: int, at_most: int = 60) -> int:
    """The number of evaluations, or as many of them as the method is made for, with room for a short test."""
    return evaluations if OPTIMIZER_BY_NAME[name].max_evaluations is None else min(evaluations, at_most)
