"""What a model makes of a problem: its choices, and programs in their order."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from llamoco_tune.records import TuningError

MOST_NEW_TOKENS = 2_048
"""Most tokens of a program, as `generate` writes them; the longest that is taught has 1,800."""

LEAST_ROOM = 400
"""Tokens that are left for a program at least: the longest that is taught has 360 of phrases."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a model makes of a problem."""

    optimizers: tuple[str, ...]
    """Names of the optimizers, axis K; empty for a model that does not choose."""
    log_probabilities: NDArray[np.float64]
    """Log-probability of each optimizer, (K,), averaged over the requests and normalised."""
    completions: Iterator[tuple[str, str]]
    """Optimizer and what is written for it, the likeliest first; the optimizer is empty where none is chosen. Each is
    written when it is asked for."""
    tokens_of_problem: int | None
    """Tokens of the problem's text; None where a server does not tell."""


def averaged(log_MK: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of the log-probabilities of several requests, normalised again."""
    mean_K = log_MK.mean(0)
    return mean_K - np.logaddexp.reduce(mean_K)


def in_order(log_K: NDArray[np.float64]) -> list[int]:
    """The places of the optimizers, the likeliest first."""
    return [int(place) for place in np.argsort(-log_K, kind="stable")]


def check_room(num_tokens: int, context: int, model: str) -> None:
    """Checks that a model sees a prompt at once, and has room for a program.

    Raises:
        TuningError: it does not.
    """
    if num_tokens + LEAST_ROOM > context:
        raise TuningError(
            f"the problem makes a prompt of {num_tokens:,} tokens, and {model} sees {context:,} at once, program "
            "included; state it more briefly, for example without long tables of data"
        )
