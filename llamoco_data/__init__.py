"""Instruction sets for optimization: problems, measured optimizers, and the program that won each problem.

The names listed here are the public interface; everything else may move. Most are imported when first used, so that a
worker that only evaluates need not load Parquet. Those of the portfolio are imported at once, because the package and
its function have the same name.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from llamoco_data.portfolio import Candidate, portfolio, render

if TYPE_CHECKING:
    from llamoco_data.identity import LlamocoError
    from llamoco_data.instruction_set import read_instructions
    from llamoco_data.problems.checking import own_problem
    from llamoco_data.problems.evaluation import Problem, build
    from llamoco_data.problems.own_spec import OwnProblemSpec, read_spec
    from llamoco_data.problems.spec import ProblemSpec
    from llamoco_data.recipes import sample_problem
    from llamoco_data.run_tables import read_runs
    from llamoco_data.runs import RunRecord, run_program
    from llamoco_data.statements import statement
    from llamoco_data.verdicts import Verdict, judge

__all__ = [
    "Candidate",
    "LlamocoError",
    "OwnProblemSpec",
    "Problem",
    "ProblemSpec",
    "RunRecord",
    "Verdict",
    "build",
    "judge",
    "own_problem",
    "portfolio",
    "read_instructions",
    "read_runs",
    "read_spec",
    "render",
    "run_program",
    "sample_problem",
    "statement",
]

_HOME = {
    "LlamocoError": "identity",
    "OwnProblemSpec": "problems.own_spec",
    "Problem": "problems.evaluation",
    "ProblemSpec": "problems.spec",
    "RunRecord": "runs",
    "Verdict": "verdicts",
    "build": "problems.evaluation",
    "judge": "verdicts",
    "own_problem": "problems.checking",
    "read_instructions": "instruction_set",
    "read_runs": "run_tables",
    "read_spec": "problems.own_spec",
    "run_program": "runs",
    "sample_problem": "recipes",
    "statement": "statements",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
