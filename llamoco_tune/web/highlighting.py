"""Python in colours: a text cut into pieces, each with a class that the page's style knows. It makes no HTML."""

from pygments import lex
from pygments.lexers import PythonLexer
from pygments.token import Comment, Keyword, Name, Number, Operator, String

_CLASSES = (
    (Comment, "comment"),
    (String.Doc, "comment"),
    (String, "string"),
    (Number, "number"),
    (Keyword, "keyword"),
    (Operator.Word, "keyword"),
    (Name.Function, "function"),
    (Name.Class, "function"),
    (Name.Builtin, "builtin"),
    (Name.Exception, "builtin"),
)


def coloured(program: str) -> list[tuple[str, str]]:
    """The pieces of a program, each as its class, or an empty one, and its text; together they are the program."""
    pieces: list[tuple[str, str]] = []
    for token, text in lex(program, PythonLexer(stripnl=False, ensurenl=False)):
        kind = next((name for parent, name in _CLASSES if token in parent), "")
        if pieces and pieces[-1][0] == kind:
            pieces[-1] = kind, pieces[-1][1] + text
        else:
            pieces.append((kind, text))
    return pieces
