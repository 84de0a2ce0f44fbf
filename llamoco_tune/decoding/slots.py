# pyright: reportExplicitAny=false
"""The cache of a running batch: a slot for each row, in which one row follows another; it knows nothing of tokens.

All rows end at the same column. A row that came later, or is shorter, begins further right, and the columns before it
are masked: left padding, which the model sees as attention mask and positions. Keys are cached with their positions
applied, so that columns can be moved.

Axes: B slots, H key-value heads, T columns, D width of a head.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import Cache, DynamicLayer
from typing_extensions import override

SPARE_COLUMNS = 256
"""Number of columns allocated beyond those in use, so that a step writes one column only. The library's own cache
copies all columns at each step, which takes longer than the step's arithmetic in a batch of 16."""


class _SlotLayer(DynamicLayer):
    """Keys and values of one layer, in two buffers with room to the right."""

    def __init__(self, keys_1HTD: Tensor, values_1HTD: Tensor, num_slots: int) -> None:
        super().__init__()
        self.is_initialized = True
        self.dtype, self.device = keys_1HTD.dtype, keys_1HTD.device
        self.length = keys_1HTD.shape[-2]
        # Zeros, not whatever was in the memory: a masked NaN is still a NaN in the sum.
        self.buffers = [_room(each, num_slots, self.length) for each in (keys_1HTD, values_1HTD)]
        self._look()

    @override
    def update(self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        for buffer, new_BH1D in zip(self.buffers, (key_states, value_states), strict=True):
            buffer[:, :, self.length : self.length + 1] = new_BH1D
        self.length += 1
        return self._look()

    def place(self, slot: int, keys_1HTD: Tensor, values_1HTD: Tensor) -> None:
        first = self.length - keys_1HTD.shape[-2]
        for buffer, new_1HTD in zip(self.buffers, (keys_1HTD, values_1HTD), strict=True):
            buffer[slot, :, first : self.length] = new_1HTD[0]

    def move(self, slots: Tensor, by: int) -> None:
        for i, old in enumerate(self.buffers):
            new = _room(old, len(slots), self.length + by)
            new[:, :, max(by, 0) : self.length + by] = old[slots, :, max(-by, 0) : self.length]
            self.buffers[i] = new
        self.length += by
        self._look()

    @property
    def is_full(self) -> bool:
        return self.length == self.buffers[0].shape[-2]

    def _look(self) -> tuple[Tensor, Tensor]:
        keys_BHTD, values_BHTD = (buffer[:, :, : self.length] for buffer in self.buffers)
        self.keys, self.values = keys_BHTD, values_BHTD
        return keys_BHTD, values_BHTD


class SlotCache(Cache):
    """A cache that a model of transformers takes as `past_key_values`, for rows that come and go."""

    def __init__(self, prompt: Cache, num_slots: int) -> None:
        """Makes empty slots, with as many columns as the cache of a prompt."""
        self.slot_layers = [_SlotLayer(*_states(layer), num_slots) for layer in prompt.layers]
        self.begins_B = torch.full((num_slots,), self.length, device=self.slot_layers[0].device)
        super().__init__(layers=list(self.slot_layers))

    @property
    def length(self) -> int:
        """Columns in use."""
        return self.slot_layers[0].length

    def place(self, slot: int, prompt: Cache) -> None:
        """Puts the cache of a prompt that was read alone into a slot, in place of what was there."""
        num_columns = prompt.get_seq_length()
        if num_columns > self.length:
            self._move(torch.arange(len(self.begins_B), device=self.begins_B.device), num_columns - self.length)
        for layer, single in zip(self.slot_layers, prompt.layers, strict=True):
            layer.place(slot, *_states(single))
        self.begins_B[slot] = self.length - num_columns

    def keep(self, slots: Sequence[int]) -> None:
        """Keeps these slots, in this order, and drops all others."""
        self._move(torch.tensor(slots, device=self.begins_B.device), 0)

    def next_column(self) -> tuple[Tensor, Tensor]:
        """Attention mask (B, T) and positions (B, 1) of the tokens that come next."""
        if self.slot_layers[0].is_full:
            unused = int(self.begins_B.min())
            self._move(torch.arange(len(self.begins_B), device=self.begins_B.device), -unused)
        columns_T = torch.arange(self.length + 1, device=self.begins_B.device)
        mask_BT = (columns_T >= self.begins_B[:, None]).long()
        return mask_BT, (self.length - self.begins_B)[:, None]

    def _move(self, slots: Tensor, by: int) -> None:
        for layer in self.slot_layers:
            layer.move(slots, by)
        self.begins_B = self.begins_B[slots] + by


def _room(like: Tensor, num_slots: int, length: int) -> Tensor:
    _, heads, _, width = like.shape
    return like.new_zeros(num_slots, heads, length + SPARE_COLUMNS, width)


def _states(layer: Any) -> tuple[Tensor, Tensor]:
    return layer.keys, layer.values
