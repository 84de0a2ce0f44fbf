# pyright: reportExplicitAny=false
"""Chooses the opening of each program, where a model has openings: the likeliest one, or one drawn at random."""

import json
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from llamoco_tune.choice import choice_log_probabilities, longest_scored
from llamoco_tune.decoding.choosing import next_tokens
from llamoco_tune.forward import inside_forward
from llamoco_tune.generate.jobs import Job
from llamoco_tune.instructions import Example
from llamoco_tune.openings import Openings
from llamoco_tune.programs import DecodingConfig
from llamoco_tune.trie import Trie

DIGITS = 6
"""Digits of a probability in the file of programs."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The opening that a program begins with."""

    ids: tuple[int, ...]
    choices: str
    """Probability of each optimizer, a JSON object, the likeliest first; empty where none was chosen."""
    tried: tuple[str, ...] = ()
    """Optimizers that programs for this prompt have begun with, the last one included."""


UNOPENED = Opened((), "")
"""The model writes as it likes."""


def opened(
    model: Any,
    openings: Openings,
    jobs: Sequence[Job],
    examples: Sequence[Example],
    prompt_ids: Callable[[str], Sequence[int]],
    decoding: DecodingConfig,
    *,
    wordings: int,
    go_on: Callable[[], None],
) -> list[Opened]:
    """The opening of each program; `UNOPENED` where the prompt leaves no room for openings in what the model sees.

    Args:
        examples: all prompts of the split, in the forms that are asked in.
        wordings: number of prompts of a problem over which the log-probabilities of a choice are averaged: the job's
            own, and others of the same problem, as many as there are and leave room.
        go_on: called before each batch of prompts.
    """
    others: dict[str, list[Example]] = defaultdict(list)
    for example in sorted(examples, key=lambda each: each.instruction_id):
        others[example.problem_id].append(example)
    asked = [_asked(job.example, others[job.example.problem_id], wordings) for job in jobs]
    prompts = {example.instruction_id: example.prompt for group in asked for example in group}
    inside_forward(model)
    trie = Trie.of(openings)
    most = longest_scored(model, trie)
    ids = {name: prompt_ids(prompt) for name, prompt in prompts.items()}
    ids = {name: each for name, each in ids.items() if len(each) <= most}
    of_prompt = dict(zip(ids, choice_log_probabilities(model, trie, list(ids.values()), go_on=go_on), strict=True))
    found = [UNOPENED] * len(jobs)
    places = [place for place, job in enumerate(jobs) if job.example.instruction_id in ids]
    if not places:
        return found
    groups = [[each.instruction_id for each in asked[place]] for place in places]
    means_JK = np.stack([_mean([of_prompt[name] for name in group if name in ids]) for group in groups])
    draws = [random.Random(f"{decoding.seed}/{jobs[place].stream}/opening").random() for place in places]
    chosen = next_tokens(torch.from_numpy(means_JK), decoding, draws)
    for place, k, log_K in zip(places, chosen, means_JK, strict=True):
        name = openings.optimizers[k]
        found[place] = Opened(openings.begun(name), _shown(openings, log_K), (name,))
    return found


def next_opened(openings: Openings, before: Opened) -> Opened:
    """The opening of the likeliest optimizer that has not been tried; the same one again when there is none."""
    if not before.tried:
        return before
    name = next((name for name in json.loads(before.choices) if name not in before.tried), before.tried[-1])
    return Opened(openings.begun(name), before.choices, (*before.tried, name))


def _asked(own: Example, of_problem: Sequence[Example], wordings: int) -> list[Example]:
    others = [each for each in of_problem if each.instruction_id != own.instruction_id]
    return [own, *others[: wordings - 1]]


def _mean(log_MK: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The mean of log-probabilities, normalised again."""
    mean_K = np.mean(log_MK, axis=0)
    return mean_K - np.logaddexp.reduce(mean_K)


def _shown(openings: Openings, log_K: NDArray[np.float64]) -> str:
    order = np.argsort(-log_K, kind="stable")
    return json.dumps({openings.optimizers[k]: round(float(np.exp(log_K[k])), DIGITS) for k in order})
