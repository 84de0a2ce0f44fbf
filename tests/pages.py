"""Reads a page of the documentation as a list of steps: Python blocks, shell commands, files and expected outputs.

A comment right before a block says what is to be done with it: `<!-- not run: REASON -->`, `<!-- exits with: 2 -->` for
a command, `<!-- file: NAME -->` for a block that is written to a file, `<!-- prints -->` for a block that must equal
the output of the Python block before it.
"""

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_CARD = ROOT / "docs" / "releases" / "standard" / "README.md"
PAGES = [ROOT / "README.md", *sorted(page for page in (ROOT / "docs").rglob("*.md") if page != _CARD)]
"""The pages; the card of the released set is none."""

_FENCE = re.compile(r"^ *(`{3,})(\w*)$")
_MARK = re.compile(r"^ *<!-- (not run|exits with|file|prints)(?:: (.+))? -->$")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block."""

    language: str
    text: str
    line: int
    """Of its first line, from 1."""
    mark: str = ""
    """What the comment before it says: `not run`, `exits with`, `file`, `prints`, or nothing."""
    argument: str = ""

    @property
    def commands(self) -> list[str]:
        """Commands of a console block: what follows a prompt."""
        return [line[2:] for line in self.text.splitlines() if line.startswith("$ ")]


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page, in order; a block inside a longer fence is text.

    Raises:
        ValueError: a fence is never closed.
    """
    found: list[Block] = []
    lines = page.splitlines()
    mark, i = None, 0
    while i < len(lines):
        opened = _FENCE.match(lines[i])
        if opened is None:
            # A comment belongs to the block that follows it directly, or after empty lines.
            mark = _MARK.match(lines[i]) or (mark if not lines[i].strip() else None)
            i += 1
            continue
        try:
            end = next(j for j in range(i + 1, len(lines)) if lines[j].strip() == opened[1])
        except StopIteration:
            raise ValueError(f"the block that opens in line {i + 1} is never closed") from None
        text = textwrap.dedent("\n".join(lines[i + 1 : end]))
        kind, argument = (mark[1], mark[2] or "") if mark else ("", "")
        found.append(Block(opened[2], text, i + 2, kind, argument))
        mark, i = None, end + 1
    return found
