# pyright: reportExplicitAny=false
"""Scores all openings behind prompts at once, within the model's own forward, so that it can be trained.

The trie of the openings follows each prompt in one sequence. A mask lets each of its tokens see the prompt and those
above it, and positions go on from the prompt, so each opening is as likely as if it stood there alone. A choice is
made wherever openings part: the model's probabilities of the tokens with which they go on, normalised over these.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from llamoco_tune.batches import ROUND, Batch, rounded
from llamoco_tune.forward import decoder_of, own_logits
from llamoco_tune.model import context_of, window_of
from llamoco_tune.records import TuningError
from llamoco_tune.tokens import Encoded
from llamoco_tune.trie import Trie

ROWS_OF_LOGITS = 2_048
"""Number of positions whose logits are in memory at once, about as in the loss of answers."""


def prompt_batch(prompts: Sequence[Sequence[int] | NDArray[np.int64]]) -> Batch:
    """Prompts as a batch: input_ids (B, T), padded on the right to a multiple of `ROUND`, and lengths (B,)."""
    longest = rounded(max(len(prompt) for prompt in prompts))
    ids_BT = torch.zeros(len(prompts), longest, dtype=torch.int64)
    for place, prompt in enumerate(prompts):
        ids_BT[place, : len(prompt)] = torch.as_tensor(prompt)
    return {"input_ids": ids_BT, "lengths": torch.tensor([len(prompt) for prompt in prompts])}


@dataclass(frozen=True, slots=True)
class Scored:
    """The openings behind each prompt of a batch."""

    choices: Tensor
    """Log-probability of each opening if the model can go on with openings alone, (B, K); they sum to 1."""
    likelihoods: Tensor
    """Log-likelihood of each opening as text of the model, (B, K); smaller by what it would write otherwise."""
    states: Tensor
    """Hidden states at the prompts' last tokens, (B, H)."""


