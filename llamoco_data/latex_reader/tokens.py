"""Cuts LaTeX into tokens; a macro or character without a meaning in formulas is an error."""

import re


class LatexError(ValueError):
    """The text is not LaTeX that this reader understands."""


NUMBER = re.compile(r"\d+(?:\.\d+)?")
TOKEN = re.compile(
    r"(?P<space>\s+|\\;)"
    r"|\\text\{[^{}]*\}|\\(?:begin|end)\{cases\}|\\operatorname\{[a-z]+\}|\\math(?:bf|bb)\{[a-zA-Z]\}"
    r"|(?P<sized>\\(?:left|right)\s*[()|])"
    rf"|(?P<macro>\\[a-zA-Z]+)|\\\\|\\\||{NUMBER.pattern}|[a-zA-Z]|[-+^_(){{}}\[\]&=<>,]"
)
MACROS = frozenset(
    rf"\{name}"
    for name in (
        *("bmod", "cdot", "cos", "dots", "exp", "frac", "ge", "in", "le", "lfloor", "ln", "max", "min", "oslash"),
        *("phi", "pi", "prod", "quad", "rfloor", "sin", "sqrt", "sum", "top"),
    )
)
OPENING = frozenset(["(", "[", "{", r"\left(", r"\begin{cases}"])
CLOSING = frozenset([")", "]", "}", r"\right)", r"\end{cases}"])


def tokenize(text: str) -> list[str]:
    """The tokens of a text, spaces left out.

    Raises:
        LatexError: a character or macro has no meaning in a formula.
    """
    tokens: list[str] = []
    at = 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise LatexError(f"{text[at]!r} has no meaning in {text[max(0, at - 30) : at + 30]!r}")
        at = match.end()
        if match["macro"] and match["macro"] not in MACROS:
            raise LatexError(f"unknown macro {match['macro']} in {text[max(0, at - 30) : at + 30]!r}")
        if match["space"] is None:
            tokens.append("".join(match[0].split()) if match["sized"] else match[0])
    return tokens


def split(tokens: list[str], separators: frozenset[str]) -> list[list[str]]:
    """The parts between separators that stand outside all brackets and cases; the separators are left out."""
    parts: list[list[str]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token in OPENING) - (token in CLOSING)
        if depth < 0:
            raise LatexError(f"{token} closes nothing in {' '.join(tokens)!r}")
        if depth == 0 and token in separators:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts
