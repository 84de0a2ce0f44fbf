"""What bases that are made here share: a Llama with random weights, and a tokenizer of the bytes of some texts."""

from collections.abc import Iterable

import torch
from tokenizers import Regex, Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

END = "<|endoftext|>"
PAD = "<|padding|>"
CONTEXT = 8_192
"""Most tokens that the model sees at once."""
LONGEST_PHRASE = 40
"""Most bytes of a token that may hold several words."""
LINES_AND_NUMBERS = r"\n[ ]*|[0-9][0-9.]+"
"""What a token of several words never goes beyond: the end of a line with the indentation behind it, and numbers."""


def byte_tokenizer(texts: Iterable[str], *, vocabulary: int, phrases: bool = False) -> PreTrainedTokenizerFast:
    """A tokenizer of the byte pairs that are frequent in some texts; any text comes back from its tokens to the byte.

    Args:
        vocabulary: most tokens; at least 258, for the bytes and two special tokens.
        phrases: whether a token may hold several words of a line, such as a term of a formula; numbers of several
            digits stay apart from them.
    """
    tokenizer = Tokenizer(BPE())
    if phrases:
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(LINES_AND_NUMBERS), "isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[END, PAD],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
        max_token_length=LONGEST_PHRASE if phrases else None,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=END, pad_token=PAD, clean_up_tokenization_spaces=False
    )


def random_llama(
    vocabulary: int, *, width: int, inner_width: int, layers: int, heads: int, key_value_heads: int, seed: int = 0
) -> LlamaForCausalLM:
    """A Llama with random weights, whose input and output layers share theirs.

    Args:
        inner_width: width of the layers between two attentions.
    """
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        intermediate_size=inner_width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=key_value_heads,
        max_position_embeddings=CONTEXT,
        bos_token_id=0,
        eos_token_id=0,
        pad_token_id=1,
        tie_word_embeddings=True,
    )
    return LlamaForCausalLM(config)
