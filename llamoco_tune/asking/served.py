"""Reads a problem with the model of an OpenAI-compatible server, which tells no probabilities."""

from collections.abc import Iterator

import numpy as np

from llamoco_tune.asking.reading import MOST_NEW_TOKENS, Reading
from llamoco_tune.endpoint import EndpointConfig, ask
from llamoco_tune.programs import DecodingConfig
from llamoco_tune.records import TuningError

NUM_RETRIES = 2
"""Retries of a request: a person is waiting."""


def read_served(url: str, name: str, prompts: list[str]) -> Reading:
    """What a server's model makes of a problem: a program for each prompt, which differ in their requests."""
    server = EndpointConfig(url=url, model=name, num_retries=NUM_RETRIES)
    return Reading((), np.zeros(0), _written(server, prompts), None)


def _written(server: EndpointConfig, prompts: list[str]) -> Iterator[tuple[str, str]]:
    decoding = DecodingConfig(max_new_tokens=MOST_NEW_TOKENS)
    for prompt in prompts:
        (answer,) = ask([prompt], [0], decoding, server)
        if answer.ended == "error" and decoding.is_greedy and "temperature" in answer.detail:
            # Newer models of OpenAI know one temperature, and refuse any other.
            decoding = decoding.model_copy(update={"temperature": 1.0})
            (answer,) = ask([prompt], [0], decoding, server)
        if answer.ended == "error":
            raise TuningError(f"{server.url} gives no program: {answer.detail}")
        yield "", answer.completion
