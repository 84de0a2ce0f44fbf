"""Finds the program in what a model wrote: between fences, as CommonMark has them and as models write them."""

import ast
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

PYTHON_NAMES = {"python", "python3", "py", "py3", "ipython", "ipython3"}
"""What a fenced block of Python calls itself, if anything."""
MARKDOWN_NAMES = {"markdown", "md"}
"""Blocks that hold an answer with blocks of its own."""

_OPENING = re.compile(
    r"(?P<before>(?:[ \t]|>|(?:[-*+]|\d{1,9}[.)])(?=[ \t]))*)"
    r"(?P<fence>(?P<mark>[`~])(?P=mark){2,})(?P<info>.*)"
)
"""A line that opens a block: behind blanks, marks of quotation, and marks of list items."""
_LANGUAGE = re.compile(r"[\s{.]*([\w#+-]*)")
_TAB = 4
_NAMES_OF_THEIR_OWN = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
"""Expressions that bind names for themselves."""


def program_of(completion: str) -> str:
    """The program in a completion: what a fenced block holds that defines `minimize`, else all of it, to the byte.

    The last such block, for a model that corrects itself does so further down. A block that is not closed ends with
    the text.
    """
    blocks = list(_blocks(_lines(completion)))
    python = [block.text for block in blocks if block.language in PYTHON_NAMES]
    fenced = python or [block.text for block in blocks if not block.language]
    fenced = fenced or [block.text for block in blocks if _may_define(block.text)]
    if fenced:
        return ([text for text in fenced if _may_define(text)] or fenced)[-1]
    return completion if completion.strip() else ""


def parsed(program: str) -> ast.Module | None:
    """The syntax tree of a program; None where it has none, or no statement."""
    try:
        tree = ast.parse(program.removeprefix("\ufeff"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return tree if tree.body else None


def defines_minimize(tree: ast.Module) -> bool:
    """Whether a program binds the name `minimize` at its top level, in whichever branch."""
    nodes: list[ast.AST] = [tree]
    for node in nodes:  # which grows: expressions can be nested too deep for a recursion
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
    """Whether it is a type without a value, which binds nothing."""
    return isinstance(node, ast.AnnAssign) and node.value is None


@dataclass(frozen=True, slots=True)
class _Block:
    language: str
    """In lower case; empty where it does not say."""
    text: str


@dataclass(frozen=True, slots=True)
class _Fence:
    mark: str
    length: int
    indent: int
    """Columns before it, those of a list item's mark included."""
    is_quoted: bool


def _blocks(lines: Sequence[str]) -> Iterator[_Block]:
    at = 0
    while at < len(lines):
        opening = _OPENING.match(lines[at])
        at += 1
        if opening is None or (opening["mark"] == "`" and "`" in opening["info"]):
            continue
        before = opening["before"].expandtabs(_TAB)
        fence = _Fence(opening["mark"], len(opening["fence"]), len(before), ">" in before)
        text, at = _inside(lines, at, fence)
        language = _LANGUAGE.match(opening["info"])
        name = language[1].lower() if language else ""
        if name in MARKDOWN_NAMES:
            yield from _blocks(_lines(text))
        yield _Block(name, text)


def _inside(lines: Sequence[str], first: int, fence: _Fence) -> tuple[str, int]:
    """The text of a block that begins with a line, and the line after its end.

    The first line that closes it by CommonMark does. Where what stands before is no Python, a fence at the end of a
    line of code closes it too, if what stands before that is.
    """
    end = next((n for n in range(first, len(lines)) if _ends(lines[n], fence)), len(lines))
    text = _outdented(lines[first:end], fence)
    if parsed(text) is None:
        for n in range(first, end):
            line = lines[n].rstrip()
            code = line.rstrip(fence.mark)
            if len(line) - len(code) >= fence.length:
                shorter = _outdented([*lines[first:n], code + "\n"], fence)
                if parsed(shorter) is not None:
                    return shorter, n + 1
    return text, end + 1


def _ends(line: str, fence: _Fence) -> bool:
    line = line.expandtabs(_TAB).rstrip()
    if fence.is_quoted:
        if not line.lstrip().startswith(">"):
            return True
        line = line.lstrip("> ")
    mark = line.lstrip(" ")
    is_fence = len(mark) >= fence.length and not mark.strip(fence.mark)
    return is_fence and len(line) - len(mark) < fence.indent + _TAB


def _outdented(lines: Sequence[str], fence: _Fence) -> str:
    """The lines without the columns before their fence, so far as all of them have these blank, or quote with them."""
    blank = "> \t" if fence.is_quoted else " \t"
    cut = [(line[: len(line) - len(line.lstrip(blank))], line.lstrip(blank)) for line in lines]
    heads = [head.expandtabs(_TAB) for head, _ in cut]
    columns = min([fence.indent, *(len(head) for head, (_, rest) in zip(heads, cut, strict=True) if rest.strip())])
    if columns == 0:
        return "".join(lines)
    return "".join(head[columns:] + rest for head, (_, rest) in zip(heads, cut, strict=True))


def _lines(text: str) -> list[str]:
    """With their ends, which Python has at fewer characters than `str.splitlines`."""
    return io.StringIO(text, newline="").readlines()


def _may_define(text: str) -> bool:
    tree = parsed(text)
    return "def minimize" in text if tree is None else defines_minimize(tree)
