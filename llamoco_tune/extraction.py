"""Finds the program in a completion: in fenced blocks, as CommonMark defines them and as models write them."""

import ast
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

PYTHON_NAMES = {"python", "python3", "py", "py3", "ipython", "ipython3"}
"""Names that a fenced block of Python has, if any."""
MARKDOWN_NAMES = {"markdown", "md"}
"""Names of a fenced block that holds a whole answer, with blocks inside."""

_OPENING = re.compile(
    r"(?P<before>(?:[ \t]|>|(?:[-*+]|\d{1,9}[.)])(?=[ \t]))*)"
    r"(?P<fence>(?P<mark>[`~])(?P=mark){2,})(?P<info>.*)"
)
"""Pattern of a line that opens a block, behind blanks, quotation marks (`>`) and list marks."""
_LANGUAGE = re.compile(r"[\s{.]*([\w#+-]*)")
_TAB = 4
_NAMES_OF_THEIR_OWN = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
"""Expressions whose names are bound only inside them."""


def program_of(completion: str) -> str:
    """The program in a completion, to the byte: the last fenced block that defines `minimize`, or the last at all.

    The last, because a model that corrects itself does so further down. An unclosed block ends with the text. Without
    a block of Python, the whole completion is the program.
    """
    blocks = list(_blocks(_lines(completion)))
    python = [block.text for block in blocks if block.language in PYTHON_NAMES]
    fenced = python or [block.text for block in blocks if not block.language]
    fenced = fenced or [block.text for block in blocks if _may_define(block.text)]
    if fenced:
        return ([text for text in fenced if _may_define(text)] or fenced)[-1]
    return completion if completion.strip() else ""


def parsed(program: str) -> ast.Module | None:
    """The syntax tree of a program; None if it does not parse or holds no statement."""
    try:
        tree = ast.parse(program.removeprefix("\ufeff"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return tree if tree.body else None


def defines_minimize(tree: ast.Module) -> bool:
    """Whether a program binds the name `minimize` at its top level, in any branch."""
    nodes: list[ast.AST] = [tree]
    for node in nodes:  # grows meanwhile: expressions can be nested too deep for a recursion
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


@dataclass(frozen=True, slots=True)
class _Block:
    language: str
    """Name of the language in lower case; empty if there is none."""
    text: str


@dataclass(frozen=True, slots=True)
class _Fence:
    mark: str
    length: int
    indent: int
    """Number of columns before the fence, a list mark included."""
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
    """The text of the block that begins at line `first`, and the number of the line after its end.

    The block ends at the first line that closes it by CommonMark. If the text up to there is not Python, the block may
    instead end at a fence at the end of a line of code, if the text up to that fence is.
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
    """The lines without the columns before their fence, as far as these are blank, or marks of quotation, in all."""
    blank = "> \t" if fence.is_quoted else " \t"
    cut = [(line[: len(line) - len(line.lstrip(blank))], line.lstrip(blank)) for line in lines]
    heads = [head.expandtabs(_TAB) for head, _ in cut]
    columns = min([fence.indent, *(len(head) for head, (_, rest) in zip(heads, cut, strict=True) if rest.strip())])
    if columns == 0:
        return "".join(lines)
    return "".join(head[columns:] + rest for head, (_, rest) in zip(heads, cut, strict=True))


def _lines(text: str) -> list[str]:
    """The lines of a text with their ends, split as Python splits source; `str.splitlines` splits at more signs."""
    return io.StringIO(text, newline="").readlines()


def _may_define(text: str) -> bool:
    tree = parsed(text)
    return "def minimize" in text if tree is None else defines_minimize(tree)
