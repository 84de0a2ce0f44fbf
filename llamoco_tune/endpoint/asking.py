"""Sends prompts to a server: several at a time, with retries and a limit of calls. It gives up on a dead server."""

import asyncio
import random
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

import openai
from openai.types.chat import ChatCompletionMessageParam

from llamoco_tune.endpoint.config import KEY_VARIABLE, EndpointConfig, base_url, server_key
from llamoco_tune.endpoint.wire import Failure, read_completion, retry_after_s
from llamoco_tune.programs import Answer, DecodingConfig
from llamoco_tune.records import TuningError

LONGEST_WAIT_S = 60.0
"""Longest wait before a retry, even if a server asks for more."""
GIVE_UP_AFTER = 16
"""Number of prompts that may fail in a row, retries included, before the server is given up."""
DETAIL_CHARACTERS = 200
SECRET_CHARACTERS = 16
"""Length from which on a key is taken out of completions too, and not only out of messages."""
USELESS_STATUSES = {
    401: f"set {KEY_VARIABLE} to a key of this server",
    403: f"the key in {KEY_VARIABLE} may not use this model",
    404: "check that the URL ends as the server wants it, often in /v1, and that the server has this model",
}
"""HTTP statuses that any prompt would get, and what to do."""
RETRIED_STATUSES = {408, 409, 425, 429}
"""HTTP statuses that are retried, besides those from 500 on."""

_LimitName = Literal["max_tokens", "max_completion_tokens"]
_Split = tuple[set["asyncio.Task[Answer | None]"], set["asyncio.Task[Answer | None]"]]


class Message(NamedTuple):
    """One message of a conversation, before the prompt that is its last one."""

    role: Literal["system", "user", "assistant"]
    content: str


class _Request(NamedTuple):
    """One prompt, with all that goes with it."""

    prompt: str
    seed: int
    before: Sequence[Message]


def ask(
    prompts: Sequence[str],
    seeds: Sequence[int],
    decoding: DecodingConfig,
    config: EndpointConfig,
    before: Sequence[Sequence[Message]] = (),
) -> Generator[Answer]:
    """Yields the answer to every prompt in the order of arrival; a prompt that keeps failing gets an error.

    Args:
        seeds: one a prompt, sent unless decoding is greedy.
        before: the messages before each prompt; none at all by default.

    Raises:
        TuningError: the server does not answer, wants another key, model or path, or fails prompt after prompt; or
            `max_calls` requests were made. Answers that were yielded before are good.
    """
    desk = _Desk(decoding, config)
    requests = [_Request(*each) for each in zip(prompts, seeds, before or [()] * len(prompts), strict=True)]
    failed: list[Answer] = []
    with asyncio.Runner() as runner:
        try:
            for answer in desk.answers(runner, requests):
                if answer.ended == "error":
                    failed.append(answer)
                    _check_alive(failed, config)
                else:
                    yield from [*failed, answer]
                    failed.clear()
            yield from failed
        finally:
            runner.run(desk.close())
    if desk.is_spent:
        raise TuningError(f"the limit of {config.max_calls} calls is reached; give the command again to go on")


