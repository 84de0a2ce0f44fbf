"""A model of a few million random weights, with a tokenizer made from the texts of an instruction set.

It knows nothing before it is taught, and so small that two cores teach it to choose in an hour.
"""

from collections.abc import Iterator
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from llamoco_tune.bases.records import BaseRecord
from llamoco_tune.bases.tiny import CONTEXT, END, PAD
from llamoco_tune.instructions import TRAINING_SPLIT, Example, data_digest, rows_of
from llamoco_tune.records import Record, TuningError
from llamoco_tune.snapshots import set_files

NAME = "compact"
HEAD_WIDTH = 64
"""Width of an attention head."""


class CompactShape(Record):
    """Size of the model and of its tokenizer."""

    width: int = 192
    """Hidden width, a multiple of `HEAD_WIDTH`."""
    layers: int = 4
    vocabulary: int = 4_096
    """Most tokens; there are fewer if the texts have fewer different words."""
    seed: int = 0


def load_compact(data: Path, shape: CompactShape) -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast, BaseRecord]:
    """The model, its tokenizer, and their record.

    Args:
        data: an export; only its training split is read.

    Raises:
        TuningError: there is no such export, or the width does not fit the heads.
    """
    if shape.width % HEAD_WIDTH or shape.width < HEAD_WIDTH:
        raise TuningError(f"--width must be a multiple of {HEAD_WIDTH}, not {shape.width}")
    found = set_files(data)
    tokenizer = _tokenizer(rows_of(found, TRAINING_SPLIT), shape.vocabulary)
    model = _model(len(tokenizer), shape)
    record = BaseRecord(
        name=NAME,
        model=None,
        source=compact_source(data, shape),
        source_sha256=None,
        precision="float32",
        license="apache-2.0",
        num_parameters=model.num_parameters(),
    )
    return model, tokenizer, record


def compact_source(data: Path, shape: CompactShape) -> str:
    """What decides a compact model, in words.

    Raises:
        TuningError: there is no such export.
    """
    digest = data_digest(set_files(data), (TRAINING_SPLIT,))
    return (
        f"{shape.layers} layers of width {shape.width}, random weights by seed {shape.seed}; at most "
        f"{shape.vocabulary} tokens, made from the training rows {digest}"
    )


def _tokenizer(rows: list[Example], vocabulary: int) -> PreTrainedTokenizerFast:
    """A tokenizer of frequent byte pairs, in which every digit is a token of its own.

    So numbers that were never seen are read like those that were; a prompt has an eighth more tokens for it.
    """
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[END, PAD],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_texts(rows), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=END, pad_token=PAD, clean_up_tokenization_spaces=False
    )


def _texts(rows: list[Example]) -> Iterator[str]:
    """A prompt of each problem in each form, and every answer once: more of the same words would only take time."""
    prompts = {(row.base_problem_id, row.form): row.prompt for row in rows}
    yield from prompts.values()
    yield from dict.fromkeys(row.answer for row in rows)


def _model(vocabulary: int, shape: CompactShape) -> LlamaForCausalLM:
    torch.manual_seed(shape.seed)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=shape.width,
        intermediate_size=8 * shape.width // 3 // HEAD_WIDTH * HEAD_WIDTH,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.width // HEAD_WIDTH,
        num_key_value_heads=shape.width // HEAD_WIDTH,
        max_position_embeddings=CONTEXT,
        bos_token_id=0,
        eos_token_id=0,
        pad_token_id=1,
        tie_word_embeddings=True,
    )
    return LlamaForCausalLM(config)
