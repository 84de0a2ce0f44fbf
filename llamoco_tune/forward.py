# pyright: reportExplicitAny=false
"""Computes what a loss needs from a model: hidden states, embeddings, and the loss of answers by the model's own head.

It knows no architecture: a scale, soft cap or projection after the last layer is computed by the model's own code.
"""

import contextlib
import inspect
from collections.abc import Callable, Generator
from typing import Any

import torch
from torch import Tensor
from transformers.modeling_outputs import BaseModelOutputWithPast

from llamoco_tune.batches import IGNORED, Batch
from llamoco_tune.losses import ANSWER_CHUNK, answer_loss


def inside_forward(model: Any) -> None:
    """Gives a model a second way to be called: `model(inside=f, batch=b)` is `f(model, b)`.

    All that a loss needs, hidden states and logits, is then computed within the model's forward. So data-parallel and
    sharding wrappers, compilation and mixed precision see one ordinary call of the whole model.
    """
    plain = model.forward

    def forward(
        *arguments: Any,
        inside: Callable[[Any, dict[str, Tensor]], Tensor] | None = None,
        batch: dict[str, Tensor] | None = None,
        **named: Any,
    ) -> Any:
        return plain(*arguments, **named) if inside is None else inside(model, batch or {})

    model.forward = forward


def decoder_of(model: Any) -> Any:
    """The layers below the head, which turn tokens into hidden states."""
    found = model.get_decoder()
    # A model may call its head's last layer a decoder.
    return found if "input_ids" in _parameters(found) else _below_head(model)


def hidden_states(model: Any, input_ids_BT: Tensor, position_ids_BT: Tensor) -> Tensor:
    """Hidden states (B, T, H) after the last layer and its norm, as the output layer takes them.

    There is no mask: rows are packed, with positions that start anew, or padded on the right, which no row sees. There
    is no cache either: with one, packed rows would silently see each other.

    Args:
        position_ids_BT: ignored by a model that takes none; rows of such a model cannot be packed.
    """
    decoder = decoder_of(model)
    positions = {"position_ids": position_ids_BT} if "position_ids" in _parameters(decoder) else {}
    return decoder(input_ids=input_ids_BT, use_cache=False, **positions).last_hidden_state


def embeddings(model: Any, input_ids_BT: Tensor, lengths_B: Tensor) -> Tensor:
    """Hidden states (B, H) at the last token of each row, which has seen the whole row.

    Args:
        input_ids_BT: rows, padded on the right.
        lengths_B: number of tokens of each row.
    """
    positions_BT = torch.arange(input_ids_BT.shape[1], device=input_ids_BT.device).expand_as(input_ids_BT)
    hidden_BTH = hidden_states(model, input_ids_BT, positions_BT)
    return hidden_BTH[torch.arange(len(lengths_B), device=lengths_B.device), lengths_B - 1]


def mean_states(model: Any, input_ids_BT: Tensor, lengths_B: Tensor) -> Tensor:
    """The mean (B, H) of the hidden states of all tokens of each row, in 32 bits.

    Args:
        input_ids_BT: rows, padded on the right.
        lengths_B: number of tokens of each row.
    """
    positions_BT = torch.arange(input_ids_BT.shape[1], device=input_ids_BT.device).expand_as(input_ids_BT)
    hidden_BTH = hidden_states(model, input_ids_BT, positions_BT).float()
    inside_BT1 = (positions_BT < lengths_B[:, None])[..., None]
    return torch.where(inside_BT1, hidden_BTH, 0.0).sum(1) / lengths_B[:, None]


def own_logits(model: Any, hidden_NH: Tensor) -> Tensor:
    """Logits (N, V) that the model's own forward computes from given hidden states.

    The class's forward runs while the layers below its head return these hidden states. So whatever the model does
    between its last layer and its logits is done here too.
    """
    with contextlib.ExitStack() as answered:
        for below in {id(module): module for module in (_below_head(model), decoder_of(model))}.values():
            answered.enter_context(_answering(below, hidden_NH[None]))
        tokens_1N = torch.zeros(1, len(hidden_NH), dtype=torch.long, device=hidden_NH.device)
        return type(model).forward(model, input_ids=tokens_1N, use_cache=False).logits[0]


def answer_nats(chunk: int = ANSWER_CHUNK) -> Callable[[Any, Batch], Tensor]:
    """Returns the summed loss of a batch's answers, in nats, to be computed inside the model's forward.

    Args:
        chunk: number of positions whose logits are in memory at once.
    """

    def nats(model: Any, batch: Batch) -> Tensor:
        hidden_BTH = hidden_states(model, batch["input_ids"], batch["position_ids"])
        return nats_of_answers(model, hidden_BTH, batch["labels"], chunk=chunk)

    return nats


def nats_of_answers(model: Any, hidden_BTH: Tensor, labels_BT: Tensor, *, chunk: int = ANSWER_CHUNK) -> Tensor:
    """The summed loss of the labelled tokens, in nats, from given hidden states."""

    def head(hidden_NH: Tensor) -> Tensor:
        return own_logits(model, hidden_NH)

    return answer_loss(hidden_BTH, labels_BT, head, ignored=IGNORED, chunk=chunk)


@contextlib.contextmanager
def _answering(module: Any, hidden_BTH: Tensor) -> Generator[None]:
    """Makes a module return these hidden states inside the context, whatever it is called with."""
    usual = vars(module).get("forward")
    module.forward = lambda *_, **__: _Known(last_hidden_state=hidden_BTH)
    try:
        yield
    finally:
        if usual is None:
            del module.forward
        else:
            module.forward = usual


def _below_head(model: Any) -> Any:
    """All of a model but its head: the decoder, or the module around it; models call one or the other."""
    below = model.base_model
    return model.get_decoder() if below is model else below


def _parameters(module: Any) -> Any:
    return inspect.signature(type(module).forward).parameters


class _Known(BaseModelOutputWithPast):
    """An output with hidden states; every other attribute, such as router logits, is None."""

    def __getattr__(self, name: str) -> None:
        if name.startswith("_"):
            raise AttributeError(name)
