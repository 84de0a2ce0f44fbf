"""Tells from a problem in LaTeX how many variables it has, its budget, and whether it has constraints."""

import math
import re

BUDGET = re.compile(r"max_evaluations[^\S\n]*=(?P<number>[^\n]*)")
"""Pattern of the comment that names the budget, to the end of its line."""
IN_WORDS = re.compile(r"(?<!\d)(?P<number>(?:\d{1,3} (?=\d{3}\b))?\d[\w.,^*+-]{0,40})\s+(?:[a-z]+\s+)?evaluations\b")
"""Pattern of a budget in the sentences beside the formulas, with whatever belongs to the number."""
MOST_SHOWN = 40
"""Most characters of what is no budget that a message shows."""
_WHOLE = re.compile(r"(?:\d{1,3}(?:,\d{3})+|\d+(?:_\d+)*)(?:\.0?)?|\d+(?:\.\d*)?[eE]\+?\d{1,3}")
"""Pattern of a whole number, as Python writes it, or with commas; a point before three digits may be such a comma."""
_SPACE = re.compile(r"\\(?:mathbb|R|bbR)\{?\s*R?\s*\}?\s*\^\s*\{?\s*(?P<number>\d{1,9})(?!\d)")
_RANGE = re.compile(r"\\[lc]?dots[a-z]*\s*,\s*(?P<number>\d{1,9})(?!\d)")
_SUBSCRIPT = re.compile(r"\bx_(?:\{(?P<braced>\d{1,9})\}|(?P<digit>\d))")
_UNDER_MIN = re.compile(r"\\min\s*(?:\\limits\s*)?_\s*\{(?P<names>[^{}]*)\}")
_NAME = re.compile(r"\s*(?:[A-Za-z]|\\(?![lc]?dots)[a-z]+)\s*")
_SUBJECT = re.compile(r"s\.\s*\\?\s*t\.|subject\s+to|such\s+that|\\mathrm\{s\.t\.\}", re.IGNORECASE)
_DISPLAY_END = re.compile(r"\\\]|\$\$|\\end\{")
_ROW_END = re.compile(r"\\\\|,\s*\\q?quad|\\q?quad|\n|;")
_RELATION = re.compile(r"\\(?:leq?|geq?|leqslant|geqslant)(?![a-z])|[<>=]")
_BETWEEN = re.compile(r"^(?P<low>.+?)(?:\\leq?(?:slant)?(?![a-z])|<)(?P<middle>.+?)(?:\\leq?(?:slant)?(?![a-z])|<)")
_VARIABLE = re.compile(r"^[&\s{]*(?:\\mathbf|\\boldsymbol|\\vec)?\s*\{?\s*x\s*\}?\s*(?:_\s*(?:\{[^{}]*\}|\w))?[\s}]*$")
_PREAMBLE = re.compile(r"^.*?\\begin\{document\}|\\end\{document\}.*$", re.DOTALL)
_COMMENT = re.compile(r"(?<!\\)%.*$", re.MULTILINE)


def without_preamble(text: str) -> str:
    """What a person reads of a text: no comments, and of a whole document what is between its begin and its end."""
    body = re.sub(r"\n[ \t]*\n[ \t\n]*", "\n\n", _COMMENT.sub("", _PREAMBLE.sub("", text)))
    return body.strip("\n") + "\n"


def budget(text: str) -> int | None:
    """The number of evaluations that a comment names, or the sentences; None if neither does.

    Raises:
        ValueError: what is named is no whole number from 1 on, or not it alone.
    """
    plain = text.replace("{,}", ",").replace(r"\,", "").replace("~", " ")
    found = BUDGET.search(plain) or IN_WORDS.search(plain)
    if found is None:
        return None
    written = found["number"].strip()
    value = float(re.sub(r"[_,]", "", written)) if _WHOLE.fullmatch(written) else math.nan
    if not (math.isfinite(value) and value.is_integer() and value >= 1):
        raise ValueError(f"the budget {written[:MOST_SHOWN]!r} cannot be read as a whole number from 1 on")
    return int(value)


def dimension(text: str) -> int | None:
    """The number of variables; None if no space, range, subscript or list of names tells it."""
    for pattern in (_SPACE, _RANGE):
        found = pattern.search(text)
        if found:
            return int(found["number"])
    listed = [int(each["braced"] or each["digit"]) for each in _SUBSCRIPT.finditer(text)]
    return max(listed, default=None) or _num_named(text)


def _num_named(text: str) -> int | None:
    """The number of names below the minimum, as in \\min_{a, b}; None for a single one, which may be a vector."""
    found = _UNDER_MIN.search(text)
    names = found["names"].split(",") if found else []
    return len(names) if len(names) > 1 and all(map(_NAME.fullmatch, names)) else None


def is_constrained(text: str) -> bool:
    """Whether the conditions hold more than the box."""
    found = _SUBJECT.search(text)
    if found is None:
        return False
    rest = text[found.end() :]
    end = _DISPLAY_END.search(rest)
    return any(_is_constraint(row) for row in _ROW_END.split(rest[: end.start()] if end else rest))


def _is_constraint(row: str) -> bool:
    if not _RELATION.search(row):
        return False
    between = _BETWEEN.match(row)
    if between:
        return _VARIABLE.match(between["middle"]) is None
    left, right = _RELATION.split(row, maxsplit=1)
    is_index = re.fullmatch(r"[&\s]*(?:[a-z]\s*|[a-z]\s*,\s*[a-z]\s*)", left) and r"dots" in right
    bounds_one = _VARIABLE.match(left) and re.fullmatch(r"[\s{}\-+.\d,]*", right.strip())
    return not (is_index or bounds_one)
