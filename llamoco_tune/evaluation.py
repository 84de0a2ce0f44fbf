# pyright: reportExplicitAny=false
"""Evaluates a model while it is taught: its loss by family of the answer, and programs that it writes.

Only validation rows are used. Every process of a distributed run does the same work, so that sharded weights can be
gathered.
"""

import ast
import contextlib
from collections import defaultdict
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

import torch
from pydantic import Field

from llamoco_tune.batches import Batch, packed, stacked
from llamoco_tune.decoding import DecodingConfig, write
from llamoco_tune.extraction import defines_minimize, parsed, program_of
from llamoco_tune.forward import answer_nats
from llamoco_tune.records import Record
from llamoco_tune.tokens import Encoded, text_of


class EvaluationConfig(Record):
    """Rows and programs of an evaluation."""

    num_rows: int = Field(default=64, ge=1)
    """Number of validation rows whose loss is computed, spread evenly over the split."""
    num_programs: int = Field(default=4, ge=0)
    """Number of these rows for whose prompt the model writes a program."""
    programs_every: int = Field(default=1, ge=1)
    """Number of evaluations from one with programs to the next; the last evaluation always has programs."""
    max_new_tokens: int = Field(default=1_400, ge=1)
    """Most tokens of a program; longer ones are cut off and count as not parsing."""


def spread(rows: Sequence[Encoded], count: int) -> tuple[Encoded, ...]:
    """At most `count` rows at even distances; rows of one problem are neighbours, so these are of many problems."""
    step = max(1.0, len(rows) / count)
    return tuple(rows[int(i * step)] for i in range(min(count, len(rows))))


def loss_by_family(
    model: Any, rows: Sequence[Encoded], *, per_batch: int = 8, go_on: Callable[[], None] = lambda: None
) -> dict[str, float]:
    """Mean negative log-likelihood of answers' tokens, in nats: `loss` over all rows, `loss_FAMILY` over each family.

    Args:
        go_on: called before each batch; what it raises ends the evaluation.
    """
    nats: dict[str, float] = defaultdict(float)
    tokens: dict[str, int] = defaultdict(int)
    by_length = sorted(rows, key=lambda row: (row.example.family, len(row.ids)))
    for family in sorted({row.example.family for row in rows}):
        members = [row for row in by_length if row.example.family == family]
        for start in range(0, len(members), per_batch):
            group = members[start : start + per_batch]
            go_on()
            nats[family] += _nats(model, group)
            tokens[family] += sum(len(row.ids) - row.num_prompt for row in group)
    of_family = {f"loss_{family.replace(' ', '_')}": nats[family] / tokens[family] for family in nats}
    return {"loss": sum(nats.values()) / sum(tokens.values()), **of_family}


@contextlib.contextmanager
def weights_cast_once(model: Any, dtype: torch.dtype) -> Generator[None]:
    """Casts a model's weights inside the context, and restores them to the bit afterwards.

    Autocast casts the weights at every call, which is a small part of the work in training, and most of it at each
    token of a program. A model that a wrapper shares with other processes must not be cast: the wrapper's hooks would
    be lost.
    """
    kept = [(parameter, parameter.data) for parameter in model.parameters()]
    try:
        for parameter, weights in kept:
            parameter.data = weights.to(dtype)
        yield
    finally:
        for parameter, weights in kept:
            parameter.data = weights


def written_programs(
    model: Any,
    tokenizer: Any,
    rows: Sequence[Encoded],
    titles: Mapping[str, str],
    *,
    max_new_tokens: int,
    go_on: Callable[[], None] = lambda: None,
) -> dict[str, float]:
    """Writes greedy programs for some rows: the shares that parse, define `minimize`, and name the right optimizer.

    Args:
        titles: the optimizer for the first line of a program's docstring, as taught.
        go_on: called at each token; what it raises ends the evaluation.
    """
    prompts = [row.ids[: row.num_prompt].tolist() for row in rows]
    config = DecodingConfig(max_new_tokens=max_new_tokens)
    programs = ["" for _ in rows]
    for written in write(model, tokenizer, prompts, config, report=lambda _: go_on()):
        programs[written.index] = program_of(text_of(tokenizer, written.ids))
    trees = [parsed(program) for program in programs]
    right = [
        tree is not None and titles.get(title_of(tree)) == row.example.optimizer
        for tree, row in zip(trees, rows, strict=True)
    ]
    return {
        "programs_parse": _share([tree is not None for tree in trees]),
        "programs_define_minimize": _share([tree is not None and defines_minimize(tree) for tree in trees]),
        "programs_right_optimizer": _share(right),
    }


def titles_of(rows: Sequence[Encoded]) -> dict[str, str]:
    """The optimizer for the first line of each answer's docstring, which names it."""
    return {
        title_of(tree): row.example.optimizer for row in rows if (tree := parsed(row.example.answer)) and title_of(tree)
    }


def title_of(tree: ast.Module) -> str:
    """The first line of a program's docstring; empty where it has none."""
    return (ast.get_docstring(tree) or "").partition("\n")[0]


@torch.inference_mode()
def _nats(model: Any, rows: Sequence[Encoded]) -> float:
    return float(model(inside=answer_nats(), batch=_padded(rows, model.device)))


def _padded(rows: Sequence[Encoded], device: torch.device | str) -> Batch:
    """A batch of rows, padded on the right to the longest of them."""
    length = max(len(row.ids) for row in rows)
    return {name: value.to(device) for name, value in stacked([packed([row], length) for row in rows]).items()}


def _share(which: Sequence[bool]) -> float:
    return sum(which) / len(which) if which else 0.0
