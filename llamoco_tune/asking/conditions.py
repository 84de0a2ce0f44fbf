r"""Tells from a problem in LaTeX which of its conditions are the box, and whether there are others.

It knows the notations that people use. Of a relation where it does not look it says so.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Literal

Kind = Literal["box", "constraint", "other"]

GROUP = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}"
"""Pattern of a group in braces, which has groups in it down to the third level."""
MOST_PARTS = 50
"""Formulas in a formula, and formulas or places with conditions, that are followed at most."""
_GAP = re.compile(r"(?<!\\)\\[ ,;:!>]|~")
_DEFINED = re.compile(r":=|\\(?:coloneqq|triangleq)(?![A-Za-z])")
_CASES = re.compile(r"\\begin\{[dr]?cases\}.*?\\end\{[dr]?cases\}", re.DOTALL)
_SUBJECT = re.compile(r"(?<![A-Za-z])(?:s\.\s*\\?\s*t\b\.?|subject\s*to\b|such\s+that\b)[\s}]*", re.IGNORECASE)
_LISTED = re.compile(
    rf"(?P<subject>{_SUBJECT.pattern})(?:[\s&]|\\q?quad|\\left\.?)*\\begin\{{[dr]?cases\}}", re.IGNORECASE
)
_LIMIT = re.compile(
    r"(?:(?<![A-Za-z\\])[A-Za-z]|\\[a-z]+)(?:\s*_\s*(?:\{\w+\}|\w))?\s*[_^]\s*\{?\s*(?:\w\s*,\s*)?"
    r"(?:\\?(?:min|max|lower|upper|lb|ub)|[LU])(?![A-Za-z])\s*\}?"
)
_TOKEN = re.compile(r"\\(?P<way>begin|end)\{(?P<name>[A-Za-z]+\*?)\}|\\[\[\]()]|\\\\|\\.|\$\$|\$", re.DOTALL)
_PROSE = {
    "center",
    "document",
    "itemize",
    "enumerate",
    "quote",
    "minipage",
    "problem",
    "figure",
    "abstract",
    "flushleft",
}
"""Environments that are no formulas."""
_CLOSED_BY = {r"\]": r"\[", r"\)": r"\(", "$": "$", "$$": "$$"}
_AND = re.compile(r"[\s.,;]*(?:and|as well as)[\s:,]*(?=\\\[|\$|\\begin\{)")
_END_OF_PROSE = re.compile(r"\n[ \t]*\n|\b[Ww]here\b|\b[Ww]ith\b|\bHere\b|\.\s+(?=[A-Z])|$")
_BELOW = r"(?:le(?:q|qq|qslant)?|lt|lesssim|lesseqgtr|preceq(?:q|curlyeq)?|preccurlyeq|prec|ll|nleq|nless)"
_ABOVE = r"(?:ge(?:q|qq|qslant)?|gt|gtrsim|succeq(?:q|curlyeq)?|succcurlyeq|succ|gg|ngeq|ngtr)"
_UNEQUAL = re.compile(rf"\\(?:{_BELOW}|{_ABOVE})(?![A-Za-z])|[<>≤≥≦≧⩽⩾≼≽]=?")
_RELATION = re.compile(rf"{_UNEQUAL.pattern}|\\(?:eq|neq?|equiv|approx)(?![A-Za-z])|[=≠]=?")
_WORDS = re.compile(r"(?<![_^{])(?<![_^] )\\(?:text|textrm|mbox|mathrm|textnormal)\{(?P<words>[^{}]*)\}")
_LINKS = {"and", "or", "for", "all", "where", "with", "if", "when", "each", "every", "any", "in", "on", "s.t."}
_LETTERS = re.compile(r"\\(?:text[a-z]*|mbox|math(?:rm|it|sf|tt)|operatorname\*?)\s*\{\s*(?P<word>[A-Za-z]+)\s*\}")
_BOLD = r"\\(?:mathbf|mathbb|mathcal|boldsymbol|bm|bf|vec|hat|bar|tilde|underline|overline|mathsf|mathrm)(?![A-Za-z])"
_STYLED = re.compile(rf"{_BOLD}\s*(?:\{{(?P<inner>[^{{}}]*)\}})?")
_MATRIX = re.compile(
    r"\\begin\{(?:[pbBvV]|small)?matrix\*?\}(?P<body>(?:(?!\\(?:begin|end)\{).)*)\\end\{(?:[pbBvV]|small)?matrix\*?\}",
    re.DOTALL,
)
_ENTRY_END = re.compile(r"\\\\(?:\[[^\[\]]*\])?|&")
_TRANSPOSED = re.compile(r"\s*\^\s*\{?\s*(?:\\(?:top|intercal)|T)(?![A-Za-z])\s*\}?")
_SIZES = re.compile(
    r"\\(?:left|right|[bB]igg?[lr]?|displaystyle|limits|nonumber|notag)(?![A-Za-z])|\\(?:label|tag)\{[^{}]*\}"
)
_INDEX = re.compile(
    r"(?<![A-Za-z\\_])[a-z](?:\s*,\s*[a-z])*\s*=\s*[^,=<>\\;]*(?:,[^,=<>\\;]*){0,4},\s*\\[lcd]?dots[a-z]*(?![A-Za-z])"
    r"(?:\s*,\s*[\w{}+\-\s]*)?"
)
_ROW_END = re.compile(
    r"\\\\(?:\[[^\[\]]*\])?|\\q?quad(?![A-Za-z])|\n|;|\\forall(?![A-Za-z])|\$\$?"
    r"|(?<!\\)\\[\[\]()]|\\(?:begin|end)\{(?![A-Za-z]*matrix)[A-Za-z]+\*?\}"
)
_NO_SYMBOL = (
    r"pi|infty|sin|cos|tan|exp|ln|log|min|max|sum|prod|frac|sqrt|int|top|cdot|times|[lcdv]?dots|q?quad|in|l?Vert"
)
_INDEXED = rf"(?:\s*_\s*(?:{GROUP}|\w|\\[A-Za-z]+)|\s*\^\s*\{{\s*\([^{{}}]*\)\s*\}}|')*"
_SYMBOL = re.compile(rf"[\s{{]*(?P<base>[A-Za-z]|\\(?!(?:{_NO_SYMBOL})(?![A-Za-z]))[A-Za-z]+){_INDEXED}[\s}}.:]*")
_TUPLE = re.compile(rf"\s*[(\[]{_SYMBOL.pattern.replace('?P<base>', '?:')}(?:,.*)?[)\]]\s*(?:\^.*)?")
_CONSTANTS = re.compile(
    r"\\(?:pi|infty|[dt]?frac|sqrt|cdot|times|pm|ln|log|exp|circ|degree)(?![A-Za-z])|(?<![A-Za-z\\])e(?![A-Za-z])"
)
_NUMBER = re.compile(r"[\s\d.,{}()\[\]+\-−*/^&!:]*")
_INTERVAL = re.compile(r"\\in(?![A-Za-z])\s*[\[(\]]")
_CONDITION = re.compile(rf"{_RELATION.pattern}|{_INTERVAL.pattern}")
_BAR = r"(?:(?<!\\)\||\\[lr]?vert(?![A-Za-z]))"
_NORM = r"(?:\\\||\\[lr]?Vert(?![A-Za-z]))"
_LARGEST = rf"{_NORM}(?P<vector>[^|]*?){_NORM}\s*_\s*(?:\{{\s*\\infty\s*\}}|\\infty(?![A-Za-z]))"
_SIZE = rf"\s*(?:{_BAR}(?P<value>[^|]*?){_BAR}|{_LARGEST})\s*"
_SMALL = re.compile(rf"^{_SIZE}(?=\\{_BELOW}(?![A-Za-z])|[<≤≦⩽≼])")
_SMALL_LAST = re.compile(rf"(?P<relation>\\{_ABOVE}(?![A-Za-z])|[>≥≧⩾≽]=?){_SIZE}$")
_STARRED = re.compile(r"\s*\^\s*\{?\s*(?:\*|\\(?:ast|star)(?![A-Za-z]))\s*\}?")
_VALUE = re.compile(r"\s*&?\s*(?:[A-Za-z]|\\[A-Za-z]+)\s*(?:[_^]\s*(?:\{[^{}]*\}|[\w*]))*\s*\(.*\)\s*&?\s*")
"""A value of a function, such as the one that is minimized."""
_NAMED = re.compile(r"[A-Za-z]|\\[A-Za-z]+")
_UNDER = re.compile(
    rf"(?:\\(?:arg)?min(?:imi[sz]e)?|min(?:imi[sz]e)?\}})\s*(?:\\limits|\\nolimits)?\s*_\s*(?P<after>{GROUP}|\w)"
    rf"|\\under(?:set|brace)\s*(?P<before>{GROUP})\s*\{{(?=[^{{}}]*\{{?[^{{}}]*min)"
)


def tidy(text: str) -> str:
    """A text in which each space of LaTeX, and each run of spaces, is one space; blank lines stay."""
    return re.sub(r" ?\n[ \n]*\n ?", "\n\n", re.sub(r"[^\S\n]+", " ", _GAP.sub(" ", text)))


def under_minimum(text: str) -> str:
    r"""What stands below the first \min of a text, such as `x \in \mathbb{R}^{4}`; empty if there is nothing."""
    found = _UNDER.search(tidy(text))
    if found is None:
        return ""
    group = found["after"] or found["before"]
    return group[1:-1] if group.startswith("{") else group


def is_constrained(text: str) -> bool:
    """Whether the conditions hold more than the box."""
    return "constraint" in _kinds(_conditions(_plain(text)), text) + _kinds(under_minimum(text), text)


def doubts(text: str) -> Iterator[str]:
    """Sentences about conditions that may have been overlooked."""
    names, plain = names_of(text), _plain(text)
    relations = [row for row in _rows(_formulas(plain)) if _UNEQUAL.search(row) or _is_equation(row, names)]
    if not is_constrained(text) and any(_kind(row, names) == "constraint" for row in relations):
        yield (
            r"it has relations that were not read as constraints; write all conditions behind \text{subject to}, "
            "in one formula"
        )
    if "box" not in [_kind(row, names) for part in (plain, under_minimum(text)) for row in _rows(part)]:
        yield r"no bounds were found in it, and a problem has a box, such as -5 \le x_i \le 5"


def _is_equation(row: str, names: frozenset[str]) -> bool:
    """Whether a row equates an expression in variables with a constant, which no definition does."""
    terms = _RELATION.split(row)
    if len(terms) != 2 or not any(_is_constant(term) for term in terms):
        return False
    other = _STARRED.sub("", next((term for term in terms if not _is_constant(term)), ""))
    has_name = any(name in names for name in _NAMED.findall(other))
    return has_name and base_of(other) is None and not _VALUE.fullmatch(other)


def _kinds(part: str, text: str) -> list[Kind]:
    names = names_of(text)
    return [_kind(row, names) for row in _rows(part)]


def _plain(text: str) -> str:
    listed = _LISTED.sub(lambda found: found["subject"], _UNDER.sub(" min ", tidy(text)))
    return _CASES.sub(" ", _DEFINED.sub(" ", listed))


def names_of(text: str) -> frozenset[str]:
    r"""The letters of the variables: those below \min, and x where there are none."""
    below = re.split(r"\\in(?![A-Za-z])|\\subset|\\colon|:", under_minimum(text))[0]
    if _RELATION.search(below):
        below = next((part for part in _RELATION.split(below) if _SYMBOL.fullmatch(simple(part))), "")
    found = (_SYMBOL.fullmatch(part.strip(" ()")) for part in _parts(simple(below)))
    return frozenset(each["base"] for each in found if each) or frozenset("x")


def _scan(text: str) -> Iterator[tuple[int, int, int, int]]:
    """Begin and end of each mark of a formula, and how many formulas are open before and after it."""
    opened: list[str] = []
    for token in _TOKEN.finditer(text):
        mark, before = token[0], len(opened)
        if token["way"] == "begin" and token["name"] not in _PROSE and before < MOST_PARTS:
            opened.append(token["name"])
        elif token["way"] == "end" and token["name"] in opened:
            del opened[opened.index(token["name"]) :]
        elif _CLOSED_BY.get(mark) in opened:
            del opened[opened.index(_CLOSED_BY[mark]) :]
        elif mark in (r"\[", r"\(", "$", "$$") and before < MOST_PARTS:
            opened.append(mark)
        yield token.start(), token.end(), before, len(opened)


def _spans(text: str) -> list[tuple[int, int]]:
    """Where the formulas of a text begin and end; one that is not closed ends with the text."""
    found: list[tuple[int, int]] = []
    begin: int | None = None
    for _, end, before, after in _scan(text):
        if before == 0 and after:
            begin = end
        elif before and after == 0 and begin is not None:
            found.append((begin, end))
            begin = None
    return found if begin is None else [*found, (begin, len(text))]


def _conditions(text: str) -> str:
    r"""What stands behind each "subject to" that follows the minimum, to the end of its formula, or of the next one."""
    spans = _spans(text)
    minimum = re.search(r"(?<![A-Za-z])(?:arg)?min(?![a-z])|inimi", text)
    found = list(_SUBJECT.finditer(text))
    behind = [each for each in found if minimum and each.start() > minimum.start()]
    parts: list[str] = []
    read = 0
    for each in (behind or found)[:MOST_PARTS]:
        if each.end() > read:
            for begin, end in _behind(text, each.end(), spans):
                parts.append(text[begin:end])
                read = end
    return "\n".join(parts)


def _behind(text: str, start: int, spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Where the conditions behind a place begin and end."""
    end = next((end for begin, end in spans if begin <= start < end), None)
    if end is None or not _CONDITION.search(text[start:end]):
        later = ((begin, end) for begin, end in spans if begin > start and _CONDITION.search(text[begin:end]))
        start, end = next(later, (start, len(text)))
        if text[start - 1] == "$" and text[start - 2 : start] != "$$":
            stop = _END_OF_PROSE.search(text, end)
            end = stop.start() if stop else end
    yield start, end
    for begin, following in [span for span in spans if span[0] > end][:MOST_PARTS]:
        if not _AND.match(text, end):
            return
        yield begin, following
        end = following


