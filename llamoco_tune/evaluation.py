# pyright: reportExplicitAny=false
"""What is looked at while a model is taught: the loss by family of the answer, and programs that it writes by now.

Of the validation split alone. Every process of a distributed run does the same, so that sharded weights are gathered.
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
    """What is evaluated, every so many steps."""

    num_rows: int = Field(default=64, ge=1)
    """Validation rows whose loss is computed: spread evenly over the split, so of many problems."""
    num_programs: int = Field(default=4, ge=0)
    """Of their prompts, those that the model writes a program for."""
    programs_every: int = Field(default=1, ge=1)
    """Evaluations, of which one has programs; the last always has."""
    max_new_tokens: int = Field(default=1_400, ge=1)
    """Of a program; longer ones are cut and count as not parsing."""


def spread(rows: Sequence[Encoded], count: int) -> tuple[Encoded, ...]:
    """At most so many rows, at even distances: rows of one problem stand together, so these are of many problems."""
    step = max(1.0, len(rows) / count)
    return tuple(rows[int(i * step)] for i in range(min(count, len(rows))))


def loss_by_family(
    model: Any, rows: Sequence[Encoded], *, per_batch: int = 8, go_on: Callable[[], None] = lambda: None
) -> dict[str, float]:
    """Mean negative log-likelihood of an answer's token, in nats: `loss` of all, and `loss_FAMILY` of each family.

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
    """The model with its weights in other numbers for a while, and then as it was, to the bit.

    Autocast casts the weights at every call: in training a small part of the work, at each token of a program most of
    it. Not for a model that a wrapper shares with other processes, whose hooks would be lost.
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
    """Greedy programs for the prompts of some rows: which share parses, defines `minimize`, names the right optimizer.

    Args:
        titles: first line of a program's docstring -> optimizer, as taught.
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
    """First line of an answer's docstring -> its optimizer: how a program says what it is."""
    return {
        title_of(tree): row.example.optimizer for row in rows if (tree := parsed(row.example.answer)) and title_of(tree)
    }


def title_of(tree: ast.Module) -> str:
    """The first line of a program's docstring; empty where it has none."""
    return (ast.get_docstring(tree) or "").partition("\n")[0]


@torch.inference_mode()
def _nats(model: Any, rows: Sequence[Encoded]) -> float:
    batch = padded(rows, model.device)
    loss = model(inside=answer_nats(), batch=batch)
    return float(loss)


def padded(rows: Sequence[Encoded], device: torch.device | str) -> Batch:
    """Rows padded on the right to the longest of them."""
    length = max(len(row.ids) for row in rows)
    return {name: value.to(device) for name, value in stacked([packed([row], length) for row in rows]).items()}


def _share(which: Sequence[bool]) -> float:
    return sum(which) / len(which) if which else 0.0
