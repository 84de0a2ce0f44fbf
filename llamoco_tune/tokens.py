# pyright: reportExplicitAny=false
"""A prompt and its answer as tokens: how a base model wants to be asked, where the answer begins, and where it ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from llamoco_tune.instructions import Example
from llamoco_tune.records import TuningError

TooLong = Literal["drop", "refuse"]
"""What becomes of a row with more tokens than wanted: left out and counted, or an error."""

PLAIN = "### Problem\n{prompt}\n\n### Program\n"
"""How a base without a chat template is asked."""


@dataclass(frozen=True, slots=True)
class Template:
    """Asks a base model in the way it knows: by its chat template, or in plain words where it has none."""

    tokenizer: Any
    end_id: int
    """The token that ends an answer."""

    @classmethod
    def of(cls, tokenizer: Any) -> "Template":
        """The template of a tokenizer.

        Raises:
            TuningError: it has no end-of-text token, so that no answer could end.
        """
        if tokenizer.eos_token_id is None:
            raise TuningError(f"the tokenizer of {tokenizer.name_or_path} has no end-of-text token; take another base")
        return cls(tokenizer, int(tokenizer.eos_token_id))

    def prompt_ids(self, prompt: str) -> list[int]:
        """Everything before the answer's first token."""
        if self.tokenizer.chat_template is None:
            return list(self.tokenizer(PLAIN.format(prompt=prompt))["input_ids"])
        message = [{"role": "user", "content": prompt}]
        text = self.tokenizer.apply_chat_template(message, add_generation_prompt=True, tokenize=False)
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def answer_ids(self, answer: str) -> list[int]:
        """The answer's tokens, the end-of-text last."""
        return [*self.tokenizer(answer, add_special_tokens=False)["input_ids"], self.end_id]


@dataclass(frozen=True, slots=True)
class Encoded:
    """A row as tokens."""

    example: Example
    ids: NDArray[np.int64]
    """Prompt, answer, end-of-text."""
    num_prompt: int
    """Tokens of the prompt, which come first."""


@dataclass(frozen=True, slots=True)
class EncodedSet:
    """The rows of a split that are short enough."""

    rows: tuple[Encoded, ...]
    num_dropped: int
    """Rows that were longer than wanted."""


def encode(
    examples: Sequence[Example], template: Template, *, max_tokens: int, too_long: TooLong = "drop"
) -> EncodedSet:
    """Rows as tokens.

    Args:
        max_tokens: of prompt and answer together; a row is never cut, for half a program teaches a broken one.

    Raises:
        TuningError: a row is too long and those are refused, or all are.
    """
    rows = [_encoded(example, template) for example in examples]
    kept = tuple(row for row in rows if len(row.ids) <= max_tokens)
    num_dropped = len(rows) - len(kept)
    longest = max((len(row.ids) for row in rows), default=0)
    if num_dropped and too_long == "refuse":
        raise TuningError(
            f"{num_dropped} of {len(rows)} rows have more than {max_tokens} tokens, the longest {longest}; "
            "raise --max-tokens, or leave them out with --too-long drop"
        )
    if not kept:
        raise TuningError(f"all {len(rows)} rows have more than {max_tokens} tokens; raise --max-tokens")
    return EncodedSet(kept, num_dropped)


def _encoded(example: Example, template: Template) -> Encoded:
    prompt, answer = template.prompt_ids(example.prompt), template.answer_ids(example.answer)
    return Encoded(example, np.array([*prompt, *answer], dtype=np.int64), len(prompt))
