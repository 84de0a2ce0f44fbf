"""A small Llama in NumPy, for a model that has to answer before torch would have been imported. It trains nothing.

Axes: B rows, T tokens, H hidden width, N heads, G key and value heads, D width of a head, V tokens known.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Self, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from llamoco_tune.records import TuningError

Array = NDArray[np.floating]
"""32 bits each."""

WEIGHTS_FILE = "model.safetensors"
CONFIG_FILE = "config.json"
MOST_BYTES = 200_000_000
"""Largest file of weights that is read here: beyond it, importing torch is no longer what takes the time."""
OPTIONS_WITHOUT_EFFECT = {
    "attention_bias": False,
    "mlp_bias": False,
    "hidden_act": "silu",
    "model_type": "llama",
    "pretraining_tp": 1,
}
"""Values of a configuration under which the formulas below are the whole model."""


class LlamaShape(BaseModel):
    """The part of a model's configuration that its formulas need."""

    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    max_position_embeddings: int
    rms_norm_eps: float
    rope_parameters: dict[str, object] | None = None
    rope_theta: float = 10_000.0
    """As transformers 4 wrote it; where `rope_parameters` names it too, that one counts."""
    rope_scaling: dict[str, object] | None = None
    """As transformers 4 wrote it; it counts instead of `rope_parameters`."""

    @property
    def rotary(self) -> dict[str, object]:
        """Settings of the rotary positions, from where transformers takes them."""
        given = self.rope_scaling or self.rope_parameters or {}
        return {"rope_type": given.get("type", "default"), "rope_theta": self.rope_theta, **given}

    @property
    def theta(self) -> float:
        """Base of the rotary positions' wavelengths (Su et al., arXiv 2104.09864)."""
        return float(cast("float", self.rotary["rope_theta"]))


def is_small_llama(folder: Path) -> bool:
    """Whether a folder holds a model that `Llama` computes as transformers does; its weights are not read."""
    config = read_json(folder / CONFIG_FILE)
    try:
        shape = LlamaShape.model_validate(config)
        size = (folder / WEIGHTS_FILE).stat().st_size
    except (ValidationError, OSError):
        return False
    plain = all(config.get(name, value) == value for name, value in OPTIONS_WITHOUT_EFFECT.items())
    rotary = shape.rotary
    turns_plainly = rotary["rope_type"] == "default" and isinstance(rotary["rope_theta"], int | float)
    return plain and turns_plainly and size <= MOST_BYTES


@dataclass(slots=True)
class Memory:
    """Keys and values of the tokens read so far: those that all rows share, and each row's own."""

    shared: list[tuple[Array, Array]]
    """(G, T, D) each, one pair a layer."""
    own: list[tuple[Array, Array]]
    """(B, G, T, D) each, one pair a layer."""

    @property
    def num_tokens(self) -> int:
        """Tokens of a row, shared and own."""
        return self.shared[0][0].shape[1] + self.own[0][0].shape[2]

    def rows(self, places: NDArray[np.intp] | list[int]) -> "Memory":
        """The memory of some rows, in this order, each as often as it is named."""
        return Memory(self.shared, [(keys[places], values[places]) for keys, values in self.own])


