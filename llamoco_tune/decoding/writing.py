# pyright: reportExplicitAny=false
"""Writes answers to many prompts at once. It knows nothing of files or of what the text means.

A prompt is read alone, without padding, and then joins the batch; a row that ends leaves it at once. So no row waits
for the longest, and no step computes what is not used. A model that remembers more than keys and values by token writes
one row at a time.
"""

import random
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache, GenerationConfig

from llamoco_tune.decoding.choosing import next_tokens
from llamoco_tune.decoding.slots import SlotCache
from llamoco_tune.model import context_of
from llamoco_tune.programs import DecodingConfig, Ended

DEFAULT_SLOTS = {"cpu": 16, "cuda": 64}
"""Number of rows written at once, by device; with more, a CPU gains little and its first program takes longer."""
LAYERS_WITH_COLUMNS = {"full_attention", "sliding_attention"}
"""Kinds of layers that remember keys and values by token, and nothing else."""


@dataclass(frozen=True, slots=True)
class Written:
    """The answer to one prompt."""

    index: int
    """Place of the prompt among those given."""
    ids: tuple[int, ...]
    """Tokens of the answer, without the end-of-text."""
    ended: Ended
    detail: str
    num_tokens: int
    """Number of tokens, with the end-of-text, which costs a step like any other."""
    seconds: float
    """Seconds for reading the prompt, and the row's share of each of its steps."""


@dataclass(slots=True)
class _Row:
    index: int
    room: int
    """Most tokens that the row may have."""
    stream: random.Random
    ids: list[int] = field(default_factory=list)
    seconds: float = 0.0

    def written(self, ended: Ended, detail: str = "") -> Written:
        num_tokens = len(self.ids) + (ended == "stop")
        return Written(self.index, tuple(self.ids), ended, detail, num_tokens, self.seconds)


def write(
    model: Any,
    tokenizer: Any,
    prompts_ids: Sequence[Sequence[int]],
    config: DecodingConfig,
    *,
    num_slots: int | None = None,
    streams: Sequence[str] | None = None,
    report: Callable[[int], None] = lambda _: None,
) -> Iterator[Written]:
    """Yields an answer for every prompt, in the order in which they end; the longest prompts are begun first.

    An answer does not depend on the other prompts, except where rounding decides a tie.

    Args:
        num_slots: number of rows written at once; None takes that of `DEFAULT_SLOTS`.
        streams: names of the random streams, one a prompt; None takes the prompts' places.
        report: called at each step with the number of tokens.
    """
    slots = num_slots or DEFAULT_SLOTS.get(torch.device(model.device).type, 16)
    names = streams or [str(i) for i in range(len(prompts_ids))]
    desk = _Desk(model, config, _ends(model, tokenizer), slots, report)
    trained = model.training
    model.eval()
    try:
        if _has_columns(model):
            yield from desk.write(prompts_ids, names)
        else:
            yield from desk.write_one_by_one(prompts_ids, names)
    finally:
        model.train(trained)


