# pyright: reportExplicitAny=false
"""Checks a base before the first step: whether our loss is its own, and whether it keeps packed rows apart.

Both are measured on rows of random tokens, since no configuration tells them. A base whose loss would be wrong is
refused.
"""

import contextlib
import os
from collections.abc import Generator, Sequence
from typing import Any

import torch
from torch import Tensor

from llamoco_tune.choice import prompt_batch, scored_openings
from llamoco_tune.forward import hidden_states, own_logits
from llamoco_tune.openings import Openings
from llamoco_tune.records import TuningError
from llamoco_tune.trie import Trie

LENGTHS = (11, 17)
"""Lengths in tokens of the two rows that are tried, packed into one sequence or padded to the longer."""
CLOSE_NATS = {2: 0.2, 4: 1e-4}
"""Largest mean difference of log-likelihoods, in nats, that rounding explains, by bytes of a weight."""


@torch.no_grad()
def check_loss(model: Any) -> None:
    """Compares the likelihoods of tokens in padded rows with those that the model's own call gives for each row alone.

    Raises:
        TuningError: they differ, so our loss would not be the model's; or its weights are not finite.
    """
    with _where_it_is_fast(model):
        rows = _rows(model)
        own = _own_likelihoods(model, rows)
        if not own.isfinite().all():
            raise TuningError("the base gives tokens a likelihood that is not finite: its weights are damaged")
        longest = max(LENGTHS)
        ids_BT = torch.stack([torch.nn.functional.pad(row, (0, longest - len(row))) for row in rows])
        positions_BT = torch.arange(longest, device=ids_BT.device).expand_as(ids_BT)
        apart = _apart(own, _likelihoods(model, ids_BT, positions_BT, rows))
    if apart > _close(model):
        raise TuningError(
            f"the base gives tokens another likelihood in a batch than alone, by {apart:.2g} nats: it is no causal "
            "model, or computes in a way that is not supported; take another base"
        )


@torch.no_grad()
def keeps_packed_rows_apart(model: Any) -> bool:
    """Whether a row is as likely behind another one in the same sequence as alone.

    Some architectures derive the attention mask from positions that start anew. Many ignore positions, and recurrent
    ones carry their state from row to row.
    """
    with _where_it_is_fast(model):
        rows = _rows(model)
        ids_1T = torch.cat(rows)[None]
        positions_1T = torch.cat([torch.arange(len(row), device=row.device) for row in rows])[None]
        return _apart(_own_likelihoods(model, rows), _likelihoods(model, ids_1T, positions_1T, rows)) <= _close(model)


@torch.no_grad()
def check_choice(model: Any) -> None:
    """Compares the likelihoods of a few openings behind one prompt with those of each opening alone.

    Raises:
        TuningError: they differ, because the base's attention has a mask of its own, or it has no attention.
    """
    with _where_it_is_fast(model):
        rows = _rows(model)
        ids = rows[1].tolist()
        openings = Openings(by_optimizer={"a": ids[:3], "b": [*ids[:2], *ids[3:5]], "c": ids[4:6]})
        trie = Trie.of(openings)
        batch = {name: value.to(model.device) for name, value in prompt_batch([row.tolist() for row in rows]).items()}
        try:
            together_BK = scored_openings(model, trie, batch).likelihoods
        except (RuntimeError, ValueError, TypeError, IndexError):
            together_BK = None
        alone_BK = torch.stack(
            [torch.stack([_alone(model, row, openings.by_optimizer[k]) for k in "abc"]) for row in rows]
        )
    if together_BK is None or _apart(together_BK, alone_BK) > _close(model) * len(ids):
        raise TuningError(
            "the base cannot score several openings behind one prompt, since its attention takes no mask from outside; "
            "teach with --choice none, or take another base"
        )


def _alone(model: Any, prompt_T: Tensor, opening: Sequence[int]) -> Tensor:
    """Log-likelihood of an opening behind a prompt, by the model's own call."""
    ids_T = torch.cat([prompt_T, torch.tensor(opening, device=prompt_T.device)])
    return _of_tokens(model(input_ids=ids_T[None], use_cache=False).logits[0], ids_T)[len(prompt_T) - 1 :].sum()


def _rows(model: Any) -> list[Tensor]:
    embedding = model.get_input_embeddings()
    random = torch.Generator().manual_seed(0)
    rows = [torch.randint(len(embedding.weight), (length,), generator=random) for length in LENGTHS]
    return [row.to(embedding.weight.device) for row in rows]


def _own_likelihoods(model: Any, rows: Sequence[Tensor]) -> Tensor:
    logits = [model(input_ids=row[None], use_cache=False).logits[0] for row in rows]
    return torch.cat([_of_tokens(each, row) for each, row in zip(logits, rows, strict=True)])


def _likelihoods(model: Any, ids_BT: Tensor, position_ids_BT: Tensor, rows: Sequence[Tensor]) -> Tensor:
    """Log-likelihoods of the rows' tokens in a batch, where each row has its own sequence or all follow in one."""
    hidden_BTH = hidden_states(model, ids_BT, position_ids_BT)
    logits_NV = own_logits(model, hidden_BTH.flatten(0, 1))
    begins = torch.where(position_ids_BT.flatten() == 0)[0].tolist()
    return torch.cat(
        [_of_tokens(logits_NV[begin : begin + len(row)], row) for begin, row in zip(begins, rows, strict=True)]
    )


def _of_tokens(logits_TV: Tensor, ids_T: Tensor) -> Tensor:
    return logits_TV.float().log_softmax(-1)[:-1].gather(1, ids_T[1:, None])[:, 0]


def _apart(one_N: Tensor, other_N: Tensor) -> float:
    return float((one_N - other_N).abs().mean())


def _close(model: Any) -> float:
    return CLOSE_NATS[min(4, model.get_input_embeddings().weight.element_size())]


@contextlib.contextmanager
def _where_it_is_fast(model: Any) -> Generator[None]:
    """Keeps a model on this process's GPU inside the context, if there is a GPU with room."""
    before = model.device
    if torch.cuda.is_available():
        try:
            model.to(f"cuda:{os.environ.get('LOCAL_RANK', '0')}")
        except torch.OutOfMemoryError:
            model.to(before)
    try:
        yield
    finally:
        model.to(before)
