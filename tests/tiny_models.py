"""Causal language models of a few thousand random weights, of every architecture that can be made that small."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM

CONTEXT = 128
"""Tokens."""
END = 0
"""Also what pads, as in SmolLM2."""
VOCABULARY = 48

_COMMON: Mapping[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": CONTEXT,
    "attention_dropout": 0.0,
    "tie_word_embeddings": False,
}
_EXPERTS: Mapping[str, Any] = {
    **_COMMON,
    "num_experts": 4,
    "num_local_experts": 4,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 16,
    "shared_expert_intermediate_size": 16,
}
_ALL_HEADS: Mapping[str, Any] = {
    **{name: value for name, value in _COMMON.items() if name not in ("head_dim", "num_key_value_heads")},
    "dropout": 0.0,
    "hidden_dropout": 0.0,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
    "activation_dropout": 0.0,
    "layerdrop": 0.0,
}
_GPT: Mapping[str, Any] = {
    "n_embd": 32,
    "n_layer": 2,
    "n_head": 4,
    "n_positions": CONTEXT,
    "n_inner": 48,
    "resid_pdrop": 0.0,
    "embd_pdrop": 0.0,
    "attn_pdrop": 0.0,
    "tie_word_embeddings": False,
}
_STATE_SPACE: Mapping[str, Any] = {"hidden_size": 32, "state_size": 4, "num_hidden_layers": 2, "time_step_rank": 4}
_SLIDING: Mapping[str, Any] = {**_COMMON, "sliding_window": 9}

ARCHITECTURES: Mapping[str, Mapping[str, Any]] = {
    "apertus": _COMMON,
    "arcee": _COMMON,
    "bamba": {
        **_COMMON,
        "attn_layer_indices": [1],
        "mamba_n_heads": 8,
        "mamba_d_head": 8,
        "mamba_d_state": 8,
        "mamba_n_groups": 1,
        "mamba_chunk_size": 8,
    },
    "biogpt": _ALL_HEADS,
    "bloom": {"hidden_size": 32, "n_layer": 2, "n_head": 4, "hidden_dropout": 0.0, "attention_dropout": 0.0},
    "codegen": {**_GPT, "rotary_dim": 4},
    "cohere": {**_COMMON, "logit_scale": 0.25},
    "cohere2": {**_SLIDING, "logit_scale": 0.25},
    "falcon": {**_ALL_HEADS, "multi_query": True, "alibi": False, "new_decoder_architecture": False},
    "falcon_h1": {
        **_COMMON,
        "mamba_d_ssm": 32,
        "mamba_n_heads": 4,
        "mamba_d_head": 8,
        "mamba_d_state": 8,
        "mamba_n_groups": 1,
        "mamba_chunk_size": 8,
        "lm_head_multiplier": 3.0,
    },
    "gemma": _COMMON,
    "gemma2": {**_SLIDING, "query_pre_attn_scalar": 8, "final_logit_softcapping": 5.0},
    "gemma3_text": {**_SLIDING, "query_pre_attn_scalar": 8, "final_logit_softcapping": 5.0},
    "glm": _COMMON,
    "gpt2": _GPT,
    "gpt_bigcode": _GPT,
    "gpt_neo": {
        "hidden_size": 32,
        "num_layers": 2,
        "num_heads": 4,
        "intermediate_size": 48,
        "max_position_embeddings": CONTEXT,
        "attention_types": [[["global", "local"], 1]],
        "window_size": 8,
    },
    "gpt_neox": {**_ALL_HEADS, "rotary_pct": 0.5},
    "gpt_oss": {**_EXPERTS, "sliding_window": 9},
    "gptj": {**_GPT, "rotary_dim": 4},
    "granite": {**_COMMON, "logits_scaling": 8.0},
    "granitemoe": {**_EXPERTS, "logits_scaling": 8.0},
    "helium": _COMMON,
    "hyperclovax": {**_COMMON, "logits_scaling": 0.125},
    "lfm2": {**_COMMON, "layer_types": ["conv", "full_attention"]},
    "llama": _COMMON,
    "mamba": _STATE_SPACE,
    "mistral": _SLIDING,
    "mixtral": _EXPERTS,
    "modernbert-decoder": {**_ALL_HEADS, "embedding_dropout": 0.0, "mlp_dropout": 0.0},
    "mpt": {"d_model": 32, "n_layers": 2, "n_heads": 4, "expansion_ratio": 2, "max_seq_len": CONTEXT},
    "nanochat": {**_COMMON, "final_logit_softcapping": 5.0},
    "nemotron": _COMMON,
    "olmo": _COMMON,
    "olmo2": _COMMON,
    "openai-gpt": _GPT,
    "opt": {**_ALL_HEADS, "ffn_dim": 48, "word_embed_proj_dim": 32},
    "persimmon": _ALL_HEADS,
    "phi": {**_COMMON, "resid_pdrop": 0.0, "embd_pdrop": 0.0},
    "phi3": {**_COMMON, "resid_pdrop": 0.0, "embd_pdrop": 0.0},
    "qwen2": _COMMON,
    "qwen2_moe": _EXPERTS,
    "qwen3": _COMMON,
    "rwkv": {
        "context_length": CONTEXT,
        "hidden_size": 32,
        "attention_hidden_size": 32,
        "num_hidden_layers": 2,
        "intermediate_size": 48,
    },
    "smollm3": _COMMON,
    "stablelm": {**_COMMON, "hidden_dropout": 0.0},
    "starcoder2": {**_COMMON, "residual_dropout": 0.0, "embedding_dropout": 0.0},
    "xglm": {
        "d_model": 32,
        "ffn_dim": 48,
        "num_layers": 2,
        "attention_heads": 4,
        "max_position_embeddings": CONTEXT,
        "dropout": 0.0,
        "attention_dropout": 0.0,
        "layerdrop": 0.0,
    },
}
"""Settings that make it tiny, by transformers' name of the architecture."""

ROWS_SEE_EACH_OTHER = frozenset(
    {
        "bamba",
        "biogpt",
        "bloom",
        "falcon",
        "falcon_h1",
        "gpt_oss",
        "lfm2",
        "mamba",
        "mpt",
        "openai-gpt",
        "opt",
        "rwkv",
        "xglm",
    }
)
"""Those whose packed rows are not kept apart by positions that start anew."""
BOTH_WAYS: Mapping[str, Mapping[str, Any]] = {"bert": _ALL_HEADS}
"""Those that transformers loads as causal models, and whose tokens see what follows them."""


def tiny(kind: str, vocabulary: int = VOCABULARY, *, scale: float = 4.0, **changes: Any) -> Any:
    """A model of an architecture, in evaluation.

    Args:
        scale: of its weight matrices: with those that it is born with every token has about the same hidden state,
            and it writes one token over and over.
        changes: of its configuration.
    """
    torch.manual_seed(0)
    special = {"bos_token_id": END, "eos_token_id": END, "pad_token_id": END}
    shape = ARCHITECTURES[kind] if kind in ARCHITECTURES else BOTH_WAYS[kind]
    config = AutoConfig.for_model(kind, **{"vocab_size": vocabulary, **special, **shape, **changes})
    model = AutoModelForCausalLM.from_config(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.mul_(scale)
    return model


def write_tiny(folder: Path, kind: str, tokenizer: Any, **changes: Any) -> Path:
    """A folder with such a model and a tokenizer."""
    tiny(kind, len(tokenizer), **changes).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
