"""The losses of both phases as plain functions of tensors: the paper's margin loss, InfoNCE, the loss of answers."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

ANSWER_CHUNK = 512
"""Number of positions whose logits are in memory at once: 100 MB for a vocabulary of 50,000."""


def distances(embeddings_BH: Tensor) -> Tensor:
    """G = (1 - cosine) / 2 of every pair, (B, B): 0 for the same direction, 1 for the opposite one."""
    return (1 - cosines(embeddings_BH, embeddings_BH)) / 2


def cosines(one_MH: Tensor, other_NH: Tensor) -> Tensor:
    """Cosine of every pair, (M, N), in 32 bits whatever the mixed precision.

    The cosines of an untuned base differ in the third digit, which bfloat16 does not keep.
    """
    with torch.autocast(one_MH.device.type, enabled=False):
        return functional.normalize(one_MH.float(), dim=-1) @ functional.normalize(other_NH.float(), dim=-1).T


def margin_loss(embeddings_BH: Tensor, labels_B: Tensor, margin: float) -> Tensor:
    """The contrastive loss of Ma et al. (arXiv 2403.01131), mean over the pairs of a batch.

    The loss of a pair is G if both have the same optimizer, and max(0, margin - G) otherwise.

    Args:
        labels_B: number of each row's best optimizer.
        margin: phi.
    """
    pairs_BB = torch.triu(torch.ones_like(labels_B[:, None] * labels_B, dtype=torch.bool), diagonal=1)
    same_BB = labels_B[:, None] == labels_B
    distance_BB = distances(embeddings_BH)
    loss_BB = torch.where(same_BB, distance_BB, functional.relu(margin - distance_BB))
    return loss_BB[pairs_BB].mean()


def info_nce(
    anchors_MH: Tensor, candidates_NH: Tensor, positive_MN: Tensor, negative_MN: Tensor, temperature: float
) -> Tensor:
    """InfoNCE (van den Oord et al., arXiv 1807.03748) over masked pairs, mean over the positive pairs.

    A candidate that is neither positive nor negative for an anchor is left out: with few optimizers many rows of a
    batch share one, and must not push each other away. Without a positive pair the loss is 0.

    Args:
        positive_MN, negative_MN: bool, disjoint.
    """
    logit_MN = cosines(anchors_MH, candidates_NH) / temperature
    others_M1 = torch.logsumexp(logit_MN.masked_fill(~negative_MN, -torch.inf), dim=1, keepdim=True)
    loss_MN = torch.logaddexp(logit_MN, others_M1) - logit_MN
    return loss_MN[positive_MN].sum() / positive_MN.sum().clamp(min=1)


def batch_info_nce(embeddings_BH: Tensor, labels_B: Tensor, problems_B: Tensor, temperature: float) -> Tensor:
    """InfoNCE within a batch: rows with the same optimizer attract each other, others repel each other.

    Two statements of one problem are no pair: that they belong together tells nothing about optimizers.
    """
    same_BB = labels_B[:, None] == labels_B
    other_problem_BB = problems_B[:, None] != problems_B
    return info_nce(embeddings_BH, embeddings_BH, same_BB & other_problem_BB, ~same_BB, temperature)


def profile_info_nce(
    embeddings_BH: Tensor, profiles_BK: Tensor, problems_B: Tensor, temperature: float, width: float
) -> Tensor:
    """InfoNCE with soft targets: rows are to be as near as the scores of all optimizers on their problems are alike.

    The target of a row is softmax(-d / width) over the rows of other problems, where d is the root mean square of the
    differences of scores; the loss is the mean cross-entropy with it.

    Args:
        profiles_BK: score of each optimizer on the row's problem.
        width: difference of scores that makes a row e times less alike.
    """
    same_BB = problems_B[:, None] == problems_B
    with torch.autocast(embeddings_BH.device.type, enabled=False):
        apart_BB = (profiles_BK[:, None] - profiles_BK[None]).float().square().mean(-1).sqrt()
    # A finite number in place of infinity: a row without any other problem would give NaN.
    target_BB = (-apart_BB / width).masked_fill(same_BB, -1e4).softmax(-1)
    logits_BB = (cosines(embeddings_BH, embeddings_BH) / temperature).masked_fill(same_BB, -1e4)
    return -(target_BB * logits_BB.log_softmax(-1)).masked_fill(same_BB, 0.0).sum(-1).mean()


def choice_loss(choices_BK: Tensor, targets_BK: Tensor) -> Tensor:
    """Cross-entropy of the choice among openings with soft targets, summed over the rows, in nats.

    Args:
        choices_BK: log-probabilities of the openings.
        targets_BK: mass of each optimizer; a row of zeros costs nothing.
    """
    return -(targets_BK * choices_BK).sum()


def expected_score_loss(choices_BK: Tensor, scores_BK: Tensor) -> Tensor:
    """Minus the expected score of the choice, summed over the rows."""
    return -(scores_BK * choices_BK.exp()).sum()


def unopened_nats(choices_BK: Tensor, likelihoods_BK: Tensor, targets_BK: Tensor) -> Tensor:
    """What it costs that the model might leave the openings, summed over the rows, in nats.

    Added to `choice_loss` it gives the cross-entropy of the language model's own text; it lets a model open its answers
    where nothing holds it to the openings.
    """
    return (targets_BK * (choices_BK - likelihoods_BK)).sum()


def answer_loss(
    hidden_BTH: Tensor, labels_BT: Tensor, head: Callable[[Tensor], Tensor], *, ignored: int, chunk: int = ANSWER_CHUNK
) -> Tensor:
    """The summed negative log-likelihood of the labelled tokens, in nats.

    Logits are computed at the positions that predict a labelled token, a chunk at a time, and again in the backward
    pass, so that at most `chunk` rows of logits exist at a time.

    Args:
        labels_BT: the token at each position that is to be predicted from the one before, and `ignored` elsewhere.
        head: (N, H) -> (N, V), the model's output layer.
    """
    wanted_BT = labels_BT[:, 1:] != ignored
    hidden_NH, labels_N = hidden_BTH[:, :-1][wanted_BT], labels_BT[:, 1:][wanted_BT]
    total = hidden_NH.new_zeros((), dtype=torch.float32)
    for part_NH, part_N in zip(hidden_NH.split(chunk), labels_N.split(chunk), strict=True):
        total = total + checkpoint(_chunk_loss, part_NH, part_N, head, use_reentrant=False)
    return total


def _chunk_loss(hidden_NH: Tensor, labels_N: Tensor, head: Callable[[Tensor], Tensor]) -> Tensor:
    return functional.cross_entropy(head(hidden_NH).float(), labels_N, reduction="sum")
