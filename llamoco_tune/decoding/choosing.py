"""The next token of every row: the likeliest, or one drawn from the nucleus. The caller gives the random numbers."""

from collections.abc import Sequence

import torch
from torch import Tensor

from llamoco_tune.programs import DecodingConfig


def next_tokens(logits_BV: Tensor, config: DecodingConfig, draws_B: Sequence[float]) -> list[int]:
    """A token for each row.

    Args:
        draws_B: a uniform random number in [0, 1) for each row, on which its token alone depends.
    """
    if config.is_greedy:
        return logits_BV.argmax(-1).tolist()
    return _sampled(logits_BV.float() / config.temperature, config.top_p, draws_B).tolist()


def _sampled(logits_BV: Tensor, top_p: float, draws_B: Sequence[float]) -> Tensor:
    # Nucleus sampling (Holtzman et al., arXiv 1904.09751): the fewest tokens that hold top_p of the probability.
    probabilities_BV, order_BV = logits_BV.softmax(-1).sort(-1, descending=True)
    reached_BV = probabilities_BV.cumsum(-1)
    last_B1 = ((reached_BV - probabilities_BV < top_p).sum(-1, keepdim=True) - 1).clamp(min=0)
    draws_B1 = torch.tensor(draws_B, device=logits_BV.device, dtype=reached_BV.dtype)[:, None]
    wanted_B1 = draws_B1 * reached_BV.gather(-1, last_B1)
    chosen_B1 = torch.searchsorted(reached_BV, wanted_B1, right=True).minimum(last_B1)
    return order_BV.gather(-1, chosen_B1)[:, 0]
