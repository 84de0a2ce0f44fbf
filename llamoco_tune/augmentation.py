"""Training prompts as other people would have written them, and prompts of which a part cannot be read.

The first teach to read, the second what to do about what was not understood: to go by the rest.
"""

import dataclasses
import re
import zlib
from collections.abc import Sequence

import numpy as np

from llamoco_tune.instructions import Example
from llamoco_tune.restyling import restyled

MOST_NOISE = 0.5
"""Largest share of a noisy prompt's words that are lost; the share of each prompt is drawn below this."""
SPAN = 4
"""Mean number of words that are lost together."""

_WORD = re.compile(r"\w+|[^\w\s]|\s+")
_SYMBOLS = "abcdefghijklmnopqrstuvwxyz_0123456789.*+-()[]{}=/\\"


def augmented(rows: Sequence[Example], *, restyled_share: float, noisy_share: float, seed: int) -> list[Example]:
    """The rows, shares of them with a changed prompt; what becomes of a row depends on the seed and its id alone.

    Args:
        restyled_share: share of prompts whose Python is rewritten in other words.
        noisy_share: share of prompts that lose words, half of these to others that mean nothing.
    """
    if not restyled_share and not noisy_share:
        return list(rows)
    return [_augmented(row, restyled_share, noisy_share, seed) for row in rows]


def _augmented(row: Example, restyled_share: float, noisy_share: float, seed: int) -> Example:
    rng = np.random.default_rng([seed, zlib.crc32(row.instruction_id.encode())])
    restyles, loses = rng.random(2) < (restyled_share, noisy_share)
    prompt = restyled(row.prompt, rng) if restyles else row.prompt
    return dataclasses.replace(row, prompt=noisy(prompt, rng) if loses else prompt)


def noisy(prompt: str, rng: np.random.Generator) -> str:
    """The prompt without some of its words, or with others that mean nothing in their places."""
    words = _WORD.findall(prompt)
    spans = rng.poisson(rng.uniform(0, MOST_NOISE) * len(words) / SPAN)
    for start, length in zip(rng.integers(len(words) or 1, size=spans), rng.geometric(1 / SPAN, spans), strict=True):
        replaced = rng.random() < 0.5
        for place in range(start, min(start + length, len(words))):
            if not words[place].isspace():
                words[place] = _meaningless(rng) if replaced else ""
    return "".join(words)


def _meaningless(rng: np.random.Generator) -> str:
    return "".join(rng.choice(list(_SYMBOLS), size=rng.integers(1, 6)))
