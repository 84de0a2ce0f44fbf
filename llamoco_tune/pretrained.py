# pyright: reportExplicitAny=false
"""Loads weights and tokenizers with transformers; a missing or damaged file gives one line that names it.

It refuses incomplete weights, whose missing part transformers would draw at random.
"""

import contextlib
import json
import pickle
from collections.abc import Generator
from pathlib import Path
from typing import Any, Literal

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError, safe_open

from llamoco_tune.identity import HUB_NAME
from llamoco_tune.invocation import command
from llamoco_tune.records import TuningError

LOADING_ERRORS = (
    OSError,
    ValueError,
    KeyError,
    ImportError,
    AttributeError,
    TypeError,
    RuntimeError,
    EOFError,
    SafetensorError,
    StrictDataclassError,
    pickle.UnpicklingError,
)
"""Errors of transformers if files are missing, damaged, or of an unknown model, or a setting is of a wrong type."""


def pretrained_model(name_or_folder: str, **options: Any) -> Any:
    """A causal language model from a folder, or by its name on the hub.

    Args:
        options: options of `from_pretrained`.

    Raises:
        TuningError: there is no such model, or its weights are damaged or incomplete.
    """
    from transformers import AutoModelForCausalLM  # noqa: PLC0415 - slow
    from transformers.utils import logging  # noqa: PLC0415

    logging.disable_progress_bar()
    with _one_line("weights", name_or_folder):
        loaded: Any = AutoModelForCausalLM.from_pretrained(name_or_folder, output_loading_info=True, **options)
        model, info = loaded
    lacking = sorted(info["missing_keys"])
    if lacking:
        raise TuningError(
            f"the weights at {name_or_folder} are incomplete: {lacking[0]} is missing"
            f"{f', and {len(lacking) - 1} more' if len(lacking) > 1 else ''}; fetch or copy the model again"
        )
    return model


def pretrained_tokenizer(name_or_folder: str, **options: Any) -> Any:
    """The tokenizer from a folder, or by its name on the hub.

    Args:
        options: options of `from_pretrained`.

    Raises:
        TuningError: there is none, or it cannot be read.
    """
    from transformers import AutoTokenizer  # noqa: PLC0415 - slow

    with _one_line("tokenizer", name_or_folder):
        return AutoTokenizer.from_pretrained(name_or_folder, **options)


@contextlib.contextmanager
def _one_line(what: Literal["weights", "tokenizer"], name: str) -> Generator[None]:
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except LOADING_ERRORS as error:
        damaged = _damaged(Path(name), what)
        if damaged:
            raise TuningError(f"{damaged} is damaged, or was not copied to its end; fetch or copy it again") from None
        if not Path(name).exists() and not HUB_NAME.fullmatch(name):
            raise TuningError(f"there is no folder {name}") from None
        reason = _first_sentence(str(error)) or type(error).__name__
        if "ignore_mismatched_sizes" in reason:
            reason = "config.json belongs to another model than the weights"
        raise TuningError(
            f"no {what} of a language model at {name!r}: {reason}; give a folder with config.json, weights and "
            f"tokenizer (`{command('base', 'smollm2', '--out', 'bases/smollm2')}` makes one), or a name on the hub"
        ) from None


def _first_sentence(text: str) -> str:
    """What comes first of what transformers says; the advice after it is for those who program with it."""
    return " ".join(text.split()).partition(". ")[0][:160].rstrip(".")


def _damaged(folder: Path, what: Literal["weights", "tokenizer"]) -> Path | None:
    """The first file of a folder that cannot be read."""
    files = [*folder.glob("*.json")]
    if what == "weights":
        files += [*folder.glob("*.safetensors"), *folder.glob("*.bin")]
    return next((file for file in sorted(files) if not _can_be_read(file)), None)


def _can_be_read(file: Path) -> bool:
    try:
        if file.suffix == ".json":
            json.loads(file.read_bytes())
        elif file.suffix == ".bin":
            torch.load(file, map_location="meta", weights_only=True, mmap=True)
        else:
            with safe_open(file, framework="pt"):
                pass
    except LOADING_ERRORS:
        return False
    return True
