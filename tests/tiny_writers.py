"""Language models of a few thousand random weights, of several architectures, that do not repeat themselves at once."""

from collections.abc import Callable
from typing import Any

import torch
from transformers import (
    CodeGenConfig,
    CodeGenForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
)

CONTEXT = 128
"""Tokens."""
END = 0
"""Also what pads, as in SmolLM2."""
SHAPE: dict[str, Any] = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": CONTEXT,
}
GPT_SHAPE: dict[str, Any] = {"n_embd": 16, "n_layer": 2, "n_head": 4, "n_positions": CONTEXT}
SPECIAL: dict[str, Any] = {"bos_token_id": END, "eos_token_id": END, "pad_token_id": END, "tie_word_embeddings": False}

MODELS: dict[str, Callable[[int], Any]] = {
    "llama": lambda size: LlamaForCausalLM(LlamaConfig(vocab_size=size, **SHAPE, **SPECIAL)),
    "mistral": lambda size: MistralForCausalLM(MistralConfig(vocab_size=size, sliding_window=9, **SHAPE, **SPECIAL)),
    "gpt2": lambda size: GPT2LMHeadModel(GPT2Config(vocab_size=size, **GPT_SHAPE, **SPECIAL)),
    "codegen": lambda size: CodeGenForCausalLM(CodeGenConfig(vocab_size=size, rotary_dim=4, **GPT_SHAPE, **SPECIAL)),
}


def tiny_writer(kind: str, vocabulary: int) -> Any:
    """A model with large weights, for with those that it is born with it writes one token over and over."""
    torch.manual_seed(0)
    model = MODELS[kind](vocabulary)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.mul_(12)
    return model.eval()
