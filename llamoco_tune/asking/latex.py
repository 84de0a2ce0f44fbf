"""Tells from a problem in LaTeX how many variables it has, and its budget."""

import itertools
import math
import re

from llamoco_tune.asking.conditions import base_of, names_of, simple, tidy, under_minimum

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
_TIMES = re.compile(r"\s*\\times(?![A-Za-z])")
_FACTOR = re.compile(rf"\s*(?:\[[^\[\]]*,[^\[\]]*\]|{_LETTER_R})\s*\^\s*{_POWER}")
_OWNERS = re.compile(
    r"(?<![A-Za-z\\])(?P<list>(?:(?:[A-Za-z]|\\[A-Za-z]+)(?:_\{?\w+\}?)?[\s()]*,[\s()]*)*"
    r"(?:[A-Za-z]|\\(?!in(?![A-Za-z]))[A-Za-z]+)(?:_\{?\w+\}?)?)\s*(?P<closed>\))?\s*(?:\\in)?\s*$"
)
_LETTER = re.compile(r"([A-Za-z])\s*(?:=|\\in(?![A-Za-z]))[\s\\{]*$")
_INDEXED = re.compile(r"(?P<base>(?<![A-Za-z\\])[A-Za-z]|\\[A-Za-z]+)\s*_\s*(?P<index>\{[^{}]*\}|\w)")
MOST_BEFORE = 200
"""Characters before a space or a range in which what it is of is looked for."""
_SUBSCRIPT = re.compile(r"\bx_(?:\{(?P<braced>\d{1,9})\}|(?P<digit>\d))")
_NAME = re.compile(r"\s*(?:[A-Za-z]|\\(?![lc]?dots)[a-z]+)\s*")
_MINIMUM = re.compile(r"\\(?:arg)?min(?:imi[sz]e)?(?![A-Za-z])|\{(?:arg|\\[,;: !]|~|\s)*min(?:imi[sz]e)?\s*\}")
_MAXIMUM = re.compile(
    r"\\(?:arg)?max\s*(?:\\limits)?\s*_\s*\{?\s*(?:[xyz]|\\math[a-z]+\s*\{?[xyz]|\\theta)(?![A-Za-z])"
)
_AIM = re.compile(r"\b(?P<end>max|min)imi[sz]", re.IGNORECASE)
_PREAMBLE = re.compile(r"^.*?\\begin\{document\}|\\end\{document\}.*$", re.DOTALL)
_COMMENT = re.compile(r"(?<!\\)%.*$", re.MULTILINE)


def without_preamble(text: str) -> str:
    """What a person reads of a text: no comments, and of a whole document what is between its begin and its end."""
    body = re.sub(r"\n[ \t]*\n[ \t\n]*", "\n\n", _COMMENT.sub("", _PREAMBLE.sub("", text)))
    return body.strip("\n") + "\n"


def budget(text: str) -> int | None:
    """The number of evaluations that a comment names, or the sentences; None if neither does.

    Raises:
        ValueError: what is named is no whole number from 1 on, or not it alone; or two comments, or
            sentences without a comment, name two numbers.
    """
    plain = text.replace("{,}", ",").replace(r"\,", "").replace("~", " ")
    named = [each["number"].strip() for each in BUDGET.finditer(plain)]
    written = named or [each["number"].strip() for each in IN_WORDS.finditer(plain)]
    if not written:
        return None
    numbers = {_whole(each) for each in written}
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


def is_maximization(text: str) -> bool:
    r"""Whether a text is about a maximum: it has a \max over a variable before any \min, or the word alone."""
    minimum, maximum = _MINIMUM.search(text), _MAXIMUM.search(text)
    if maximum and not (minimum and minimum.start() < maximum.start()):
        return True
    words = [each["end"].lower() for each in _AIM.finditer(text)]
    return minimum is None and words[:1] == ["max"]


