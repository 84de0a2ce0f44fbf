# pyright: reportExplicitAny=false
"""Turns a prompt and its answer into tokens: the template of the base, where the answer begins, and where it ends."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from llamoco_tune.instructions import Example
from llamoco_tune.plain import PLAIN
from llamoco_tune.records import TuningError

TooLong = Literal["drop", "refuse"]
"""Treatment of a row with too many tokens: it is left out and counted, or it is an error."""


@dataclass(frozen=True, slots=True)
class Template:
    """Puts prompts into a base's chat template, or into `PLAIN` if it has none."""

    tokenizer: Any
    end_id: int
    """Id of the token that ends an answer."""

    @classmethod
    def of(cls, tokenizer: Any) -> "Template":
        """The template of a tokenizer.

        Raises:
            TuningError: it has no end-of-text token, so no answer could end, or its chat template does not work.
        """
        if tokenizer.eos_token_id is None:
            raise TuningError(f"the tokenizer of {tokenizer.name_or_path} has no end-of-text token; take another base")
        template = cls(tokenizer, int(tokenizer.eos_token_id))
        template.prompt_ids("Minimize f.")
        return template

    def prompt_ids(self, prompt: str) -> list[int]:
        """Everything before the answer's first token.

        Raises:
            TuningError: the chat template fails, or leaves the prompt out.
        """
        return self.prompts_ids([prompt])[0]

    def prompts_ids(self, prompts: Sequence[str]) -> list[list[int]]:
        """The tokens of several prompts, which a tokenizer finds faster together.

        Raises:
            TuningError: see `prompt_ids`.
        """
        if not prompts:
            return []
        if self.tokenizer.chat_template is not None:
            texts = [self._in_chat(prompt) for prompt in prompts]
            return list(self.tokenizer(texts, add_special_tokens=False)["input_ids"])
        found = list(self.tokenizer([PLAIN.format(prompt=prompt) for prompt in prompts])["input_ids"])
        special = set(self.tokenizer.all_special_ids)
        for ids in found:
            # Some tokenizers end every text with the token that ends an answer, which would come before the answer.
            while ids and ids[-1] in special:
                del ids[-1]
        return found

    def answer_ids(self, answer: str) -> list[int]:
        """The answer's tokens, with the end-of-text."""
        return [*self.tokenizer(answer, add_special_tokens=False)["input_ids"], self.end_id]

    def check_answer(self, answer: str) -> None:
        """Checks that an answer comes back unchanged from its tokens.

        Raises:
            TuningError: another text comes back, so the model could never write this one.
        """
        there, back = answer.strip(), text_of(self.tokenizer, self.answer_ids(answer)[:-1]).strip()
        if back != there:
            pairs = enumerate(zip(there, back, strict=False))
            same = next((i for i, (one, other) in pairs if one != other), min(len(there), len(back)))
            raise TuningError(
                f"the tokenizer of {self.tokenizer.name_or_path} does not keep programs as they are: "
                f"{there[same : same + 12]!r} comes back as {back[same : same + 12]!r}; take another base"
            )

    def _in_chat(self, prompt: str) -> str:
        message = [{"role": "user", "content": prompt}]
        where = f"the chat template of {self.tokenizer.name_or_path}"
        try:
            text = self.tokenizer.apply_chat_template(message, add_generation_prompt=True, tokenize=False)
        except Exception as error:  # noqa: BLE001 - a template is a program, which may raise anything
            reason = " ".join(str(error).split())[:160] or type(error).__name__
            raise TuningError(f"{where} fails: {reason}; mend or remove it, or take another base") from None
        if prompt.strip() not in text:
            raise TuningError(f"{where} leaves the prompt out, or changes it; mend or remove it, or take another base")
        return str(text)


def text_of(tokenizer: Any, ids: Sequence[int]) -> str:
    """The text of tokens, with blanks unchanged."""
    return str(tokenizer.decode(ids, clean_up_tokenization_spaces=False))


@dataclass(frozen=True, slots=True)
class Encoded:
    """A row as tokens."""

    example: Example
    ids: NDArray[np.int64]
    """Tokens of prompt, answer and end-of-text."""
    num_prompt: int
    """Number of tokens of the prompt, which come first."""


@dataclass(frozen=True, slots=True)
class EncodedSet:
    """The rows of a split that are short enough, as tokens."""

    rows: tuple[Encoded, ...]
    num_dropped: int
    """Number of rows that were too long."""


def encode(
    examples: Sequence[Example],
    template: Template,
    *,
    max_tokens: int,
    context: int | None = None,
    option: str = "max_tokens",
    too_long: TooLong = "drop",
) -> EncodedSet:
    """Turns rows into tokens.

    Args:
        max_tokens: most tokens of prompt and answer together; a row is never cut, since half a program would be taught.
        context: most tokens that the base sees at once, which limit rows too; None for no limit.
        option: name of the setting that gives `max_tokens`, for messages.

    Raises:
        TuningError: a row is too long and `too_long` refuses it, all are too long, or the tokenizer changes programs.
    """
    for answer in {example.optimizer: example.answer for example in examples}.values():
        template.check_answer(answer)
    answers = {answer: template.answer_ids(answer) for answer in {example.answer for example in examples}}
    prompts = template.prompts_ids([example.prompt for example in examples])
    rows = [_encoded(example, ids, answers[example.answer]) for example, ids in zip(examples, prompts, strict=True)]
    most = max_tokens if context is None else min(max_tokens, context)
    kept = tuple(row for row in rows if len(row.ids) <= most)
    num_dropped = len(rows) - len(kept)
    if num_dropped and too_long == "refuse":
        longest = max(len(row.ids) for row in rows)
        raise TuningError(
            f"{num_dropped} of {len(rows)} rows have more than {most} tokens, the longest "
            f"{_too_many(longest, context, option)}, or leave them out with --too-long drop"
        )
    if not kept:
        shortest = min((len(row.ids) for row in rows), default=0)
        raise TuningError(
            f"all {len(rows)} rows have more than {most} tokens, the shortest {_too_many(shortest, context, option)}"
        )
    return EncodedSet(kept, num_dropped)


def encode_prompts(examples: Sequence[Example], template: Template, *, max_tokens: int) -> EncodedSet:
    """Turns the prompts of rows into tokens, without their answers; prompts that are too long are left out."""
    prompts = [np.array(ids, dtype=np.int64) for ids in template.prompts_ids([each.prompt for each in examples])]
    rows = [Encoded(example, ids, len(ids)) for example, ids in zip(examples, prompts, strict=True)]
    kept = tuple(row for row in rows if row.num_prompt <= max_tokens)
    return EncodedSet(kept, len(rows) - len(kept))


def check_known(rows: Iterable[Sequence[int] | NDArray[np.int64]], num_known: int) -> None:
    """Checks that a model has an embedding of every token.

    Raises:
        TuningError: it has none of a token.
    """
    highest = max((int(np.max(ids)) for ids in rows if len(ids)), default=0)
    if highest >= num_known:
        raise TuningError(
            f"the tokenizer gives token {highest}, and the model knows {num_known}: they are of different models; "
            "give a folder in which both are of one"
        )


def _too_many(num_tokens: int, context: int | None, option: str) -> str:
    """A number of tokens, and what has to be changed for so many: no option does where the base does not see them."""
    if context is None or num_tokens <= context:
        return f"{num_tokens}; raise {option}"
    return f"{num_tokens}, and the base sees only {context} at once; take another base"


def _encoded(example: Example, prompt: Sequence[int], answer: Sequence[int]) -> Encoded:
    return Encoded(example, np.array([*prompt, *answer], dtype=np.int64), len(prompt))
