"""Reads a problem with a small Llama in NumPy: torch and transformers, whose import takes seconds, are not needed."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from tokenizers import Tokenizer

from llamoco_tune.asking.llama import CONFIG_FILE, Array, Llama, Memory, is_small_llama, read_json
from llamoco_tune.asking.reading import MOST_NEW_TOKENS, Reading, averaged, check_room, in_order
from llamoco_tune.openings import Openings, read_openings
from llamoco_tune.plain import PLAIN
from llamoco_tune.records import TuningError

TOKENIZER_FILE = "tokenizer.json"
SETTINGS_FILE = "tokenizer_config.json"
THREADS = 1
"""Threads of a product of matrices: these are so small that threads cost more than they gain."""


def is_small(folder: Path) -> bool:
    """Whether a folder holds what `read_small` reads: a small Llama, with a tokenizer without a chat template."""
    if not is_small_llama(folder) or not (folder / TOKENIZER_FILE).is_file():
        return False
    settings = read_json(folder / SETTINGS_FILE)
    has_chat = "chat_template" in settings or (folder / "chat_template.jinja").exists()
    return not has_chat and isinstance(settings.get("eos_token"), str)


def read_small(folder: Path, name: str, prompts: list[str], problem: str) -> Reading:
    """What the model in a folder makes of a problem.

    Args:
        name: name of the model, for messages.
        prompts: prompts of the problem; programs are written for the first.
        problem: text of the problem alone.

    Raises:
        TuningError: the model is damaged, or the prompt is too long for it.
    """
    model, openings = Llama.read(folder), read_openings(str(folder))
    tokenizer = _tokenizer(folder / TOKENIZER_FILE)
    special = {token for token, added in tokenizer.get_added_tokens_decoder().items() if added.special}
    ends = _ends(folder, tokenizer)
    prompts_ids = [_without_end(tokenizer.encode(PLAIN.format(prompt=each)).ids, special) for each in prompts]
    for ids in prompts_ids:
        check_room(len(ids), model.shape.max_position_embeddings, name)
        if max(ids) >= model.num_known:
            raise TuningError(
                f"the tokenizer of {name} gives tokens that the model does not know; copy the model again"
            )
    with threadpool_limits(THREADS):
        begun = [model.begin(ids) for ids in (prompts_ids if openings else prompts_ids[:1])]
    num_tokens = len(tokenizer.encode(problem, add_special_tokens=False).ids)
    if openings is None:
        return Reading((), np.zeros(0), _written(model, tokenizer, ends, begun[0], [("", ())]), num_tokens)
    log_K = averaged(np.stack([choices(model, openings, *each) for each in begun]))
    names = [openings.optimizers[place] for place in in_order(log_K)]
    ordered = [(optimizer, openings.begun(optimizer)) for optimizer in names]
    return Reading(openings.optimizers, log_K, _written(model, tokenizer, ends, begun[0], ordered), num_tokens)


def choices(model: Llama, openings: Openings, logits_1V: Array, memory: Memory) -> NDArray[np.float64]:
    """Log-probability of each opening if the model can go on with openings alone, (K,), as in `llamoco_tune.choice`."""
    paths = [tuple(openings.by_optimizer[name]) for name in openings.optimizers]
    found_K = np.zeros(len(paths))
    nodes: list[tuple[int, ...]] = [()]
    logits_NV = logits_1V
    while nodes:
        for node, logits_V in zip(nodes, logits_NV, strict=True):
            below = [k for k, path in enumerate(paths) if len(path) > len(node) and path[: len(node)] == node]
            tokens = sorted({paths[k][len(node)] for k in below})
            edges = logits_V[tokens].astype(np.float64)
            edges -= np.logaddexp.reduce(edges)
            for k in below:
                found_K[k] += edges[tokens.index(paths[k][len(node)])]
        deeper = sorted({path[: len(nodes[0]) + 1] for path in paths if len(path) > len(nodes[0]) + 1})
        if deeper:
            memory = memory.rows([nodes.index(node[:-1]) for node in deeper])
            logits_NV, memory = model.step([node[-1] for node in deeper], memory)
        nodes = deeper
    return found_K


def _written(
    model: Llama,
    tokenizer: Tokenizer,
    ends: set[int],
    begun: tuple[Array, Memory],
    openings: list[tuple[str, tuple[int, ...]]],
) -> Iterator[tuple[str, str]]:
    """What the model writes behind each opening, taking the likeliest token each time."""
    for optimizer, opening in openings:
        yield optimizer, tokenizer.decode(_ids_behind(model, ends, begun, opening), skip_special_tokens=False)


def _ids_behind(model: Llama, ends: set[int], begun: tuple[Array, Memory], opening: tuple[int, ...]) -> list[int]:
    """An opening and the tokens that follow it, without the one that ends the answer."""
    logits_1V, memory = begun
    ids: list[int] = []
    room = min(MOST_NEW_TOKENS, model.shape.max_position_embeddings - memory.num_tokens)
    with threadpool_limits(THREADS):
        while len(ids) < room:
            token = opening[len(ids)] if len(ids) < len(opening) else int(logits_1V[0].argmax())
            if token in ends:
                break
            ids.append(token)
            logits_1V, memory = model.step([token], memory)
    return ids


def _tokenizer(file: Path) -> Tokenizer:
    try:
        return Tokenizer.from_file(str(file))
    except Exception:  # noqa: BLE001 - the library raises nothing more special
        raise TuningError(f"{file} is damaged, or was not copied to its end; fetch or copy it again") from None


def _ends(folder: Path, tokenizer: Tokenizer) -> set[int]:
    """Tokens that end an answer: the tokenizer's, and those of the model's own settings."""
    named = [read_json(folder / file).get("eos_token_id") for file in (CONFIG_FILE, "generation_config.json")]
    listed = [each for one in named for each in (one if isinstance(one, list) else [one])]
    token = tokenizer.token_to_id(str(read_json(folder / SETTINGS_FILE)["eos_token"]))
    return {each for each in (token, *listed) if isinstance(each, int)}


def _without_end(ids: list[int], special: set[int]) -> list[int]:
    """A prompt without the token that some tokenizers end every text with."""
    while ids and ids[-1] in special:
        ids = ids[:-1]
    return ids
