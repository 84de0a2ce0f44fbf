"""Language models of a few thousand random weights that write and end, a tokenizer of bytes, and an export."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import torch
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from transformers import (
    CodeGenConfig,
    CodeGenForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedTokenizerFast,
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
    """A model whose weights are large enough that it does not repeat itself at once, and now and then ends."""
    torch.manual_seed(0)
    model = MODELS[kind](vocabulary)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.mul_(12)
    return model.eval()


def byte_tokenizer() -> PreTrainedTokenizerFast:
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {"<end>": END} | {letter: i for i, letter in enumerate(letters, start=1)}
    tokenizer = Tokenizer(BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<end>", pad_token="<end>")


def tiny_model_folder(folder: Path) -> Path:
    tokenizer = byte_tokenizer()
    tiny_writer("llama", len(tokenizer)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def tiny_export(folder: Path, *, num_problems: int = 3, split: str = "test", version: str = "2") -> Path:
    """Two prompts of each problem, one in each form."""
    rows = [
        {
            "instruction_id": f"{problem:02}{form}",
            "problem_id": f"problem {problem}",
            "split": split,
            "form": form,
            "wording": 0,
            "prompt": f"Minimize {'x' * problem} ({form})",
            "answer": "def minimize(): ...\n",
            "optimizer": "de",
            "family": "DE",
            "functions": ["sphere"],
        }
        for problem in range(num_problems)
        for form in ("latex", "python")
    ]
    table = pa.Table.from_pylist(rows).replace_schema_metadata({"llamoco_schema_version": version})
    (folder / "data").mkdir(parents=True, exist_ok=True)
    pq.write_table(table, folder / "data" / f"{split}-00000-of-00001-0.parquet")
    return folder
