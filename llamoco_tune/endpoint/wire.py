"""Reads replies of a server: completions, failures, and how long to wait. It sends nothing."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from pydantic import BaseModel, Field, ValidationError

from llamoco_tune.programs import Answer

UNFIT_REASONS = {"content_filter", "tool_calls", "function_call"}
"""Finish reasons of replies without a program."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A request without a usable reply."""

    detail: str
    may_pass: bool = True
    wait_s: float | None = None
    """Seconds that the server asks to wait, if it says so."""
    is_renamed: bool = False
    """Whether it is to be sent again at once, with a parameter as the server names it; that is no retry."""


class _Message(BaseModel):
    content: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Usage(BaseModel):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Completion(BaseModel):
    """The part of a reply that is read; servers add much of their own."""

    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None


def read_completion(index: int, text: str, seconds: float) -> Answer | Failure:
    """The answer in the body of a reply; a failure if the body is no chat completion, or one without a program."""
    try:
        completion = _Completion.model_validate_json(text)
    except ValidationError:
        return Failure(f"the reply is no chat completion: {' '.join(text.split())!r}")
    choice, usage = completion.choices[0], completion.usage or _Usage()
    if choice.finish_reason in UNFIT_REASONS:
        return Failure(f"finished with {choice.finish_reason}", may_pass=False)
    ended = "length" if choice.finish_reason == "length" else "stop"
    content = choice.message.content or ""
    return Answer(index, content, ended, "", usage.prompt_tokens, usage.completion_tokens, seconds)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds that the header Retry-After asks for (RFC 9110, 10.2.3); None without one."""
    text = headers.get("retry-after", "")
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return None