def scored_openings(model: Any, trie: Trie, batch: Batch) -> Scored:
    """Scores all openings behind each prompt.

    Args:
        batch: input_ids (B, T), padded on the right, and lengths (B,).
    """
    device = batch["input_ids"].device
    num_prompts, length = batch["input_ids"].shape
    num_nodes = len(trie.tokens)
    hidden_BTH = _hidden(model, trie, batch)
    nodes_B1N = batch["lengths"][:, None] - 1, torch.arange(length, length + num_nodes, device=device)[None]
    places_BN = torch.cat([nodes_B1N[0], nodes_B1N[1].expand(num_prompts, -1)], dim=1)
    states_BNH = hidden_BTH.gather(1, places_BN[..., None].expand(-1, -1, hidden_BTH.shape[-1]))
    edge_nodes_E, edge_tokens_E = trie.edge_nodes.to(device), trie.edge_tokens.to(device)
    leaves_NE = torch.arange(num_nodes + 1, device=device)[:, None] == edge_nodes_E

    def edges(part_BNH: Tensor) -> Tensor:
        """Log-probabilities of edges among those that leave the same node, and among all tokens, (2, B, E)."""
        logits_BNV = own_logits(model, part_BNH.flatten(0, 1)).float().unflatten(0, part_BNH.shape[:2])
        edges_BE = logits_BNV[:, edge_nodes_E, edge_tokens_E]
        among_BN = edges_BE[:, None].masked_fill(~leaves_NE, -torch.inf).logsumexp(-1)
        whole_BN = logits_BNV.logsumexp(-1)
        return torch.stack([edges_BE - among_BN[:, edge_nodes_E], edges_BE - whole_BN[:, edge_nodes_E]])

    parts = states_BNH.split(max(1, ROWS_OF_LOGITS // (num_nodes + 1)))
    edges_2BE = torch.cat([checkpoint(edges, part, use_reentrant=False) for part in parts], dim=1)
    with torch.autocast(device.type, enabled=False):
        choices_BK, likelihoods_BK = edges_2BE @ trie.paths.to(device)
    return Scored(choices_BK, likelihoods_BK, states_BNH[:, 0])


def longest_scored(model: Any, trie: Trie) -> int:
    """Most tokens of a prompt behind which openings can be scored: they fit into the context and into all windows."""
    in_window = _longest_in_window(model, trie)
    in_context = context_of(model) - trie.deepest
    return in_context if in_window is None else min(in_window, in_context)


def check_window(model: Any, trie: Trie, longest: int) -> None:
    """Checks that every layer sees the whole prompt from all openings behind it; these are scored without windows.

    Args:
        longest: tokens of the longest prompt.

    Raises:
        TuningError: a layer does not.
    """
    most = _longest_in_window(model, trie)
    if most is not None and longest > most:
        raise TuningError(
            f"the base cannot score several openings behind one prompt of {longest:,} tokens, since some of its layers "
            f"see only {window_of(model):,} at once; teach with --choice none, or take another base"
        )


def _longest_in_window(model: Any, trie: Trie) -> int | None:
    window = window_of(model)
    if window is None:
        return None
    if hasattr(model.config, "attention_layers"):
        # GPT-Neo counts places of the batch, where padding and all nodes stand, and not positions.
        return (window - len(trie.tokens)) // ROUND * ROUND
    return window - trie.deepest


@torch.inference_mode()
def choice_log_probabilities(
    model: Any,
    trie: Trie,
    prompts: Sequence[Sequence[int] | NDArray[np.int64]],
    *,
    per_batch: int = 16,
    go_on: Callable[[], None] = lambda: None,
) -> NDArray[np.float64]:
    """Log-probability of each optimizer for each prompt, (N, K); the probabilities of a prompt sum to 1.

    Args:
        model: a model that `inside_forward` has prepared.
        go_on: called before each batch; what it raises ends the work.

    Raises:
        TuningError: a layer of the model does not see the longest prompt at once.
    """
    check_window(model, trie, max(map(len, prompts), default=0))
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    found_NK = np.zeros((len(prompts), len(trie.optimizers)))
    for start in range(0, len(order), per_batch):
        go_on()
        places = order[start : start + per_batch]
        batch = {name: value.to(model.device) for name, value in prompt_batch([prompts[i] for i in places]).items()}
        choices_BK = model(inside=lambda m, b: scored_openings(m, trie, b).choices, batch=batch)
        found_NK[places] = choices_BK.double().log_softmax(-1).cpu().numpy()
    return found_NK


def prompts_of(rows: Sequence[Encoded]) -> list[NDArray[np.int64]]:
    """The prompts of rows, as tokens."""
    return [row.ids[: row.num_prompt] for row in rows]


def _hidden(model: Any, trie: Trie, batch: Batch) -> Tensor:
    """Hidden states (B, T + N, H) of the prompts and of the trie's nodes behind each."""
    ids_BT, lengths_B = batch["input_ids"], batch["lengths"]
    device, (num_prompts, length) = ids_BT.device, ids_BT.shape
    nodes_BN = trie.tokens.to(device).expand(num_prompts, -1)
    # Padding may go on beyond the last position that the model knows.
    prompt_BT = torch.arange(length, device=device).minimum(lengths_B[:, None] - 1)
    positions_BT = torch.cat([prompt_BT, lengths_B[:, None] + trie.depths.to(device) - 1], dim=1)
    return decoder_of(model)(
        input_ids=torch.cat([ids_BT, nodes_BN], dim=1),
        position_ids=positions_BT,
        attention_mask=_mask(model, trie, lengths_B, length),
        use_cache=False,
    ).last_hidden_state


def _mask(model: Any, trie: Trie, lengths_B: Tensor, length: int) -> Tensor:
    """What each token sees, (B, 1, T + N, T + N): bool, or for eager attention what is added to its logits."""
    device, num_nodes = lengths_B.device, len(trie.tokens)
    sees_BTT = torch.zeros(len(lengths_B), length + num_nodes, length + num_nodes, dtype=torch.bool, device=device)
    sees_BTT[:, :length, :length] = torch.ones(length, length, dtype=torch.bool, device=device).tril()
    sees_BTT[:, length:, :length] = (torch.arange(length, device=device) < lengths_B[:, None])[:, None]
    sees_BTT[:, length:, length:] = trie.sees.to(device)
    sees_B1TT = sees_BTT[:, None]
    if model.config._attn_implementation == "sdpa":  # noqa: SLF001 - transformers has no public name for it
        return sees_B1TT
    dtype = model.get_input_embeddings().weight.dtype
    return torch.zeros_like(sees_B1TT, dtype=dtype).masked_fill(~sees_B1TT, torch.finfo(dtype).min)
