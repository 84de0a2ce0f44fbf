"""Counts the tokens of answers, prints the longest, and exits with 1 where one is too long.

    python -m tests.benchmarks.answer_tokens [--tokenizer FILE] [PROGRAM ...]

FILE is a `tokenizer.json`, such as that of `llamoco-tune base smollm2`. Without it a stand-in counts: GPT-2's
vocabulary with every digit a token of its own and every indentation one token, which gives -0.3 to 4.5 % more tokens
than SmolLM2's own tokenizer. PROGRAM is a program file; without any, every candidate of the portfolio is counted, and
the longest of each optimizer printed. An answer is the text of a program and the token that ends it.
"""

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tokenizers import Tokenizer

from llamoco_data.conformance.programs import MOST_LINES
from llamoco_data.portfolio import portfolio, program_text
from tests.benchmarks.prompt_tokens import gpt2

MAX_TOKENS = 1_300

Count = Callable[[str], int]
"""Number of tokens of a text."""


class Answer(NamedTuple):
    """The size of an answer."""

    tokens: int
    """Tokens of the text and the one that ends it."""
    lines: int
    name: str
    """Optimizer and settings, or the file."""


def counting(tokenizer: Tokenizer) -> Count:
    """Counts by a tokenizer, without the tokens that begin or end a text."""
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


def stand_in() -> Count:
    """Counts nearly as SmolLM2's tokenizer does, which knows runs of blanks as one token."""
    count = counting(gpt2())
    return lambda text: count(re.sub(r"^ +", " ", text, flags=re.MULTILINE))


def size(name: str, text: str, count: Count) -> Answer:
    return Answer(count(text) + 1, len(text.splitlines()), name)


def of_portfolio(count: Count) -> list[Answer]:
    """The longest candidate of each optimizer."""
    longest: dict[str, Answer] = {}
    for candidate in portfolio():
        settings = ", ".join(f"{name}={value}" for name, value in candidate.settings.items())
        text = program_text(candidate.optimizer, candidate.settings)
        answer = size(f"{candidate.optimizer} {settings}", text, count)
        longest[candidate.optimizer] = max(answer, longest.get(candidate.optimizer, answer))
    return list(longest.values())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokenizer", type=Path)
    parser.add_argument("programs", nargs="*", type=Path, metavar="PROGRAM")
    arguments = parser.parse_args()
    files: list[Path] = arguments.programs
    count = stand_in() if arguments.tokenizer is None else counting(Tokenizer.from_file(str(arguments.tokenizer)))
    answers = [size(str(path), path.read_text(encoding="utf-8"), count) for path in files] or of_portfolio(count)
    print(" tokens   lines  answer")
    for answer in sorted(answers, reverse=True):
        print(f"{answer.tokens:7,}  {answer.lines:6}  {answer.name}")
    tokens = [answer.tokens for answer in answers]
    print(f"{len(answers)} answers: median {np.median(tokens):,.0f}, longest {max(tokens):,}")
    too_long = [answer.name for answer in answers if answer.tokens > MAX_TOKENS or answer.lines > MOST_LINES]
    if not too_long:
        return 0
    print(f"more than {MAX_TOKENS:,} tokens or {MOST_LINES} lines: {'; '.join(too_long)}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
