"""Reads the problem that is asked about, and says what is wrong with it. It executes nothing."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from llamoco_tune.asking import conditions, latex
from llamoco_tune.asking.lengths import Lengths
from llamoco_tune.asking.misspelt import misspelt
from llamoco_tune.asking.refusals import refusals
from llamoco_tune.invocation import DATA, command
from llamoco_tune.records import TuningError

Form = Literal["python", "latex"]
FORM_BY_SUFFIX: dict[str, Form] = {".py": "python", ".tex": "latex"}
FORMAT_PAGE = "docs/ask.md"
"""Page that describes the format."""
MOST_BYTES = 100_000
"""Largest file that is read; a problem stands in a prompt, so it has at most 20,000 characters."""
_SCOPES = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Lambda,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
)
"""Kinds of nodes whose names are their own."""
_BUDGET_IN_LATEX = "the line '% max_evaluations = 2000'"
_NEEDED = ("lower", "upper", "max_evaluations")


@dataclass(frozen=True, slots=True)
class Stated:
    """A problem as it is asked about."""

    name: str
    """Name of its file, `-` or `problem`, for messages."""
    form: Form
    text: str
    """Text of the problem, with line feeds, without the comments of LaTeX."""
    dimension: int | None
    """Number of variables; None where the text does not tell."""
    max_evaluations: int
    is_constrained: bool
    warnings: tuple[str, ...] = ()
    """Sentences about what is odd in the text."""

    @property
    def block(self) -> str:
        """The text as it stands in a prompt, as `llamoco_data` writes problems there."""
        return f"```python\n{self.text}```\n" if self.form == "python" else self.text

    @property
    def size(self) -> str:
        """Its number of variables in words."""
        if self.dimension is None:
            return "number of variables unknown"
        return f"{self.dimension:,} variable{'s' * (self.dimension != 1)}"


def read_problem(file: Path) -> Stated:
    """The problem of a file.

    Raises:
        TuningError: the file cannot be read, is neither Python nor LaTeX, or is no problem.
    """
    form = FORM_BY_SUFFIX.get(file.suffix.lower())
    if form is None:
        raise TuningError(f"{file} is neither .py nor .tex; a problem is a file of Python or LaTeX, see {FORMAT_PAGE}")
    try:
        size = file.stat().st_size
        content = file.read_bytes() if size <= MOST_BYTES else b""
    except OSError as error:
        raise TuningError(f"{file} cannot be read: {error.strerror}; give a file that holds a problem") from None
    if size > MOST_BYTES:
        raise TuningError(f"{file} has {size:,} bytes, and a problem fits in a prompt; is it the right file?")
    return stated(content, str(file), form)


def stated(content: bytes | str, name: str, form: Form | None = None) -> Stated:
    """The problem in a text; its form follows from the text where it is not given.

    Raises:
        TuningError: it is no problem.
    """
    text = _decoded(content, name)
    if not text.strip():
        raise TuningError(f"{name} is empty; a problem is a file of Python or LaTeX, see {FORMAT_PAGE}")
    if (form or _form_of(text)) == "latex":
        return _latex(text, name)
    return _python(text, name)


def _decoded(content: bytes | str, name: str) -> str:
    try:
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content.removeprefix("\ufeff")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise TuningError(f"{name} is not text in UTF-8; save it in that encoding")
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"


def _form_of(text: str) -> Form:
    """LaTeX if it has a formula that is to be minimized, and no function of Python."""
    return "latex" if latex.is_minimization(text) and "def objective" not in text else "python"


def _python(text: str, name: str) -> Stated:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = f" at line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        reason = error.msg if isinstance(error, SyntaxError) else "it is nested too deep"
        raise TuningError(f"{name} is not Python: {reason}{line}; a problem is described in {FORMAT_PAGE}") from None
    lengths, bound = Lengths.of(tree), _bound(tree)
    missing = [each for each in ("objective", *_NEEDED) if each not in bound]
    if missing:
        what = "objective(x)" if missing[0] == "objective" else missing[0]
        raise TuningError(
            f"{name} defines no {what}; a problem has objective(x), lower, upper, max_evaluations and, if any, "
            f"constraints(x), see {FORMAT_PAGE}"
        )
    budget = lengths.whole("max_evaluations")
    if budget is None or budget < 1:
        raise TuningError(
            f"{name}: max_evaluations cannot be read from the text as a whole number from 1 on; "
            "write it on one line, such as max_evaluations = 2000"
        )
    is_constrained, refused = "constraints" in bound, tuple(refusals(text, tree))
    warnings = [] if is_constrained else [*misspelt(tree)]
    if refused:
        warnings.append(f"`{command('try', program=DATA)}` will refuse this problem: {'; '.join(refused)}")
    return Stated(
        name=name,
        form="python",
        text=text,
        dimension=lengths.length("lower") or lengths.length("upper"),
        max_evaluations=budget,
        is_constrained=is_constrained,
        warnings=tuple(warnings),
    )


def _latex(text: str, name: str) -> Stated:
    body = latex.without_preamble(text)
    if latex.is_maximization(body) or (not latex.is_minimization(body) and "inimi" not in body):
        raise TuningError(
            f"{name} states no minimization: it has no \\min, or a \\max before it; negate what is to be maximized"
        )
    try:
        budget = latex.budget(text)
    except ValueError as error:
        raise TuningError(f"{name}: {error}; write {_BUDGET_IN_LATEX} once, with nothing behind the number") from None
    if budget is None:
        raise TuningError(f"{name} names no budget; add {_BUDGET_IN_LATEX}, or say it: at most 2000 evaluations")
    return Stated(
        name=name,
        form="latex",
        text=body,
        dimension=latex.dimension(body),
        max_evaluations=budget,
        is_constrained=conditions.is_constrained(body),
        warnings=tuple(conditions.doubts(body)),
    )


def trying(problem: Stated, program: str, *options: str) -> str:
    """The command that runs a program on the problem, or what has to be done first."""
    name = problem.name if problem.form == "python" and problem.name.lower().endswith(".py") else "problem.py"
    running = command("try", name, program, *options, program=DATA)
    return f"write it in Python to run the program on it: {running}" if problem.form == "latex" else running


def _top_level(tree: ast.Module) -> Iterator[ast.AST]:
    """The nodes of a module that are in no function, class, lambda or comprehension, these themselves included."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, _SCOPES):
            waiting.extend(ast.iter_child_nodes(node))


def _bound(tree: ast.Module) -> set[str]:
    """The names that the top level of a module binds to something other than None."""
    found: set[str] = set()
    for node in _top_level(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()):
                found.add(name)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.alias(asname=str(name)):
                found.add(name)
            case ast.alias(name=name):
                found.add(name)
            case _:
                pass
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=None)):
                found.discard(name)
            case _:
                pass
    return found
