"""The losses against their formulas, against other libraries, and against what must not change them."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from llamoco_tune.losses import answer_loss, batch_info_nce, distances, info_nce, margin_loss

pytestmark = pytest.mark.unit


def vectors(count: int, width: int = 8, seed: int = 0) -> Tensor:
    return torch.randn(count, width, generator=torch.Generator().manual_seed(seed)).requires_grad_()


def test_margin_loss_is_that_of_the_paper():
    x = vectors(4)
    labels = torch.tensor([0, 0, 1, 1])
    expected = []
    for i in range(4):
        for j in range(i + 1, 4):
            g = (1 - functional.cosine_similarity(x[i], x[j], dim=0)) / 2
            expected.append(g if labels[i] == labels[j] else torch.clamp(0.3 - g, min=0))
    assert torch.allclose(margin_loss(x, labels, 0.3), torch.stack(expected).mean())


def test_distances_lie_between_the_same_direction_and_the_opposite_one():
    x = torch.tensor([[1.0, 0.0], [2.0, 0.0], [-3.0, 0.0], [0.0, 1.0]])
    assert torch.allclose(distances(x)[0], torch.tensor([0.0, 0.0, 1.0, 0.5]), atol=1e-6)


def test_info_nce_equals_sentence_transformers_in_value_and_gradient():
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss  # noqa: PLC0415 - slow

    anchors, positives = vectors(6, seed=1), vectors(6, seed=2)
    nothing: Any = None
    oracle = MultipleNegativesRankingLoss(model=nothing, scale=20.0)
    theirs = oracle.compute_loss_from_embeddings([anchors, positives], nothing)
    gradients = torch.autograd.grad(theirs, (anchors, positives))
    same = torch.eye(6, dtype=torch.bool)
    ours = info_nce(anchors, positives, same, ~same, temperature=1 / 20)
    assert torch.allclose(ours, theirs, atol=1e-6)
    for mine, other in zip(torch.autograd.grad(ours, (anchors, positives)), gradients, strict=True):
        assert torch.allclose(mine, other, atol=1e-6)


def test_info_nce_leaves_rows_with_the_same_optimizer_out_of_the_negatives():
    x = vectors(5)
    labels, problems = torch.tensor([0, 0, 0, 1, 2]), torch.arange(5)
    similar = functional.normalize(x, dim=-1) @ functional.normalize(x, dim=-1).T / 0.1
    expected = []
    for i, p in [(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)]:
        negatives = similar[i][labels != labels[i]]
        expected.append(torch.logsumexp(torch.cat([similar[i, p][None], negatives]), 0) - similar[i, p])
    assert torch.allclose(batch_info_nce(x, labels, problems, 0.1), torch.stack(expected).mean(), atol=1e-5)


def test_info_nce_takes_two_statements_of_one_problem_for_no_pair():
    x = vectors(4)
    labels = torch.tensor([0, 0, 1, 1])
    alone = batch_info_nce(x, labels, torch.tensor([0, 0, 1, 1]), 0.1)
    assert alone.item() == 0.0
    assert batch_info_nce(x, labels, torch.arange(4), 0.1).item() > 0.0


def test_contrastive_losses_are_computed_in_32_bits_under_mixed_precision():
    x = 1 + 0.02 * vectors(8)
    labels, problems = torch.arange(8) % 3, torch.arange(8)
    exact = batch_info_nce(x, labels, problems, 0.05), margin_loss(x, labels, 0.3)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = batch_info_nce(x, labels, problems, 0.05), margin_loss(x, labels, 0.3)
    assert all(torch.equal(one, other) for one, other in zip(exact, mixed, strict=True))


def test_info_nce_without_negatives_is_zero_and_finite():
    x = vectors(3)
    loss = batch_info_nce(x, torch.zeros(3, dtype=torch.int64), torch.arange(3), 0.1)
    loss.backward()
    assert loss.item() == 0.0
    assert x.grad is not None
    assert torch.isfinite(x.grad).all()


@pytest.mark.parametrize("chunk", [1, 3, 1_000])
def test_answer_loss_in_chunks_is_cross_entropy_on_the_answer(chunk: int):
    hidden = torch.randn(2, 7, 8, requires_grad=True)
    head = torch.nn.Linear(8, 11, bias=False)
    labels = torch.randint(0, 11, (2, 7))
    labels[:, :3] = -100
    labels[1, 5:] = -100
    expected = functional.cross_entropy(
        head(hidden)[:, :-1].reshape(-1, 11), labels[:, 1:].reshape(-1), ignore_index=-100, reduction="sum"
    )
    gradients = torch.autograd.grad(expected, (hidden, head.weight))
    ours = answer_loss(hidden, labels, head, ignored=-100, chunk=chunk)
    assert torch.allclose(ours, expected, rtol=1e-5)
    for mine, other in zip(torch.autograd.grad(ours, (hidden, head.weight)), gradients, strict=True):
        assert torch.allclose(mine, other, rtol=1e-4, atol=1e-6)


def test_answer_loss_without_an_answer_is_zero():
    hidden = torch.randn(1, 4, 8, requires_grad=True)
    assert answer_loss(hidden, torch.full((1, 4), -100), torch.nn.Linear(8, 5), ignored=-100).item() == 0.0
