"""Real problems: files in the format that users write, with what their publications say of them.

This package reads and describes them; it races nothing. `own_problem` takes their texts as it takes a user's, and
`llamoco-data add --suite` adds them to a campaign.
"""

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Literal, cast

import numpy as np

from llamoco_data.identity import LlamocoError
from llamoco_data.problems.functions.definition import Vector
from llamoco_data.problems.source import load_source, with_budget

SUITES = {
    "cec2020_real": "Real-world constrained problems of CEC 2020 (Kumar et al., 2020)",
    "g_functions": "Constrained problems of CEC 2006 (Liang et al., 2006)",
    "engineering": "Engineering designs and calibrations",
}
"""Title of each suite, by the name of its folder."""

MOST_EVALUATIONS = 20_000
"""Largest budget; that of CEC 2020 itself is 100,000 evaluations or more."""

Budgets = Literal["small", "medium", "all"]
"""Which budgets of a problem are meant: 100 D, that and 1,000 D, or all three."""
_NUM_BUDGETS: Mapping[Budgets, int] = {"small": 1, "medium": 2, "all": 3}

_FACTS = re.compile(
    r"(?P<title>[^\n]+)\.\n\nSource: (?P<source>.+?)\nBest known value: (?P<best>[-+.\de]+?)(?P<of>,[^\n]+)?\.\n"
    r"(?:Note: (?P<note>.+?)\n)?",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class SuiteProblem:
    """A problem of a suite; all fields follow from its text."""

    name: str
    """Name of its file, without the ending."""
    suite: str
    title: str
    source: str
    """Publications that the formulas and the best known value are from."""
    note: str
    """Deviation from the publication, or peculiarity; empty where there is none."""
    best_known: float
    """Best known value of the objective; equalities may miss by 1e-4."""
    dimension: int
    num_inequality: int
    num_equality: int
    text: str
    """Python in the format that users write, with a budget of `MOST_EVALUATIONS`."""

    def at_budget(self, max_evaluations: int) -> str:
        """The text with another evaluation budget: what `own_problem` and `llamoco-data add` take."""
        return with_budget(self.text, max_evaluations)

    @property
    def budgets(self) -> tuple[int, ...]:
        """Ascending budgets of 100 D, 1,000 D and `MOST_EVALUATIONS`, none above the last; equal ones are one."""
        wanted = (100 * self.dimension, 1_000 * self.dimension, MOST_EVALUATIONS)
        return tuple(sorted({min(budget, MOST_EVALUATIONS) for budget in wanted}))

    def stated(self, budgets: Budgets = "all") -> Mapping[str, str]:
        """Texts at the budgets that are meant, by the names that the problems get in a campaign."""
        meant = self.budgets[: _NUM_BUDGETS[budgets]]
        return {f"{self.name}_{budget}": self.at_budget(budget) for budget in meant}


@cache
def suites() -> tuple[SuiteProblem, ...]:
    """Every problem of every suite, in the order of `SUITES` and of the names; the first call executes all texts."""
    return tuple(problem for suite in SUITES for problem in _read(suite))


def suite_problem(name: str) -> SuiteProblem:
    """The problem of this name.

    Raises:
        LlamocoError: there is none.
    """
    for problem in suites():
        if problem.name == name:
            return problem
    raise LlamocoError(f"the suites have no problem {name!r}; docs/real-problems.md lists them")


def is_of_suite(text: str, others: Collection[str] = ()) -> bool:
    """Whether a text opens with the title of a suite's problem, as the problem's own text does at every budget.

    So do copies with other numbers or a corrected formula, from which a test problem could be learned all the same.
    No text is executed.

    Args:
        others: titles of the problems of suites that plug-ins have brought.
    """
    title = _title_of(text)
    return title in _titles() or title in others


@cache
def _titles() -> frozenset[str]:
    titles = (_title_of(file.read_text(encoding="utf-8")) for suite in SUITES for file in _files(suite))
    return frozenset(title for title in titles if title)


def _title_of(text: str) -> str | None:
    """The first line of a text's docstring, with its full stop; None where it has none."""
    documented = ast.get_docstring(ast.parse(text))
    return documented.partition("\n")[0] if documented else None


def _read(suite: str) -> Iterator[SuiteProblem]:
    return (
        problem_in(file.read_text(encoding="utf-8"), file.name.removesuffix(".py"), suite) for file in _files(suite)
    )


def _files(suite: str) -> list[Traversable]:
    files = (file for file in (resources.files(__name__) / suite).iterdir() if file.name.endswith(".py"))
    return sorted(files, key=lambda file: file.name)


def problem_in(text: str, name: str, suite: str) -> SuiteProblem:
    """The problem that a file of a suite defines; its text is executed.

    Raises:
        LlamocoError: its docstring does not say what it is, where it is from, and its best known value.
        Exception: whatever the text raises.
    """
    facts = _FACTS.fullmatch((ast.get_docstring(ast.parse(text)) or "") + "\n")
    if facts is None:
        raise LlamocoError(
            "its docstring does not have a title with a full stop, an empty line, a line `Source: ...` and a line "
            "`Best known value: NUMBER.`"
        )
    loaded = load_source(text)
    lower, upper = cast("tuple[Vector, Vector]", (loaded.lower, loaded.upper))
    num_inequality = num_equality = 0
    if loaded.constraints is not None:
        with np.errstate(all="ignore"):
            g, h = cast("tuple[Vector, Vector]", loaded.constraints((lower + upper) / 2))
        num_inequality, num_equality = len(g), len(h)
    return SuiteProblem(
        name=name,
        suite=suite,
        title=facts["title"],
        source=" ".join(facts["source"].split()).rstrip("."),
        note=" ".join((facts["note"] or "").split()),
        best_known=float(facts["best"]),
        dimension=len(lower),
        num_inequality=num_inequality,
        num_equality=num_equality,
        text=text,
    )
