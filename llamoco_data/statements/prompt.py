"""The prompt: one request in words, then the problem; every choice comes from the problem, the form and the wording."""

from typing import Literal

from llamoco_data.identity import LlamocoError, stream
from llamoco_data.problems.spec import ProblemSpec
from llamoco_data.statements.latex_form import latex_block
from llamoco_data.statements.python_form import python_block
from llamoco_data.statements.wording import request

Form = Literal["python", "latex"]
FORMS: tuple[Form, ...] = ("python", "latex")


def statement(spec: ProblemSpec, form: Form = "python", wording: int = 0) -> str:
    """The whole prompt: the same for the same problem, form and wording, in any process.

    Raises:
        LlamocoError: the form is unknown, or the wording is negative.
    """
    if form not in FORMS:
        raise LlamocoError(f"form: expected {' or '.join(map(repr, FORMS))}, got {form!r}")
    if wording < 0:
        raise LlamocoError(f"wording: expected a number from 0 on, got {wording}")
    rng = stream("statement", spec.problem_id, form, wording)
    words = request(spec, wording, rng)
    problem = python_block(spec, rng) if form == "python" else latex_block(spec, rng)
    return f"{words}\n\n{problem}\n"
