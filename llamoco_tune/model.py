# pyright: reportExplicitAny=false
"""The causal language model of both phases: load it, give it LoRA, save it whole.

One model with its own backbone goes through both phases, so that nothing is lost between them. It refuses what cannot
be tuned or asked: no weights, no tokenizer.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from llamoco_tune.forward import decoder_of, inside_forward
from llamoco_tune.identity import ADAPTER
from llamoco_tune.pretrained import pretrained_model, pretrained_tokenizer
from llamoco_tune.records import Record, TuningError

Precision = Literal["auto", "fp32", "bf16"]
"""What matrix products are computed in; weights that are trained stay in 32 bits. auto: bf16 where the processor
multiplies it in hardware (GPUs since Ampere, CPUs with AMX), else fp32: without hardware it is many times slower."""

CONTEXT_NAMES = ("max_position_embeddings", "max_seq_len", "context_length")
"""What configurations call the length of a context; an architecture without a limit has none of them."""
ADAPTER_FOLDER = "adapter"
"""Where a run folder keeps the adapter, beside the merged model."""


class LoraSpec(Record):
    """A low-rank adapter (Hu et al., arXiv 2106.09685)."""

    rank: int = 16
    alpha: int = 32
    """Updates are scaled by alpha / rank."""
    dropout: float = 0.0
    targets: tuple[str, ...] | Literal["all-linear"] = "all-linear"
    """Names of the layers that get one; `all-linear`: every one but the output layer."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model that answers, and how it is spoken to."""

    model: Any
    """A transformers causal language model."""
    tokenizer: Any
    name: str


def load(
    name_or_folder: str, *, precision: Precision = "fp32", device: str | None = None, attention: str | None = None
) -> Loaded:
    """A model and its tokenizer, from a folder or by its name on the hub; an adapter is merged into its base, in fp32.

    Args:
        precision: of the weights in memory: bf16 for answering and for a frozen base, else fp32.
        device: where it is put; left on the CPU where None.
        attention: which of transformers' implementations is used; the model's own choice where None, or where it is
            `sdpa` and the architecture has only `eager`.

    Raises:
        TuningError: there is no model of that name, it is damaged, it has no tokenizer, or not that attention.
    """
    folder = Path(name_or_folder)
    if folder.is_dir() and (folder / ADAPTER).is_file():
        model = _merged_adapter(folder)
    else:
        model = pretrained_model(name_or_folder, dtype=torch.float32)
    if attention:
        _attend_by(model, attention)
    tokenizer = pretrained_tokenizer(name_or_folder)
    if computed_in(precision) == "bf16":
        model = model.to(torch.bfloat16)
    return Loaded(model.to(device) if device else model, tokenizer, name_or_folder)


def computed_in(precision: Precision, device: str | None = None) -> Literal["fp32", "bf16"]:
    """What a precision means on this machine."""
    if precision != "auto":
        return precision
    on_gpu = device != "cpu" and torch.cuda.is_available()
    in_hardware = torch.cuda.is_bf16_supported(including_emulation=False) if on_gpu else _cpu_multiplies_bf16()
    return "bf16" if in_hardware else "fp32"


def context_of(model: Any) -> int:
    """The most tokens that the model can see at once."""
    named = (getattr(model.config, name, None) for name in CONTEXT_NAMES)
    return int(next((number for number in named if number), 1_000_000))


def num_tokens_of(model: Any) -> int:
    """Tokens that the model has an embedding of."""
    return len(model.get_input_embeddings().weight)


def prepared(model: Any, lora: LoraSpec | None, *, compiled: bool) -> Any:
    """A model to be trained: whole or by an adapter, and with `inside_forward`."""
    inside_forward(model)
    if compiled:
        # Its forward, not the module, whose forward `own_logits` exchanges for a moment.
        decoder = decoder_of(model)
        decoder.forward = torch.compile(decoder.forward)
    return with_lora(model, lora) if lora else model


def with_lora(model: Any, spec: LoraSpec) -> Any:
    """The model with an adapter: only that is trained.

    Raises:
        TuningError: the model has no layer of the names wanted.
    """
    from peft import LoraConfig, get_peft_model  # noqa: PLC0415 - slow, and full tuning needs none

    targets = spec.targets if isinstance(spec.targets, str) else list(spec.targets)
    config = LoraConfig(
        r=spec.rank, lora_alpha=spec.alpha, lora_dropout=spec.dropout, target_modules=targets, task_type="CAUSAL_LM"
    )
    try:
        return get_peft_model(model, config)
    except ValueError as error:
        raise TuningError(f"LoRA does not fit this base: {' '.join(str(error).split())[:200]}") from None


def save(model: Any, tokenizer: Any, folder: Path, weights: dict[str, Tensor] | None = None) -> None:
    """Writes the model, whole, and its tokenizer; an adapter is written beside it, then merged into it, in fp32.

    A base in 16 bits is merged in 32 and written in 16: the sum is rounded once.

    Args:
        weights: the model's, where they had to be gathered from several processes.
    """
    if hasattr(model, "peft_config"):
        model.save_pretrained(folder / ADAPTER_FOLDER, state_dict=weights)
        stored = next(p for p in model.parameters() if not p.requires_grad).dtype
        if weights is not None:
            model.load_state_dict(weights)
        model, weights = model.to(torch.float32).merge_and_unload().to(stored), None
    model.config.use_cache = True
    model.save_pretrained(folder, state_dict=weights)
    tokenizer.save_pretrained(folder)


def _merged_adapter(folder: Path) -> Any:
    from peft import PeftModel  # noqa: PLC0415 - slow, and whole models need none
    from peft.config import PeftConfig  # noqa: PLC0415

    base = pretrained_model(str(PeftConfig.from_pretrained(str(folder)).base_model_name_or_path))
    return PeftModel.from_pretrained(base.float(), folder).merge_and_unload()


def _attend_by(model: Any, attention: str) -> None:
    # Where an architecture has it, sdpa is what it is loaded with.
    if attention != "sdpa":
        try:
            model.set_attn_implementation(attention)
        except (ValueError, ImportError) as error:
            reason = " ".join(str(error).split())[:160]
            raise TuningError(
                f"the base cannot attend by {attention}: {reason}; choose another attention, or another base"
            ) from None


def _cpu_multiplies_bf16() -> bool:
    supported = getattr(torch.cpu, "_is_amx_tile_supported", None)
    return bool(supported and supported())