def _formulas(text: str) -> str:
    return "\n".join(text[begin:end] for begin, end in _spans(text)) or text


def simple(text: str) -> str:
    """A formula without what changes nothing but its looks, words between conditions as ends of rows."""

    def words(found: re.Match[str]) -> str:
        plain = found["words"].strip().lower()
        return ";" if plain in _LINKS or " " in plain or not plain.isalpha() else found[0]

    text = _LETTERS.sub(_as_symbol, _SIZES.sub(" ", _WORDS.sub(words, _MATRIX.sub(_as_tuple, text))))
    plain = _STYLED.sub(lambda found: f" {found['inner'] or ''} ", text)
    return _INDEX.sub(" ", _LIMIT.sub(r" \\limit ", plain))


def _as_tuple(found: re.Match[str]) -> str:
    """A matrix or vector by its entries, in one row."""
    return f" ({','.join(filter(None, map(str.strip, _ENTRY_END.split(found['body']))))}) "


def _as_symbol(found: re.Match[str]) -> str:
    return found["word"] if len(found["word"]) == 1 else f"\\{found['word']} "


def _rows(text: str) -> list[str]:
    """The single conditions of a text: `0 \\le a, b \\le 1` is two."""
    return [part for row in _ROW_END.split(simple(text)) for part in _parts(row)]


