"""Writes problems as texts: Python or LaTeX below a request in words. It runs nothing, and knows no optimizer."""

from llamoco_data.statements.plugin_wordings import PinnedWording, wording_numbers
from llamoco_data.statements.prompt import (
    FIRST_STYLED,
    FORMS,
    Form,
    code_of,
    forms_of,
    is_styled,
    statement,
    styled_wording,
)
from llamoco_data.statements.python_form import python_source
from llamoco_data.statements.wording import NUM_WORDINGS

__all__ = [
    "FIRST_STYLED",
    "FORMS",
    "NUM_WORDINGS",
    "Form",
    "PinnedWording",
    "code_of",
    "forms_of",
    "is_styled",
    "python_source",
    "statement",
    "styled_wording",
    "wording_numbers",
]
