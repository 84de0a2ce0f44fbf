"""An independent reader of LaTeX statements: it parses what a prompt says, and imports nothing of the package."""

from llamoco_data.latex_reader.formulas import read_definition, read_formula
from llamoco_data.latex_reader.statements import Statement, read_statement
from llamoco_data.latex_reader.tokens import LatexError
from llamoco_data.latex_reader.values import Definition, Scope, bold

__all__ = [
    "Definition",
    "LatexError",
    "Scope",
    "Statement",
    "bold",
    "read_definition",
    "read_formula",
    "read_statement",
]