def _parts(row: str) -> Iterator[str]:
    """The parts of a row between the commas that are in no brackets."""
    depth, begin = 0, 0
    for at, letter in enumerate(row):
        depth += (letter in "([{") - (letter in ")]}" and depth > 0)
        if letter == "," and depth == 0:
            yield row[begin:at]
            begin = at + 1
    yield row[begin:]


def _kind(row: str, names: frozenset[str]) -> Kind:
    """What a condition is; other is what bounds nothing, such as the range of an index."""
    row = _without_bars(row.replace("&", " ").replace("$", " ").strip(" .:"))
    interval = _INTERVAL.search(row)
    if interval:
        base = base_of(row[: interval.start()])
        return "constraint" if base is None else "other" if base in "ijk" and base not in names else "box"
    terms = _RELATION.split(row)
    if len(terms) == 1:
        return "other"
    bases = [base_of(term) for term in terms]
    has_name = [any(name in names for name in _NAMED.findall(term)) for term in terms]
    if len(terms) == 2:
        return _of_two(terms, bases, names, has_name, is_equal=not _UNEQUAL.search(row))
    if len(terms) == 3 and bases[1] is not None and not (has_name[0] or has_name[2]):
        return "other" if bases[1] in "ijk" and bases[1] not in names else "box"
    is_of_indices = all(
        base in ("i", "j", "k", "l", "m", "n", "d") or _is_constant(term)
        for base, term in zip(bases, terms, strict=True)
    )
    return "other" if is_of_indices and not any(has_name) else "constraint"


