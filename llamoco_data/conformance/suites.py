"""The rules of a suite of real problems that a plug-in brings; its texts are executed, in this process and apart."""

import functools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from llamoco_data.conformance.rules import Checked, RuleBroken, Rules, checked, require
from llamoco_data.identity import LlamocoError
from llamoco_data.portfolio import program_text
from llamoco_data.problems.checking_apart import check_apart
from llamoco_data.problems.own_spec import OwnProblemSpec
from llamoco_data.problems.plugin_suites import problem_of, suite_files
from llamoco_data.problems.suites import SuiteProblem, suites
from llamoco_data.runs import MEASURED, run_program
from llamoco_data.statements import code_of, statement

TRIED_WITH = ("slsqp", "de")
"""Optimizers that are run on each problem with its smallest budget."""
CLOSE = 1e-3
"""Share of a best known value by which a run may be better: published values are rounded, and equalities may miss."""


def check_suite(name: str) -> Iterator[Checked]:
    """The checks of the suite of this name, one after the other; seconds for each problem.

    Raises:
        LlamocoError: no package brings it, or its entry is wrong.
    """
    _, _, files = suite_files(name)
    read = list(checked(_FILES, (name, files)))
    yield from read
    if not any(one.complaint for one in read):
        yield from checked(_PROBLEMS, [problem_of(file, name) for file in files])


def _open_well(suite: tuple[str, list[Path]]) -> None:
    name, files = suite
    for file in files:
        try:
            problem_of(file, name)
        except LlamocoError as error:
            raise RuleBroken(str(error)) from None


def _have_names(suite: tuple[str, list[Path]]) -> None:
    name, files = suite
    others = [problem for problem in suites() if problem.suite != name]
    taken = {problem.name for problem in others}
    for file in files:
        require(file.stem not in taken, f"{file.name} has the name of a problem of this program; give it another")
    titles = Counter(problem_of(file, name).title for file in files)
    titles.update(problem.title for problem in others)
    for title, number in titles.items():
        require(number == 1, f"{number} problems have the title {title!r}; readers tell them apart by it")


def _pass_the_check(problems: list[SuiteProblem]) -> None:
    for problem in problems:
        _spec_of(problem)


def _are_stated(problems: list[SuiteProblem]) -> None:
    for problem in problems:
        spec = _spec_of(problem)
        require(code_of(statement(spec)) == spec.source, f"{problem.name} does not stand in its statement as it is")


def _are_run(problems: list[SuiteProblem]) -> None:
    for problem in problems:
        spec = _spec_of(problem)
        for optimizer in TRIED_WITH:
            record = run_program(program_text(optimizer, {}), spec, seed=1)
            require(record.status in MEASURED, f"{optimizer} {record.status} on {problem.name}: {record.detail}")
            if record.best_f is not None and record.violation == 0:
                slack = CLOSE * max(abs(problem.best_known), 1e-9)
                better = record.best_f < problem.best_known - slack
                told = f"{optimizer} found {record.best_f:.9g} for {problem.name}, better than {problem.best_known:.9g}"
                require(not better, f"{told}, its best known value; mend the value or the formula")


@functools.lru_cache
def _spec_of(problem: SuiteProblem) -> OwnProblemSpec:
    """The problem at its smallest budget.

    Raises:
        RuleBroken: it does not pass the check of users' own problems.
    """
    budget = problem.budgets[0]
    try:
        return check_apart(problem.at_budget(budget), problem.name).spec
    except (LlamocoError, ValueError) as error:
        raise RuleBroken(f"{problem.name}: {error}") from None


_FILES: Rules[tuple[str, list[Path]]] = {
    "each problem opens with its title, its source and its best known value, and loads": _open_well,
    "each has a name and a title of its own": _have_names,
}
_PROBLEMS: Rules[list[SuiteProblem]] = {
    "each passes the check of users' own problems, in another process, with its smallest budget": _pass_the_check,
    "each stands in its statement to the letter": _are_stated,
    "two optimizers run on it, and are no better than its best known value": _are_run,
}
"""Those of the files, and those of the problems in them."""