@dataclass(frozen=True, slots=True, eq=False)
class Llama:
    """A Llama (Touvron et al., arXiv 2302.13971) with its weights in 32 bits."""

    shape: LlamaShape
    weights: dict[str, Array]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The model of a folder for which `is_small_llama` holds.

        Raises:
            TuningError: its weights are damaged, or not all there.
        """
        shape = LlamaShape.model_validate(read_json(folder / CONFIG_FILE))
        weights = read_safetensors(folder / WEIGHTS_FILE)
        model = cls(shape, weights)
        wanted = ["model.embed_tokens.weight", "model.norm.weight"]
        wanted += [f"model.layers.{layer}.{part}.weight" for layer in range(shape.num_hidden_layers) for part in _PARTS]
        missing = [name for name in wanted if name not in weights]
        if missing:
            raise TuningError(f"{folder / WEIGHTS_FILE} lacks {missing[0]}; fetch or copy the model again")
        return model

    @property
    def num_known(self) -> int:
        """Number of tokens that it has an embedding of."""
        return len(self.weights["model.embed_tokens.weight"])

    def begin(self, prompt: list[int]) -> tuple[Array, Memory]:
        """Reads a prompt: logits (1, V) behind its last token, and the memory of one row."""
        shape, length = self.shape, len(prompt)
        x_TH = self.weights["model.embed_tokens.weight"][prompt]
        turn = self._turns(np.arange(length))
        sees_TT = np.where(np.tri(length, dtype=bool), np.float32(0), np.float32(-np.inf))
        shared: list[tuple[Array, Array]] = []
        for layer in range(shape.num_hidden_layers):
            q_TND, k_TGD, v_TGD = self._projected(layer, self._normed(x_TH, layer, "input_layernorm"))
            q_NTD, k_GTD, v_GTD = (np.swapaxes(each, 0, 1) for each in (q_TND, k_TGD, v_TGD))
            q_NTD, k_GTD = _turned(q_NTD, turn), _turned(k_GTD, turn)
            k_NTD, v_NTD = self._for_heads(k_GTD), self._for_heads(v_GTD)
            share_NTT = _softmax(q_NTD @ np.swapaxes(k_NTD, 1, 2) / self._scale + sees_TT)
            mixed_TH = np.swapaxes(share_NTT @ v_NTD, 0, 1).reshape(length, -1)
            x_TH = self._after_attention(layer, x_TH, mixed_TH)
            shared.append((k_GTD, v_GTD))
        none = np.zeros((1, shape.num_key_value_heads, 0, shape.head_dim), np.float32)
        return self._logits(x_TH[-1:]), Memory(shared, [(none, none)] * shape.num_hidden_layers)

    def step(self, tokens: list[int], memory: Memory) -> tuple[Array, Memory]:
        """Reads one more token of each row: logits (B, V) behind it, and the memory with it."""
        x_BH = self.weights["model.embed_tokens.weight"][tokens]
        turn = self._turns(np.array([memory.num_tokens]))
        own: list[tuple[Array, Array]] = []
        for layer, ((sk_GTD, sv_GTD), before) in enumerate(zip(memory.shared, memory.own, strict=True)):
            q_BND, k_BGD, v_BGD = self._projected(layer, self._normed(x_BH, layer, "input_layernorm"))
            q_BND, k_BGD = _turned(q_BND, turn), _turned(k_BGD, turn)
            k_BGTD = np.concatenate([before[0], k_BGD[:, :, None]], axis=2)
            v_BGTD = np.concatenate([before[1], v_BGD[:, :, None]], axis=2)
            own.append((k_BGTD, v_BGTD))
            q_BGRD = q_BND.reshape(len(tokens), len(sk_GTD), -1, self.shape.head_dim) / self._scale
            scores = [q_BGRD @ np.swapaxes(sk_GTD, 1, 2), q_BGRD @ np.swapaxes(k_BGTD, 2, 3)]
            share = _softmax(np.concatenate(scores, axis=-1))
            num_shared = sk_GTD.shape[1]
            mixed = share[..., :num_shared] @ sv_GTD + share[..., num_shared:] @ v_BGTD
            x_BH = self._after_attention(layer, x_BH, mixed.reshape(len(tokens), -1))
        return self._logits(x_BH), Memory(memory.shared, own)

    @property
    def _scale(self) -> np.float32:
        return np.float32(math.sqrt(self.shape.head_dim))

    def _turns(self, positions_T: NDArray[np.int64]) -> tuple[Array, Array]:
        """Cosines and sines (T, D) of the rotary positions."""
        half = np.arange(0, self.shape.head_dim, 2) / self.shape.head_dim
        angles = positions_T[:, None] / self.shape.theta ** half[None]
        doubled = np.concatenate([angles, angles], axis=1)
        return np.cos(doubled).astype(np.float32), np.sin(doubled).astype(np.float32)

    def _projected(self, layer: int, x: Array) -> tuple[Array, Array, Array]:
        q, k, v = (x @ self._weight(layer, f"self_attn.{name}_proj").T for name in "qkv")
        width = self.shape.head_dim
        return q.reshape(len(x), -1, width), k.reshape(len(x), -1, width), v.reshape(len(x), -1, width)

    def _for_heads(self, part_GTD: Array) -> Array:
        return np.repeat(part_GTD, self.shape.num_attention_heads // len(part_GTD), axis=0)

    def _after_attention(self, layer: int, x: Array, mixed: Array) -> Array:
        x = x + mixed @ self._weight(layer, "self_attn.o_proj").T
        normed = self._normed(x, layer, "post_attention_layernorm")
        gate, up = (normed @ self._weight(layer, f"mlp.{name}_proj").T for name in ("gate", "up"))
        # gate / (1 + exp(-gate)), which the hyperbolic tangent gives without an overflow.
        return x + (gate * (1 + np.tanh(gate / 2)) / 2 * up) @ self._weight(layer, "mlp.down_proj").T

    def _logits(self, x_BH: Array) -> Array:
        embedded = self.weights["model.embed_tokens.weight"]
        return _rms(x_BH, self.weights["model.norm.weight"], self.shape.rms_norm_eps) @ (
            self.weights.get("lm_head.weight", embedded).T
        )

    def _normed(self, x: Array, layer: int, name: str) -> Array:
        return _rms(x, self._weight(layer, name), self.shape.rms_norm_eps)

    def _weight(self, layer: int, part: str) -> Array:
        return self.weights[f"model.layers.{layer}.{part}.weight"]


_PARTS = (
    *(f"self_attn.{name}_proj" for name in "qkvo"),
    *(f"mlp.{name}_proj" for name in ("gate", "up", "down")),
    "input_layernorm",
    "post_attention_layernorm",
)


def read_safetensors(file: Path) -> dict[str, Array]:
    """The tensors of a safetensors file in 32 bits; NumPy has no bfloat16, so the format is read here.

    Source: the format's own description, https://huggingface.co/docs/safetensors: the header's length in 8 bytes, the
    header as JSON, and the tensors' bytes.

    Raises:
        TuningError: the file is damaged, or holds a tensor of another type than a 16- or 32-bit float.
    """
    try:
        content = file.read_bytes()
        begin = 8 + int.from_bytes(content[:8], "little")
        header: dict[str, dict[str, object]] = json.loads(content[8:begin])
        data = memoryview(content)[begin:]
        return {name: _tensor(facts, data) for name, facts in header.items() if name != "__metadata__"}
    except (OSError, ValueError, KeyError, TypeError):
        raise TuningError(f"{file} is damaged, or was not copied to its end; fetch or copy it again") from None


def _tensor(facts: dict[str, object], data: memoryview) -> Array:
    first, last = cast("list[int]", facts["data_offsets"])
    shape = cast("list[int]", facts["shape"])
    kinds = {"F32": np.float32, "F16": np.float16, "BF16": np.uint16}
    raw = np.frombuffer(data[first:last], kinds[str(facts["dtype"])])
    if facts["dtype"] == "BF16":
        # A bfloat16 is the upper half of a float of 32 bits.
        raw = (raw.astype(np.uint32) << 16).view(np.float32)
    return raw.astype(np.float32).reshape(shape)


def read_json(file: Path) -> dict[str, object]:
    """The object in a file of JSON; empty if there is none."""
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _rms(x: Array, weight_H: Array, epsilon: float) -> Array:
    # Root mean square normalisation (Zhang and Sennrich, arXiv 1910.07467).
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + np.float32(epsilon)) * weight_H


def _turned(x: Array, turn: tuple[Array, Array]) -> Array:
    cosines, sines = turn
    half = x.shape[-1] // 2
    return x * cosines + np.concatenate([-x[..., half:], x[..., :half]], axis=-1) * sines


def _softmax(x: Array) -> Array:
    raised = np.exp(x - x.max(-1, keepdims=True))
    return raised / raised.sum(-1, keepdims=True)