def _without_bars(row: str) -> str:
    r"""A condition that bounds an absolute value from above, or the largest one, without its bars: `x_i \le 5`."""
    row = _SMALL.sub(lambda found: f"{found['value'] or found['vector']} ", row)
    return _SMALL_LAST.sub(lambda found: f"{found['relation']} {found['value'] or found['vector']}", row)


def _of_two(
    terms: Sequence[str],
    bases: Sequence[str | None],
    names: frozenset[str],
    has_name: Sequence[bool],
    *,
    is_equal: bool,
) -> Kind:
    """What a condition of two terms is."""
    for this, that in ((0, 1), (1, 0)):
        base = bases[this]
        if base is None:
            continue
        if is_equal:
            is_defined = _is_constant(terms[that]) if base not in names else _TUPLE.fullmatch(terms[that])
            if is_defined:
                return "other"
        elif _is_constant(terms[that]) and (base in names or names == frozenset("x")):
            return "box" if base in names or base not in "ijk" else "other"
        elif base in names and not has_name[that] and terms[that].strip():
            return "box"
    return "constraint"


def base_of(term: str) -> str | None:
    """The letter of a term that is a single symbol, or a tuple of symbols; None of any other."""
    found = _SYMBOL.fullmatch(term)
    if found:
        return found["base"]
    return "(" if _TUPLE.fullmatch(term) else None


def _is_constant(term: str) -> bool:
    rest = _CONSTANTS.sub("1", _TRANSPOSED.sub("", term))
    return bool(_NUMBER.fullmatch(rest)) and any(letter.isdigit() for letter in rest)
