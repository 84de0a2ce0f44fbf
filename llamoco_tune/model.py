# pyright: reportExplicitAny=false
"""Loads the causal language model of both phases, adds LoRA to it, and saves it whole.

The same model goes through both phases, so nothing is lost between them. A model without weights or tokenizer is
refused.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from llamoco_tune.forward import decoder_of, inside_forward
from llamoco_tune.identity import ADAPTER
from llamoco_tune.named import place_of
from llamoco_tune.pretrained import pretrained_model, pretrained_tokenizer
from llamoco_tune.records import Record, TuningError

Precision = Literal["auto", "fp32", "bf16"]
"""Precision of matrix products; weights that are trained stay in 32 bits. `auto` is bf16 if the processor multiplies it
in hardware (GPUs since Ampere, CPUs with AMX or AVX-512 BF16), and otherwise fp32, since bf16 without hardware is many
times slower."""

CONTEXT_NAMES = ("max_position_embeddings", "max_seq_len", "context_length")
"""Names of the context's length in configurations; an architecture without a limit has none of them."""
WINDOW_NAMES = ("sliding_window", "attention_chunk_size", "window_size")
"""Names of the number of tokens that a layer sees at once, in configurations of architectures with such layers."""
SEES_ALL = frozenset({"full_attention", "global"})
"""Kinds of layers, in these configurations, that see all tokens before one."""
ADAPTER_FOLDER = "adapter"
"""Folder of the adapter in a run folder, which holds the merged model too."""


class LoraSpec(Record):
    """A low-rank adapter (Hu et al., arXiv 2106.09685)."""

    rank: int = 16
    alpha: int = 32
    """Scale of updates times the rank: they are multiplied by alpha / rank."""
    dropout: float = 0.0
    targets: tuple[str, ...] | Literal["all-linear"] = "all-linear"
    """Names of the layers with an adapter; `all-linear` means every linear layer but the output layer."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model and its tokenizer."""

    model: Any
    """Causal language model of transformers."""
    tokenizer: Any
    name: str


def load(
    name_or_folder: str, *, precision: Precision = "fp32", device: str | None = None, attention: str | None = None
) -> Loaded:
    """A model and its tokenizer, from a folder or by its name; an adapter is merged into its base, in fp32.

    Args:
        name_or_folder: a folder, a name on the hub, or `ready`.
        precision: type of the weights in memory: bf16 for generation and for a frozen base, else fp32.
        device: device of the model; None leaves it on the CPU.
        attention: one of transformers' implementations; None leaves the choice to the model, as does `sdpa` if the
            architecture has only `eager`.

    Raises:
        TuningError: there is no model of that name, it is damaged, or it lacks a tokenizer or that attention.
    """
    place = place_of(name_or_folder)
    folder = Path(place)
    if folder.is_dir() and (folder / ADAPTER).is_file():
        model = _merged_adapter(folder)
    else:
        model = pretrained_model(place, dtype=torch.float32)
    if attention:
        _attend_by(model, attention)
    tokenizer = pretrained_tokenizer(place)
    if computed_in(precision) == "bf16":
        model = model.to(torch.bfloat16)
    return Loaded(model.to(device) if device else model, tokenizer, name_or_folder)


def computed_in(precision: Precision, device: str | None = None) -> Literal["fp32", "bf16"]:
    """The precision that is used on this machine."""
    if precision != "auto":
        return precision
    on_gpu = device != "cpu" and torch.cuda.is_available()
    in_hardware = torch.cuda.is_bf16_supported(including_emulation=False) if on_gpu else _cpu_multiplies_bf16()
    return "bf16" if in_hardware else "fp32"


def context_of(model: Any) -> int:
    """The most tokens that the model can see at once."""
    named = (getattr(model.config, name, None) for name in CONTEXT_NAMES)
    return int(next((number for number in named if number), 1_000_000))


def window_of(model: Any) -> int | None:
    """The fewest tokens that a layer sees at once, a token's own included; None if all layers see the whole context."""
    config = model.config.get_text_config()
    kinds = getattr(config, "layer_types", None) or getattr(config, "attention_layers", None)
    if getattr(config, "use_sliding_window", None) is False or (kinds and SEES_ALL.issuperset(kinds)):
        return None
    named = (getattr(config, name, None) for name in WINDOW_NAMES)
    return min((int(number) for number in named if number and number > 0), default=None)


def num_tokens_of(model: Any) -> int:
    """Number of tokens that the model has an embedding of."""
    return len(model.get_input_embeddings().weight)


def prepared(model: Any, lora: LoraSpec | None, *, compiled: bool, frozen_share: float = 0) -> Any:
    """Makes a model ready for training, whole, above its frozen layers, or by an adapter, with `inside_forward`.

    Raises:
        TuningError: the adapter does not fit, or layers cannot be frozen.
    """
    inside_forward(model)
    if frozen_share:
        if lora:
            raise TuningError("an adapter leaves all layers as they are; give --frozen-share 0, or --full")
        freeze(model, frozen_share)
    if compiled:
        # Only its forward is compiled, because `own_logits` replaces the module's forward for a moment.
        decoder = decoder_of(model)
        decoder.forward = torch.compile(decoder.forward)
    return with_lora(model, lora) if lora else model


def freeze(model: Any, share: float) -> None:
    """Keeps a share of the layers, from the first, as they are, and with any of them all embeddings.

    The share is rounded to whole layers, and at least the last layer is trained. A head that shares the embeddings
    stays as it is too.

    Raises:
        TuningError: the layers cannot be told from the rest of the model.
    """
    decoder, depth = decoder_of(model), getattr(model.config, "num_hidden_layers", 0)
    layers = next((each for each in decoder.modules() if isinstance(each, nn.ModuleList) and len(each) == depth), None)
    if layers is None:
        raise TuningError("the layers of this base cannot be told from the rest of it; give --frozen-share 0")
    count = min(round(share * depth), depth - 1)
    embeddings = [each for each in decoder.modules() if isinstance(each, nn.Embedding)] if count else []
    for module in (*embeddings, *layers[:count]):
        module.requires_grad_(False)


def with_lora(model: Any, spec: LoraSpec) -> Any:
    """The model with an adapter, which alone is trained.

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
    """Writes the whole model and its tokenizer; an adapter is written beside it, and merged into it in fp32.

    A base in 16 bits is merged in 32 bits and written in 16, so the sum is rounded once.

    Args:
        weights: weights of the model, if they were gathered from several processes.
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
    # A model is loaded with sdpa if its architecture has it.
    if attention != "sdpa":
        try:
            model.set_attn_implementation(attention)
        except (ValueError, ImportError) as error:
            reason = " ".join(str(error).split())[:160]
            raise TuningError(
                f"the base cannot use the attention {attention}: {reason}; choose another attention, or another base"
            ) from None


def _cpu_multiplies_bf16() -> bool:
    asked = (getattr(torch.cpu, f"_is_{name}_supported", None) for name in ("amx_tile", "avx512_bf16"))
    return any(supported() for supported in asked if supported)
