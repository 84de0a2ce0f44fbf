"""The marks of one program: how far it got, from text to result, and its score. Nothing is run here."""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from llamoco_data.identity import LlamocoError
from llamoco_data.ordering import results_of
from llamoco_data.runs import MEASURED, RunRecord
from llamoco_data.scoring.cases import Case
from llamoco_data.texts import readable
from llamoco_data.verdicts import floor_from, run_scores

Failure = Literal[
    "", "no program", "syntax", "no minimize", "does not load", "raised", "bad return", "timed out", "crashed"
]
"""First stage at which a program fails; empty if it does not fail:

no program     the model wrote none;
syntax         the text is no Python;
no minimize    the text defines no function of that name;
does not load  it fails before `minimize` is called, for example for want of a library;
raised         one of its runs ended with an error of its own;
bad return     one of its runs returned no finite point of the box of the right shape;
timed out      one of its runs did not end within its time limit;
crashed        one of its runs took its process down.
"""

FAILURES: tuple[Failure, ...] = (
    *("no program", "syntax", "no minimize", "does not load"),
    *("raised", "bad return", "timed out", "crashed"),
)
_BY_STATUS: Mapping[str, Failure] = {
    "raised": "raised",
    "bad_return": "bad return",
    "timed_out": "timed out",
    "crashed": "crashed",
}


_NAMES_OF_THEIR_OWN = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
"""Expressions whose names are not bound outside of them."""


@dataclass(frozen=True, slots=True)
class Marks:
    """How one program did on one problem."""

    parses: bool
    """Whether the text is Python."""
    defines: bool
    """Whether the text defines `minimize`."""
    runs: bool
    """Whether every run gave a result: it ended, or was stopped at its budget."""
    keeps_budget: bool
    """Whether every run ended without asking for more evaluations than allowed."""
    failure: Failure
    detail: str
    """One line about the first run that failed."""
    score: float
    """Mean score of the runs; a run that failed or ended infeasible scores 0."""
    run_scores: tuple[float, ...]
    """Scores of the runs, in the order of the repeats; none without a program."""
    run_statuses: tuple[str, ...]
    """How the runs ended, in the order of the repeats."""


def marks_of(program: str, records: Sequence[RunRecord], case: Case, floor: float) -> Marks:
    """The marks of a program.

    Args:
        records: its runs, one for each repeat; none for an answer without a program.
    """
    if not program:
        return Marks(False, False, False, False, "no program", "", 0.0, (), ())
    scores = scores_of(records, case, floor)
    failed = next((record for record in records if record.status not in MEASURED), None)
    loads = all(record.status != "invalid_program" for record in records)
    parses = parsed(program) is not None or loads
    defines = loads or defines_minimize(program)
    return Marks(
        parses=parses,
        defines=defines,
        runs=failed is None,
        keeps_budget=all(record.status == "completed" for record in records),
        failure="" if failed is None else _failure(failed, parses=parses, defines=defines),
        detail="" if failed is None else failed.detail,
        score=fmean(scores),
        run_scores=scores,
        run_statuses=tuple(record.status for record in records),
    )


def scores_of(records: Sequence[RunRecord], case: Case, floor: float) -> tuple[float, ...]:
    """The score of each run, as a verdict scores it; at most 1, even below the best known value."""
    (result,) = results_of([[record] for record in records], case.measured_by)
    return tuple(run_scores(result.error[:, 0], floor, case.measured_by.tolerance).tolist())


def floor_of(case: Case, random_search: Sequence[RunRecord]) -> float:
    """The error that scores 0.

    If the export does not have it, it comes from a run of random search, as in a verdict: the error of the run, or that
    of its first point if it found nothing feasible.

    Raises:
        LlamocoError: that run gave no result, as where the time limit is too short for the problem.
    """
    if case.floor is not None:
        return case.floor
    failed = next((run for run in random_search if run.status not in MEASURED), None)
    if failed is not None:
        raise LlamocoError(
            f"random search gives no result on problem {case.problem_id}, so nothing tells what scores 0: "
            f"{failed.detail or failed.status}; score into another folder with a longer --time-limit"
        )
    floor = floor_from(random_search, case.measured_by)
    return case.measured_by.tolerance if floor is None else floor


def parsed(program: str) -> ast.Module | None:
    """The syntax tree of a text; None if it is not Python."""
    try:
        return ast.parse(readable(program))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def defines_minimize(program: str) -> bool:
    """Whether a text binds the name `minimize` at its top level, in any branch; nothing is executed."""
    tree = parsed(program)
    if tree is None:
        return False
    nodes: list[ast.AST] = [tree]
    for node in nodes:  # the list grows meanwhile, since expressions can be nested too deep for recursion
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                bound = name
            case ast.alias(name=name, asname=asname):
                bound = asname or name.partition(".")[0]
            case ast.Name(id=name, ctx=ast.Store()):
                bound = name
            case _:
                bound = ""
                if not isinstance(node, _NAMES_OF_THEIR_OWN) and not _is_bare(node):
                    nodes.extend(ast.iter_child_nodes(node))
        if bound in ("minimize", "*"):
            return True
    return False


def _is_bare(node: ast.AST) -> bool:
    """Whether a node is an annotation without a value, which binds nothing."""
    return isinstance(node, ast.AnnAssign) and node.value is None


def _failure(failed: RunRecord, *, parses: bool, defines: bool) -> Failure:
    if failed.status != "invalid_program":
        return _BY_STATUS[failed.status]
    return "syntax" if not parses else "no minimize" if not defines else "does not load"
