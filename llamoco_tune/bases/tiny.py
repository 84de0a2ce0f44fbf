"""A random model of two layers with a tokenizer of its own: for tests, and to try the commands without a download."""

from collections.abc import Iterable
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

import llamoco_tune
from llamoco_tune.bases.records import BaseRecord

END = "<|endoftext|>"
PAD = "<|padding|>"
CONTEXT = 8_192
"""Most tokens that the model sees at once."""
NAME = "tiny"


def load_tiny() -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast, BaseRecord]:
    """The model, its tokenizer, which learned its words from this package's own source, and their record."""
    sources = sorted(Path(llamoco_tune.__file__).parent.rglob("*.py"))
    tokenizer = byte_tokenizer((path.read_text(encoding="utf-8") for path in sources), vocabulary=2_048)
    model = tiny_model(len(tokenizer))
    record = BaseRecord(
        name=NAME,
        model=None,
        source="random weights",
        source_sha256=None,
        precision="float32",
        license="apache-2.0",
        num_parameters=model.num_parameters(),
    )
    return model, tokenizer, record


def byte_tokenizer(texts: Iterable[str], *, vocabulary: int) -> PreTrainedTokenizerFast:
    """A tokenizer of the byte pairs that are frequent in some texts; any text comes back from its tokens to the byte.

    Args:
        vocabulary: most tokens; at least 258, for the bytes and two special tokens.
    """
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[END, PAD],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=END, pad_token=PAD, clean_up_tokenization_spaces=False
    )


def tiny_model(vocabulary: int, *, seed: int = 0, width: int = 64) -> LlamaForCausalLM:
    """A model of two layers with random weights."""
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        intermediate_size=2 * width,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=CONTEXT,
        bos_token_id=0,
        eos_token_id=0,
        pad_token_id=1,
        tie_word_embeddings=True,
    )
    return LlamaForCausalLM(config)