class _Desk:
    """A model, the rows that it writes, and those that wait."""

    def __init__(
        self, model: Any, config: DecodingConfig, ends: set[int], num_slots: int, report: Callable[[int], None]
    ) -> None:
        self._model = model
        self._config = config
        self._ends = ends
        self._num_slots = num_slots
        self._report = report
        self._rows: list[_Row | None] = []
        self._cache: SlotCache | None = None
        self._read: tuple[Sequence[int], DynamicCache, Tensor] | None = None

    @torch.inference_mode()
    def write(self, prompts_ids: Sequence[Sequence[int]], streams: Sequence[str]) -> Generator[Written]:
        self._rows = [None] * min(self._num_slots, len(prompts_ids))
        # The longest first: where memory does not suffice, that is known at once.
        longest_first = sorted(range(len(prompts_ids)), key=lambda i: -len(prompts_ids[i]))
        waiting = deque((index, prompts_ids[index], streams[index]) for index in longest_first)
        while True:
            for slot in range(len(self._rows)):
                while self._rows[slot] is None and waiting:
                    self._rows[slot], ended = self._begin(slot, *waiting.popleft())
                    if ended:
                        yield ended
            running = self._drop_empty_slots()
            if not running or self._cache is None:
                return
            yield from self._step(running, self._cache)

    def write_one_by_one(self, prompts_ids: Sequence[Sequence[int]], streams: Sequence[str]) -> Generator[Written]:
        """Writes with the model's own loop, which handles any kind of layer; the tokens are chosen here."""
        for index, (prompt, stream) in enumerate(zip(prompts_ids, streams, strict=True)):
            row, error = self._row(index, prompt, stream)
            yield error or self._written_alone(row, prompt)

    @torch.inference_mode()
    def _written_alone(self, row: _Row, prompt: Sequence[int]) -> Written:
        ended: list[Written] = []

        def choose(_: Tensor, logits_1V: Tensor) -> Tensor:
            (token,) = next_tokens(logits_1V, self._config, [row.stream.random()])
            row.seconds = time.perf_counter() - began
            self._report(1)
            ended.extend(filter(None, [self._push(row, token)]))
            only_1V = torch.full_like(logits_1V, -torch.inf)
            only_1V[0, token] = 0
            return only_1V

        ids_1T = torch.tensor([prompt], device=self._model.device)
        began = time.perf_counter()
        self._model.generate(
            ids_1T,
            attention_mask=torch.ones_like(ids_1T),
            generation_config=GenerationConfig(max_new_tokens=row.room, do_sample=False, pad_token_id=0),
            logits_processor=[choose],
            stopping_criteria=[lambda ids, *_: torch.full((len(ids),), bool(ended), device=ids.device)],
        )
        return ended[0]

    def _row(self, index: int, prompt: Sequence[int], stream: str) -> tuple[_Row, Written | None]:
        """An empty row, and the error with which it ends if it has no room."""
        context = context_of(self._model)
        room = min(self._config.max_new_tokens, context - len(prompt))
        row = _Row(index, room, random.Random(f"{self._config.seed}/{stream}"))
        if room >= 1 and prompt:
            return row, None
        return row, row.written("error", f"the prompt has {len(prompt)} tokens, and the model sees {context} at once")

    def _begin(self, slot: int, index: int, prompt: Sequence[int], stream: str) -> tuple[_Row | None, Written | None]:
        row, error = self._row(index, prompt, stream)
        if error:
            return None, error
        began = time.perf_counter()
        cache, logits_1V = self._read_prompt(prompt)
        (token,) = next_tokens(logits_1V, self._config, [row.stream.random()])
        row.seconds = time.perf_counter() - began
        ended = self._push(row, token)
        if ended:
            return None, ended
        if self._cache is None:
            self._cache = SlotCache(cache, len(self._rows))
        self._cache.place(slot, cache)
        return row, None

    def _read_prompt(self, prompt: Sequence[int]) -> tuple[DynamicCache, Tensor]:
        if self._read is None or self._read[0] != prompt:
            ids_1T = torch.tensor([prompt], device=self._model.device)
            positions_1T = torch.arange(len(prompt), device=self._model.device)[None]
            cache = DynamicCache()
            output = self._model(
                input_ids=ids_1T, position_ids=positions_1T, past_key_values=cache, use_cache=True, logits_to_keep=1
            )
            self._read = (prompt, cache, output.logits[:, -1])
        return self._read[1:]

    def _step(self, rows: Sequence[_Row], cache: SlotCache) -> Generator[Written]:
        began = time.perf_counter()
        mask_BT, positions_B1 = cache.next_column()
        ids_B1 = torch.tensor([[row.ids[-1]] for row in rows], device=self._model.device)
        output = self._model(
            input_ids=ids_B1, attention_mask=mask_BT, position_ids=positions_B1, past_key_values=cache, use_cache=True
        )
        tokens = next_tokens(output.logits[:, -1], self._config, [row.stream.random() for row in rows])
        share = (time.perf_counter() - began) / len(rows)
        self._report(len(rows))
        for slot, (row, token) in enumerate(zip(rows, tokens, strict=True)):
            row.seconds += share
            ended = self._push(row, token)
            if ended:
                self._rows[slot] = None
                yield ended

    def _push(self, row: _Row, token: int) -> Written | None:
        if token in self._ends:
            return row.written("stop")
        row.ids.append(token)
        return row.written("length") if len(row.ids) >= row.room else None

    def _drop_empty_slots(self) -> list[_Row]:
        running = [(slot, row) for slot, row in enumerate(self._rows) if row is not None]
        if running and self._cache is not None and len(running) < len(self._rows):
            self._cache.keep([slot for slot, _ in running])
        self._rows = [row for _, row in running]
        return [row for _, row in running]


def _ends(model: Any, tokenizer: Any) -> set[int]:
    """Tokens that end an answer: the tokenizer's, and those of the model's own settings; chat models have two."""
    of_model = getattr(getattr(model, "generation_config", None), "eos_token_id", None)
    listed = of_model if isinstance(of_model, list) else [of_model]
    return {int(token) for token in [tokenizer.eos_token_id, *listed] if token is not None}


@torch.inference_mode()
def _has_columns(model: Any) -> bool:
    """Whether the model remembers only keys and values by token, as `SlotCache` keeps them."""
    kinds = set(getattr(model.config, "layer_types", None) or LAYERS_WITH_COLUMNS)
    if not kinds <= LAYERS_WITH_COLUMNS:
        return False
    cache = DynamicCache()
    model(input_ids=torch.zeros(1, 1, dtype=torch.long, device=model.device), past_key_values=cache, use_cache=True)
    return len(cache.layers) > 0 and cache.get_seq_length() == 1
