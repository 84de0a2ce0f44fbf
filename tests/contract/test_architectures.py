"""Every architecture's loss is the one that transformers computes, of padded rows and of packed ones."""

import pytest
import torch
from torch import Tensor

from llamoco_tune.base_checks import check_loss, keeps_packed_rows_apart
from llamoco_tune.batches import IGNORED, packed, stacked
from llamoco_tune.forward import answer_nats
from llamoco_tune.records import TuningError
from tests.tiny_models import ARCHITECTURES, BOTH_WAYS, ROWS_SEE_EACH_OTHER, tiny
from tests.tuning_rows import encoded

# Two layers of a state space model without its kernels, which only warn that they are slow.
pytestmark = [pytest.mark.contract, pytest.mark.filterwarnings("ignore::UserWarning")]

ROWS = [encoded(11, 4, 0), encoded(17, 6, 1), encoded(9, 3, 2)]


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def nats_by_the_model(model) -> Tensor:
    """The loss that the model itself gives with labels, in nats, of each row by itself."""
    batches = [stacked([packed([row], len(row.ids))]) for row in ROWS]
    losses = [
        model(input_ids=batch["input_ids"], labels=batch["labels"], use_cache=False).loss
        * (batch["labels"][:, 1:] != IGNORED).sum()
        for batch in batches
    ]
    return torch.stack(losses).sum()


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_loss_and_gradient_are_those_of_the_model_itself_padded_and_packed_where_it_packs(kind):
    model = tiny(kind)
    expected = nats_by_the_model(model)
    expected.backward()
    wanted = {name: parameter.grad for name, parameter in model.named_parameters()}
    model.zero_grad(set_to_none=True)
    found = answer_nats(7)(model, stacked([packed([row], 20) for row in ROWS]))
    found.backward()
    assert torch.allclose(found, expected, rtol=1e-5)
    check_loss(model)
    keeps_apart = keeps_packed_rows_apart(model)
    assert keeps_apart == (kind not in ROWS_SEE_EACH_OTHER)
    if keeps_apart:
        assert torch.allclose(answer_nats(7)(model, stacked([packed(ROWS, 40)])), expected, rtol=1e-5)
    for name, parameter in model.named_parameters():
        if wanted[name] is not None:
            assert torch.allclose(parameter.grad, wanted[name], rtol=1e-3, atol=1e-4), name


@pytest.mark.parametrize("kind", BOTH_WAYS)
def test_base_whose_tokens_see_what_follows_is_refused(kind):
    with pytest.raises(TuningError, match="no causal model"):
        check_loss(tiny(kind))


def test_base_with_weights_that_are_not_finite_is_refused():
    model = tiny("llama")
    model.get_input_embeddings().weight.data[7] = float("nan")
    with pytest.raises(TuningError, match="not finite"):
        check_loss(model)
