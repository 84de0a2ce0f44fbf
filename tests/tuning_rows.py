"""Rows of random tokens, for tests of what computes with them."""

import numpy as np

from llamoco_tune.instructions import Example
from llamoco_tune.tokens import Encoded

VOCABULARY = 40


def encoded(
    length: int, num_prompt: int, seed: int, *, optimizer: str = "de", problem: str = "p", wording: int = 0
) -> Encoded:
    """A row of so many tokens, of which the first are the prompt's."""
    example = Example(
        instruction_id=f"i{seed}",
        problem_id=problem,
        base_problem_id=problem,
        split="train",
        form="python",
        wording=wording,
        prompt="",
        answer="",
        optimizer=optimizer,
        family="family",
        functions=("sphere",),
    )
    ids = np.random.default_rng(seed).integers(2, VOCABULARY, size=length)
    return Encoded(example, ids.astype(np.int64), num_prompt)
