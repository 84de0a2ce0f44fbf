"""A model of a few million random weights, with a tokenizer made from the texts of an instruction set.

It knows nothing before it is taught, and so small that two cores teach it to choose in an hour.
"""

from collections.abc import Iterator
from pathlib import Path

from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from llamoco_tune.bases.from_scratch import byte_tokenizer, random_llama
from llamoco_tune.bases.records import BaseRecord
from llamoco_tune.instructions import TRAINING_SPLIT, Example, data_digest, rows_of
from llamoco_tune.records import Record, TuningError
from llamoco_tune.snapshots import set_files

NAME = "compact"
HEAD_WIDTH = 64
"""Width of an attention head; with half of it, attention over the same prompts takes 1.5 times as long on a CPU."""

TIMES_EACH_ANSWER = 20
"""Number of times that the tokenizer is shown each answer. Answers of 520 tokens on average, shown once, have 210 then,
and their openings part at 10 tokens instead of 85, so that choosing costs little more than reading the prompt."""


class CompactShape(Record):
    """Size of the model and of its tokenizer."""

    width: int = 192
    """Hidden width, a multiple of `HEAD_WIDTH`."""
    layers: int = 4
    vocabulary: int = 12_288
    """Most tokens; there are fewer if the texts have fewer different words."""
    phrases: bool = True
    """Whether a token may hold several words of a line, rather than one at most."""
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
    texts = _texts(rows_of(found, TRAINING_SPLIT))
    tokenizer = byte_tokenizer(texts, vocabulary=shape.vocabulary, phrases=shape.phrases)
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
    tokens = "tokens" if shape.phrases else "tokens of single words"
    return (
        f"{shape.layers} layers of width {shape.width}, random weights by seed {shape.seed}; at most "
        f"{shape.vocabulary} {tokens}, made from the training rows {digest}"
    )


def _texts(rows: list[Example]) -> Iterator[str]:
    """A prompt of each problem in each form, and every answer often enough that its lines become a few tokens."""
    prompts = {(row.base_problem_id, row.form): row.prompt for row in rows}
    yield from prompts.values()
    for answer in dict.fromkeys(row.answer for row in rows):
        yield from [answer] * TIMES_EACH_ANSWER


def _model(vocabulary: int, shape: CompactShape) -> LlamaForCausalLM:
    heads = shape.width // HEAD_WIDTH
    return random_llama(
        vocabulary,
        width=shape.width,
        inner_width=8 * shape.width // 3 // HEAD_WIDTH * HEAD_WIDTH,
        layers=shape.layers,
        heads=heads,
        key_value_heads=heads,
        seed=shape.seed,
    )
