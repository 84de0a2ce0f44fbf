# pyright: reportExplicitAny=false
"""The causal language model of both phases: load it, give it LoRA, look inside its forward, save it whole.

One model with its own backbone goes through both phases, so that nothing is lost between them. It refuses what cannot
be tuned or asked: no weights, no tokenizer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from llamoco_tune.identity import ADAPTER
from llamoco_tune.records import Record, TuningError

Precision = Literal["auto", "fp32", "bf16"]
"""What matrix products are computed in; weights that are trained stay in 32 bits. auto: bf16 where the processor
multiplies it in hardware (GPUs since Ampere, CPUs with AMX), else fp32: without hardware it is many times slower."""

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
        attention: which of transformers' implementations is used; the model's own choice where None.

    Raises:
        TuningError: there is no model of that name, or it has no tokenizer.
    """
    folder = Path(name_or_folder)
    if folder.is_dir() and (folder / ADAPTER).is_file():
        model = _merged_adapter(folder)
    else:
        options = {"attn_implementation": attention} if attention else {}
        model = _pretrained("AutoModelForCausalLM", name_or_folder, dtype=torch.float32, **options)
    tokenizer = _pretrained("AutoTokenizer", name_or_folder)
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
    return int(getattr(model.config, "max_position_embeddings", None) or 1_000_000)


def prepared(model: Any, lora: LoraSpec | None, *, compiled: bool) -> Any:
    """A model to be trained: whole or by an adapter, and with `inside_forward`."""
    inside_forward(model)
    if compiled:
        model.get_decoder().compile()
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


def inside_forward(model: Any) -> None:
    """Gives a model a second way to be called: `model(inside=f, batch=b)` is `f(model, b)`.

    What a loss needs of the model, hidden states here, the output layer there, is then computed within its forward. So
    data-parallel and sharding wrappers, compilation and mixed precision see one ordinary call of the whole model.
    """
    plain = model.forward

    def forward(
        *arguments: Any,
        inside: Callable[[Any, dict[str, Tensor]], Tensor] | None = None,
        batch: dict[str, Tensor] | None = None,
        **named: Any,
    ) -> Any:
        return plain(*arguments, **named) if inside is None else inside(model, batch or {})

    model.forward = forward


def hidden_states(model: Any, input_ids_BT: Tensor, position_ids_BT: Tensor) -> Tensor:
    """(B, T, H): the output of the model's last layer, normed as its output layer takes it.

    No mask: rows are packed, with positions that start anew, or padded on the right, where no row looks. A cache would
    switch the recognition of packed rows off, silently.
    """
    backbone = model.get_decoder()
    return backbone(input_ids=input_ids_BT, position_ids=position_ids_BT, use_cache=False).last_hidden_state


def embeddings(model: Any, input_ids_BT: Tensor, lengths_B: Tensor) -> Tensor:
    """(B, H): the hidden state at the last token of each row, which has seen the whole row.

    Args:
        input_ids_BT: rows, padded on the right.
        lengths_B: tokens of each.
    """
    positions_BT = torch.arange(input_ids_BT.shape[1], device=input_ids_BT.device).expand_as(input_ids_BT)
    hidden_BTH = hidden_states(model, input_ids_BT, positions_BT)
    return hidden_BTH[torch.arange(len(lengths_B), device=lengths_B.device), lengths_B - 1]


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

    base = _pretrained("AutoModelForCausalLM", str(PeftConfig.from_pretrained(str(folder)).base_model_name_or_path))
    return PeftModel.from_pretrained(base.float(), folder).merge_and_unload()


def _pretrained(kind: Literal["AutoModelForCausalLM", "AutoTokenizer"], name: str, **options: Any) -> Any:
    import transformers  # noqa: PLC0415 - slow
    from transformers.utils import logging  # noqa: PLC0415

    logging.disable_progress_bar()
    try:
        return getattr(transformers, kind).from_pretrained(name, **options)
    except (OSError, ValueError, KeyError, ImportError) as error:
        what = "weights" if kind == "AutoModelForCausalLM" else "tokenizer"
        reason = " ".join(str(error).split())[:160]
        raise TuningError(
            f"no {what} of a language model at {name!r}: {reason}; give a folder with config.json, weights and "
            "tokenizer (`llamoco-tune base smollm2 --out bases/smollm2` makes one), or a name on the hub"
        ) from None


def _cpu_multiplies_bf16() -> bool:
    supported = getattr(torch.cpu, "_is_amx_tile_supported", None)
    return bool(supported and supported())
