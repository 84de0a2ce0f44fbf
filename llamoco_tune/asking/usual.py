# pyright: reportExplicitAny=false
"""Reads a problem with any causal language model, by torch and transformers, as `generate` does."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from llamoco_tune.asking.reading import MOST_NEW_TOKENS, Reading, averaged, check_room, in_order
from llamoco_tune.choice import choice_log_probabilities, longest_scored
from llamoco_tune.decoding import DecodingConfig, write
from llamoco_tune.forward import inside_forward
from llamoco_tune.model import Loaded, context_of, load, num_tokens_of
from llamoco_tune.openings import read_openings
from llamoco_tune.quiet import quiet_transformers
from llamoco_tune.records import TuningError
from llamoco_tune.tokens import Template, check_known, text_of
from llamoco_tune.trie import Trie


def read_usual(name: str, prompts: list[str], problem: str) -> Reading:
    """What a model in a folder, or on the hub, makes of a problem.

    Args:
        prompts: prompts of the problem; programs are written for the first.
        problem: text of the problem alone.

    Raises:
        TuningError: there is no such model, or the prompt is too long for it.
    """
    quiet_transformers()
    loaded, openings = load(name), read_openings(name)
    prompts_ids = Template.of(loaded.tokenizer).prompts_ids(prompts if openings else prompts[:1])
    for ids in prompts_ids:
        check_room(len(ids), context_of(loaded.model), name)
    check_known(prompts_ids, num_tokens_of(loaded.model))
    num_tokens = len(loaded.tokenizer(problem, add_special_tokens=False)["input_ids"])
    if openings is None:
        return Reading((), np.zeros(0), _written(loaded, prompts_ids[0], [("", [])]), num_tokens)
    trie = Trie.of(openings)
    longest, most = max(map(len, prompts_ids)), longest_scored(loaded.model, trie)
    if longest > most:
        raise TuningError(
            f"the problem makes a prompt of {longest:,} tokens, and {name} can choose an optimizer behind {most:,} at "
            "most, since some of its layers see no more; state it more briefly, for example without long tables of data"
        )
    loaded.model.eval()
    inside_forward(loaded.model)
    log_K = averaged(choice_log_probabilities(loaded.model, trie, prompts_ids))
    names = [openings.optimizers[place] for place in in_order(log_K)]
    ordered = [(optimizer, list(openings.begun(optimizer))) for optimizer in names]
    return Reading(openings.optimizers, log_K, _written(loaded, prompts_ids[0], ordered), num_tokens)


def _written(loaded: Loaded, prompt: list[int], openings: list[tuple[str, list[int]]]) -> Iterator[tuple[str, str]]:
    model: Any = loaded.model
    for optimizer, opening in openings:
        config = DecodingConfig(max_new_tokens=MOST_NEW_TOKENS)
        (row,) = write(model, loaded.tokenizer, [[*prompt, *opening]], config)
        yield optimizer, text_of(loaded.tokenizer, [*opening, *row.ids])
