# pyright: reportExplicitAny=false
"""What both phases share of training: the settings, the trainer's arguments, and what stops a run with one line.

The loop itself is that of `transformers.Trainer`: accumulation, mixed precision, DDP and FSDP, checkpoints, resuming.
"""

import contextlib
import importlib.metadata
import platform
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import Field, JsonValue
from torch.utils.data import Sampler, SequentialSampler
from transformers import TrainingArguments

from llamoco_tune.model import LoraSpec, Precision, computed_in
from llamoco_tune.records import Record, TuningError
from llamoco_tune.run_folder import CHECKPOINTS, last_checkpoint

BYTES_PER_TRAINED_PARAMETER = 16
"""AdamW in 32 bits: the weight, its gradient and two moments."""


class TrainConfig(Record):
    """How the weights are moved, in either phase. In this package *optimizer* never means AdamW."""

    learning_rate: float
    num_epochs: int = 1
    """Draws of as many rows as there are; which ones is the mixing's to say."""
    max_steps: int | None = None
    """Ends earlier than the epochs do, or later."""
    accumulation: int = Field(default=1, ge=1)
    """Batches for one step."""
    schedule: Literal["cosine", "linear", "constant_with_warmup"] = "cosine"
    warmup_share: float = 0.05
    """Share of the steps in which the learning rate rises."""
    weight_decay: float = 0.0
    max_grad_norm: float = 1.0
    descent: Literal["adamw_torch", "sgd"] = "adamw_torch"
    precision: Precision = "auto"
    lora: LoraSpec | None = None
    """An adapter; None trains every weight."""
    checkpointing: bool = False
    """Recomputes activations in the backward pass: a third more time for far less memory."""
    compile: bool = False
    """Compiles the backbone: pays on GPUs, with packed sequences, whose length never changes."""
    attention: Literal["sdpa", "eager", "flash_attention_2", "flex_attention"] = "sdpa"
    """Implementation of the attention; an architecture without `sdpa` gets `eager`."""
    fsdp: bool = False
    """Shards weights, gradients and moments over the processes of `torchrun`; without it they are replicated (DDP)."""
    frozen_in_bf16: bool = False
    """Loads the base in 16 bits: for an adapter on a base that is too large in 32."""
    seed: int = 0
    log_every: int = 1
    """Steps, as the next two."""
    evaluate_every: int = 50
    save_every: int = 50


def trainer_arguments(config: TrainConfig, folder: Path, num_batches: int) -> TrainingArguments:
    """The trainer's arguments: one item of a plan is a whole batch, and one epoch the whole plan.

    Args:
        num_batches: in the plan.
    """
    on_cpu = not torch.cuda.is_available()
    sharded: Any = config.fsdp
    steps = config.max_steps or -(-num_batches // config.accumulation)
    return TrainingArguments(
        output_dir=str(folder / CHECKPOINTS),
        per_device_train_batch_size=1,
        gradient_accumulation_steps=config.accumulation,
        num_train_epochs=1,
        max_steps=config.max_steps or -1,
        learning_rate=config.learning_rate,
        lr_scheduler_type=config.schedule,
        warmup_steps=round(config.warmup_share * steps),
        weight_decay=config.weight_decay,
        max_grad_norm=config.max_grad_norm,
        optim=config.descent,
        bf16=computed_in(config.precision) == "bf16",
        use_cpu=on_cpu,
        activation_checkpointing=config.checkpointing,
        fsdp=sharded,
        logging_steps=config.log_every,
        logging_nan_inf_filter=False,
        eval_strategy="steps",
        eval_on_start=last_checkpoint(folder) is None,
        eval_steps=config.evaluate_every,
        save_steps=config.save_every,
        save_total_limit=2,
        seed=config.seed,
        data_seed=config.seed,
        report_to="none",
        remove_unused_columns=False,
        label_names=["labels"],
        disable_tqdm=True,
        dataloader_pin_memory=not on_cpu,
        ddp_find_unused_parameters=False,
    )


def in_order(plan: Any) -> Sampler[int]:
    """A plan is random by itself: its batches are taken as they come, so that any of them can be found again."""
    return SequentialSampler(plan)


def only(items: list[Any]) -> Any:
    """The collator: an item is a batch already."""
    (batch,) = items
    return batch


def check_memory(model: Any) -> None:
    """Looks ahead: whether the weights with what training adds to them fit, activations not counted.

    Raises:
        TuningError: they do not.
    """
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    needed = trained * BYTES_PER_TRAINED_PARAMETER
    free = _free_bytes()
    if needed > free:
        raise TuningError(
            f"training {trained / 1e6:,.0f} M weights takes {needed / 1e9:.1f} GB and {free / 1e9:.1f} GB are free; "
            "tune an adapter (--lora), shard over several GPUs, or take a smaller base"
        )


def mixed_precision(config: TrainConfig, device: torch.device) -> torch.autocast:
    """The context in which the trainer computes, for what is computed outside of its steps."""
    return torch.autocast(device.type, torch.bfloat16, enabled=computed_in(config.precision) == "bf16")


@contextlib.contextmanager
def lines_for_errors(folder: Path) -> Generator[None]:
    """Turns what a user can mend into one line; the last checkpoint stays as it is.

    Raises:
        TuningError: memory or disk ran out.
    """
    try:
        yield
    except torch.OutOfMemoryError:
        raise TuningError(_OUT_OF_MEMORY.format(folder=folder)) from None
    except MemoryError:
        raise TuningError(_OUT_OF_MEMORY.format(folder=folder)) from None
    except RuntimeError as error:
        if "not enough memory" in str(error) or "can't allocate memory" in str(error):
            raise TuningError(_OUT_OF_MEMORY.format(folder=folder)) from None
        raise
    except OSError as error:
        raise TuningError(
            f"{folder} cannot be written: {error.strerror or error}; run the same command again when it can"
        ) from None


_OUT_OF_MEMORY = (
    "memory ran out; lower --per-batch (contrast: --micro-batch) and raise --accumulation as much, add --checkpointing "
    "or --lora, or take a smaller base; checkpoints in {folder} are intact"
)


def facts(began: float) -> dict[str, JsonValue]:
    """What a run should say of where and with what it was made.

    Args:
        began: `time.monotonic()` then.
    """
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else f"CPU, {torch.get_num_threads()} threads"
    versions = {name: importlib.metadata.version(name) for name in ("torch", "transformers", "peft", "accelerate")}
    return {
        "device": device,
        "minutes": round((time.monotonic() - began) / 60, 2),
        "python": platform.python_version(),
        **versions,
    }


def _free_bytes() -> int:
    if torch.cuda.is_available():
        return torch.cuda.mem_get_info()[0]
    import psutil  # noqa: PLC0415 - comes with accelerate

    return int(psutil.virtual_memory().available)