def dimension(text: str) -> int | None:
    """The number of variables; None if no space, box, range, subscript or list of names tells it, or two disagree."""
    plain = tidy(re.sub(r"\\(?:left|right)(?![a-z])", " ", text))
    below, names = under_minimum(plain), names_of(plain)
    for part in (below, plain):
        sizes = _of_spaces(part, names, are_named=bool(below), products=part is below)
        if sizes:
            known = [size for size in sizes.values() if size is not None]
            is_whole = len(known) == len(sizes) and ("" in sizes or len(sizes) == len(names))
            return sum(known) or None if is_whole else None
    return _listed(plain, below, names)


def _of_spaces(text: str, names: frozenset[str], *, are_named: bool, products: bool) -> dict[str, int | None]:
    """The variables that are said to be in a space or a cube, with their numbers of entries; "" for one without a name.

    Spaces of anything else, such as of a matrix of data, count only where nobody says what the variables are.

    Args:
        are_named: whether a minimum names the variables; if not, their letter is a guess.
        products: whether a matrix counts.
    """
    found: dict[str, int | None] = {}
    others: list[int] = []
    for space in itertools.chain(_SPACE.finditer(text), _CUBE.finditer(text)):
        size = _entries(text, space, products=products)
        owners, is_tuple = _owners(text[max(0, space.start() - MOST_BEFORE) : space.start()])
        if size == 0:
            continue
        for number, owner in enumerate(owners):
            if owner in names:
                found.setdefault(owner, 0 if is_tuple and number else size)
        if size is not None and (not are_named or not owners):
            others.append(size)
    if found:
        return found
    return {"": others[0]} if len(set(others)) == 1 else {}


def _entries(text: str, space: re.Match[str], *, products: bool) -> int | None:
    """The number of entries of a space, and of those that it is multiplied with; 0 of a matrix that is none's size."""
    sizes = [int(size) for size in re.findall(r"\d+", space["number"] or space["bare"])]
    if len(sizes) > 1 and not products:
        return 0
    total, end = math.prod(sizes), space.end()
    while further := _TIMES.match(text, end):
        factor = _FACTOR.match(text, further.end())
        if factor is None:
            return None
        total, end = total + int(factor["number"] or factor["bare"]), factor.end()
    return total


def _owners(before: str) -> tuple[list[str], bool]:
    r"""The letters of what is in a space, x and y of `x, y \in`; and whether they are in it together, as `(x, y)`."""
    found = _OWNERS.search(simple(before))
    if found is None:
        return [], False
    bases = [base_of(each.strip(" ()")) for each in found["list"].split(",")]
    return [base for base in bases if base is not None], found["closed"] is not None


def _listed(text: str, below: str, names: frozenset[str]) -> int | None:
    """The number of variables that are counted, or named one by one."""
    named = [each for each in below.split(",") if _NAME.fullmatch(each)]
    several = len(named) if len(named) > 1 and len(named) == len(below.split(",")) else 0
    counted, others = _ranges(text, names)
    if several and not counted:
        return several
    if counted:
        return max(counted) * max(several, 1)
    if len(set(others)) == 1:
        return others[0]
    listed = [int(each["braced"] or each["digit"]) for each in _SUBSCRIPT.finditer(text)]
    most = max(listed, default=0)
    return most + (0 in listed) if most else None


def _ranges(text: str, names: frozenset[str]) -> tuple[list[int], list[int]]:
    """The ends of ranges such as `i = 1, \\dots, 8`: of indices of a variable, as in `0 \\le x_i`, and of others."""
    counted: list[int] = []
    others: list[int] = []
    end = 0
    for found in _RANGE.finditer(text):
        before = text[max(end, found.start() - MOST_BEFORE) : found.start()].rsplit("\\\\", 1)[-1]
        end = found.end()
        number = int(found["number"]) + (found["first"] is not None and int(found["first"]) == 0)
        letter = _LETTER.search(before)
        indexed = {each["base"] for each in _INDEXED.finditer(simple(before)) if letter and letter[1] in each["index"]}
        if number:
            (counted if indexed & names else others).append(number)
    return counted, others