class _Desk:
    """A server, the settings for asking it, and the number of calls so far."""

    def __init__(self, decoding: DecodingConfig, config: EndpointConfig) -> None:
        self._decoding = decoding
        self._config = config
        self._key = server_key()
        # The library retries too, but neither counts its calls nor lets the others wait.
        self._client = openai.AsyncOpenAI(
            api_key=self._key or "none", base_url=base_url(config.url), max_retries=0, timeout=config.timeout_s
        )
        self._num_calls = 0
        self._limit_name: _LimitName = "max_tokens"
        self._has_answered = False
        self._paused_until = 0.0
        self.is_spent = False
        """Whether a call was needed beyond `max_calls`."""

    def answers(self, runner: asyncio.Runner, requests: Sequence[_Request]) -> Iterator[Answer]:
        waiting = deque(enumerate(requests))
        running: set[asyncio.Task[Answer | None]] = set()
        while running or (waiting and not self.is_spent):
            while waiting and len(running) < self._config.num_parallel and not self.is_spent:
                running.add(runner.get_loop().create_task(self._answer(*waiting.popleft())))
            done, running = runner.run(_first(running))
            # Answers come before failures of the server, so that they are kept.
            for task in sorted(done, key=lambda task: task.exception() is not None):
                answer = task.result()
                if answer:
                    yield answer

    async def close(self) -> None:
        await self._client.close()

    async def _answer(self, index: int, request: _Request) -> Answer | None:
        failure, attempt = Failure(""), 0
        while attempt <= self._config.num_retries:
            if attempt and not failure.is_renamed:
                await self._pause(failure, attempt)
            while (wait_s := self._paused_until - time.monotonic()) > 0:
                await asyncio.sleep(wait_s)
            if self._config.max_calls is not None and self._num_calls >= self._config.max_calls:
                self.is_spent = True
                return None
            self._num_calls += 1
            outcome = await self._call(index, request)
            if isinstance(outcome, Answer):
                return outcome
            failure = outcome
            if not failure.may_pass:
                break
            attempt += not failure.is_renamed
        return Answer(index, "", "error", self._line(failure.detail))

    async def _pause(self, failure: Failure, attempt: int) -> None:
        if failure.wait_s is None:
            # Random, so that requests that failed together are not repeated together.
            wait_s = self._config.first_wait_s * 2 ** (attempt - 1) * random.uniform(0.5, 1.0)
            await asyncio.sleep(min(wait_s, LONGEST_WAIT_S))
        else:
            # What the server asks for holds for all requests.
            self._paused_until = max(self._paused_until, time.monotonic() + min(failure.wait_s, LONGEST_WAIT_S))

    async def _call(self, index: int, request: _Request) -> Answer | Failure:
        began = time.monotonic()
        # Requests that are sent together hold the old name when the first refusal changes it for those to come.
        limit_name = self._limit_name
        try:
            async with asyncio.timeout(self._config.timeout_s):
                text = await self._sent(request, limit_name)
        except (TimeoutError, openai.APITimeoutError):
            return Failure(f"no reply within {self._config.timeout_s:g} s")
        except openai.APIStatusError as error:
            self._has_answered = True
            return self._refusal(error, limit_name)
        except openai.APIConnectionError as error:
            return self._lost(error)
        self._has_answered = True
        outcome = read_completion(index, text, time.monotonic() - began)
        # Programs are published, so no secret may be in them; but a short key is a placeholder, and part of many words.
        if isinstance(outcome, Answer) and len(self._key) >= SECRET_CHARACTERS:
            return replace(outcome, completion=self._without_key(outcome.completion))
        return outcome

    async def _sent(self, request: _Request, limit_name: _LimitName) -> str:
        decoding = self._decoding
        messages = [_sendable(message) for message in (*request.before, Message("user", request.prompt))]
        limit = decoding.max_new_tokens
        response = await self._client.chat.completions.with_raw_response.create(
            model=self._config.model,
            messages=messages,
            temperature=decoding.temperature,
            top_p=openai.omit if decoding.is_greedy else decoding.top_p,
            seed=openai.omit if decoding.is_greedy else request.seed,
            max_tokens=limit if limit_name == "max_tokens" else openai.omit,
            max_completion_tokens=limit if limit_name == "max_completion_tokens" else openai.omit,
        )
        return response.text

    def _refusal(self, error: openai.APIStatusError, limit_name: _LimitName) -> Failure:
        detail = f"status {error.status_code}: {self._line(error.message)}"
        advice = USELESS_STATUSES.get(error.status_code)
        if advice:
            raise TuningError(f"{self._config.url} refuses {self._config.model!r}, {detail}; {advice}")
        if error.status_code == 400 and "max_completion_tokens" in error.message and limit_name == "max_tokens":
            # OpenAI renamed the limit for newer models; most other servers know only the old name.
            self._limit_name = "max_completion_tokens"
            return Failure(detail, is_renamed=True)
        may_pass = error.status_code in RETRIED_STATUSES or error.status_code >= 500
        return Failure(detail, may_pass, retry_after_s(error.response.headers))

    def _lost(self, error: openai.APIConnectionError) -> Failure:
        detail = self._line(str(error.__cause__ or error))
        if not self._has_answered:
            raise TuningError(
                f"no server answers at {self._config.url} ({detail}); check that it is running, and the URL"
            )
        return Failure(f"the connection was lost: {detail}")

    def _line(self, text: str) -> str:
        """A server's message, cut to one short line and without the key, which some servers repeat."""
        return " ".join(self._without_key(text).split())[:DETAIL_CHARACTERS]

    def _without_key(self, text: str) -> str:
        return text.replace(self._key, "[key]") if self._key else text


def _sendable(message: Message) -> ChatCompletionMessageParam:
    match message.role:
        case "system":
            return {"role": "system", "content": message.content}
        case "user":
            return {"role": "user", "content": message.content}
        case "assistant":
            return {"role": "assistant", "content": message.content}


async def _first(tasks: set["asyncio.Task[Answer | None]"]) -> _Split:
    return await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)


def _check_alive(failed: Sequence[Answer], config: EndpointConfig) -> None:
    if len(failed) >= max(GIVE_UP_AFTER, 2 * config.num_parallel):
        raise TuningError(
            f"{config.url} failed {len(failed)} prompts in a row, the last with {failed[-1].detail}; "
            "what was written is kept, give the command again to go on"
        )
