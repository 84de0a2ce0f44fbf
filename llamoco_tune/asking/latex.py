"""Tells from a problem in LaTeX how many variables it has, and its budget."""

import itertools
import math
import re

from llamoco_tune.asking.conditions import tidy, under_minimum

BUDGET = re.compile(r"max_evaluations[^\S\n]*=(?P<number>[^\n]*)")
"""Pattern of the comment that names the budget, to the end of its line."""
IN_WORDS = re.compile(r"(?<!\d)(?P<number>(?:\d{1,3} (?=\d{3}\b))?\d[\w.,^*+-]{0,40})\s+(?:[a-z]+\s+)?evaluations\b")
"""Pattern of a budget in the sentences beside the formulas, with whatever belongs to the number."""
MOST_SHOWN = 40
"""Most characters of what is no budget that a message shows."""
_NUMBER = re.compile(r"(?:\d{1,3}(?:,\d{3})+|\d+(?:_\d+)*)(?:\.0?)?|\d+(?:\.\d*)?[eE]\+?\d{1,3}")
"""Pattern of a whole number, as Python writes it, or with commas; a point before three digits may be such a comma."""
_LETTER_R = r"(?:\\(?:mathbb|R|bbR|Re|reals)(?![a-z])\s*\{?\s*R?\s*\}?|\\in\s*\\(?:mathbf|mathrm|bf)\s*\{?\s*R\s*\}?)"
_POWER = r"(?:\{\s*(?P<number>\d{1,9}(?:\s*\\times\s*\d{1,9})*)\s*\}|(?P<bare>\d{1,9})(?!\d))"
_SPACE = re.compile(rf"{_LETTER_R}\s*(?:_\s*\{{?\s*\+*\s*\}}?)?\s*\^\s*{_POWER}")
_CUBE = re.compile(rf"\\in\s*(?:\\left)?\s*\[[^\[\]]*,[^\[\]]*\]\s*\^\s*{_POWER}")
_RANGE = re.compile(
    r"(?:(?<![\d.])(?P<first>\d{1,9})\s*,\s*(?:\d{1,9}\s*,\s*)?)?\\[lc]?dots[a-z]*\s*,\s*(?P<number>\d{1,9})(?!\d)"
)
_SUBSCRIPT = re.compile(r"\bx_(?:\{(?P<braced>\d{1,9})\}|(?P<digit>\d))")
_NAME = re.compile(r"\s*(?:[A-Za-z]|\\(?![lc]?dots)[a-z]+)\s*")
_MINIMUM = re.compile(r"\\(?:arg)?min(?:imi[sz]e)?(?![A-Za-z])|\{(?:arg|\\[,;: !]|~|\s)*min(?:imi[sz]e)?\s*\}")
_PREAMBLE = re.compile(r"^.*?\\begin\{document\}|\\end\{document\}.*$", re.DOTALL)
_COMMENT = re.compile(r"(?<!\\)%.*$", re.MULTILINE)


def without_preamble(text: str) -> str:
    """What a person reads of a text: no comments, and of a whole document what is between its begin and its end."""
    body = re.sub(r"\n[ \t]*\n[ \t\n]*", "\n\n", _COMMENT.sub("", _PREAMBLE.sub("", text)))
    return body.strip("\n") + "\n"


def budget(text: str) -> int | None:
    """The number of evaluations that a comment names, or the sentences; None if neither does.

    Raises:
        ValueError: what is named is no whole number from 1 on, or not it alone; or two comments name two numbers.
    """
    plain = text.replace("{,}", ",").replace(r"\,", "").replace("~", " ")
    named = [each["number"].strip() for each in BUDGET.finditer(plain)]
    found = IN_WORDS.search(plain)
    if not named and found is None:
        return None
    numbers = {_whole(written) for written in named or [found["number"].strip() if found else ""]}
    if len(numbers) > 1:
        raise ValueError(f"the budget is named as {' and as '.join(f'{each:,}' for each in sorted(numbers))}")
    return numbers.pop()


def _whole(written: str) -> int:
    value = float(re.sub(r"[_,]", "", written)) if _NUMBER.fullmatch(written) else math.nan
    if not (math.isfinite(value) and value.is_integer() and value >= 1):
        raise ValueError(f"the budget {written[:MOST_SHOWN]!r} cannot be read as a whole number from 1 on")
    return int(value)


def is_minimization(text: str) -> bool:
    r"""Whether a text has a \min, an argmin or the like in a formula."""
    return _MINIMUM.search(text) is not None


def dimension(text: str) -> int | None:
    """The number of variables; None if no space, box, range, subscript or list of names tells it."""
    plain = tidy(re.sub(r"\\(?:left|right)(?![a-z])", " ", text))
    return _of_space(under_minimum(plain), products=True) or _of_space(plain, products=False) or _listed(plain)


def _of_space(text: str, *, products: bool) -> int | None:
    """The number of entries of the first space or cube that is named, a matrix only where the text is about one."""
    for found in itertools.chain(_SPACE.finditer(text), _CUBE.finditer(text)):
        sizes = [int(size) for size in re.findall(r"\d+", found["number"] or found["bare"])]
        if len(sizes) == 1 or products:
            return math.prod(sizes) or None
    return None


def _listed(text: str) -> int | None:
    """The number of variables that are counted, or named one by one."""
    found = _RANGE.search(text)
    if found:
        return int(found["number"]) + (found["first"] is not None and int(found["first"]) == 0) or None
    listed = [int(each["braced"] or each["digit"]) for each in _SUBSCRIPT.finditer(text)]
    most = max(listed, default=0)
    return (most + (0 in listed) if most else None) or _num_named(text)


def _num_named(text: str) -> int | None:
    r"""The number of names below the minimum, as in \min_{a, b}; None for a single one, which may be a vector."""
    names = under_minimum(text).split(",")
    return len(names) if len(names) > 1 and all(map(_NAME.fullmatch, names)) else None
