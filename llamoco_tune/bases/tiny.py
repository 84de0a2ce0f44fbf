"""A random model of two layers with a tokenizer of its own: for tests, and to try the commands without a download."""

from pathlib import Path

from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

import llamoco_tune
from llamoco_tune.bases.from_scratch import byte_tokenizer, random_llama
from llamoco_tune.bases.records import BaseRecord

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


def tiny_model(vocabulary: int, *, seed: int = 0, width: int = 64) -> LlamaForCausalLM:
    """A model of two layers with random weights."""
    return random_llama(vocabulary, width=width, inner_width=2 * width, layers=2, heads=4, key_value_heads=2, seed=seed)
