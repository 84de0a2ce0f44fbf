"""Writes the prompt: a request in words, then the problem; all choices follow from problem, form and wording."""

import re
from typing import Literal

import numpy as np

from llamoco_data.identity import LlamocoError, digest, stream
from llamoco_data.problems.own_spec import AnySpec, OwnProblemSpec
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.statements.latex_form import latex_block
from llamoco_data.statements.plugin_wordings import FIRST_BROUGHT, brought_wording
from llamoco_data.statements.python_form import python_block
from llamoco_data.statements.styles import styled_block
from llamoco_data.statements.wording import NUM_WORDINGS, WORDINGS, request

Form = Literal["python", "latex"]
FORMS: tuple[Form, ...] = ("python", "latex")
_CODE = re.compile(r"```python\n(.*?)```", re.DOTALL)
FIRST_STYLED = 1_000_000
"""From this wording on, and below those of plug-ins, the Python of a drawn problem is in a style of its own."""


def forms_of(spec: AnySpec) -> tuple[Form, ...]:
    """The forms in which a problem can be stated; a user's own problem has only that of its Python text."""
    return ("python",) if isinstance(spec, OwnProblemSpec) else FORMS


def statement(spec: AnySpec, form: Form = "python", wording: int = 0) -> str:
    """The whole prompt, which is the same for the same problem, form and wording in any process.

    Raises:
        LlamocoError: the form is unknown or not one of the problem's, or the wording is negative, or that of a plug-in
            that is not installed here.
    """
    if form not in FORMS:
        raise LlamocoError(f"form: expected {' or '.join(map(repr, FORMS))}, got {form!r}")
    if wording < 0:
        raise LlamocoError(f"wording: expected a number from 0 on, got {wording}")
    rng = stream("statement", spec.problem_id, form, wording)
    chosen = WORDINGS[wording % NUM_WORDINGS] if wording < FIRST_BROUGHT else brought_wording(wording)
    words = request(spec, chosen, rng)
    problem = _latex(spec, rng) if form == "latex" else _python(spec, wording, rng)
    return f"{words}\n\n{problem}\n"


def code_of(prompt: str) -> str:
    """The Python in a prompt; empty where it has none."""
    return "\n".join(_CODE.findall(prompt))


def is_styled(wording: int) -> bool:
    """Whether a wording states drawn problems in a style that no other statement uses."""
    return FIRST_STYLED <= wording < FIRST_BROUGHT


def styled_wording(problem_id: str) -> int:
    """The wording of a problem in split `test_style`, where it has one statement."""
    return FIRST_STYLED + int(digest(["style", problem_id])[:8], 16) % NUM_WORDINGS


def _python(spec: AnySpec, wording: int, rng: np.random.Generator) -> str:
    if is_styled(wording) and isinstance(spec, ProblemSpec):
        return styled_block(spec, rng)
    return python_block(spec, rng)


def _latex(spec: AnySpec, rng: np.random.Generator) -> str:
    if isinstance(spec, OwnProblemSpec):
        raise LlamocoError(f"problem {spec.problem_id} is a user's own: it has the form 'python' only")
    return latex_block(spec, rng)
