"""Writes problems as texts: Python or LaTeX below a request in words. It runs nothing, and knows no optimizer."""

from llamoco_data.statements.prompt import FORMS, Form, forms_of, statement
from llamoco_data.statements.python_form import python_source
from llamoco_data.statements.wording import NUM_WORDINGS

__all__ = ["FORMS", "NUM_WORDINGS", "Form", "forms_of", "python_source", "statement"]
