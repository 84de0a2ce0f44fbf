# pyright: reportExplicitAny=false
"""Shared by both phases of training: settings, the trainer's arguments, stopping, and errors in one line.

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
from torch.utils.data import Dataset, Subset
from transformers import Trainer, TrainingArguments
from transformers.trainer_callback import TrainerCallback, TrainerControl, TrainerState
from typing_extensions import override

from llamoco_tune.card import LIBRARIES
from llamoco_tune.metrics import read_metrics
from llamoco_tune.model import LoraSpec, Precision, computed_in
from llamoco_tune.processes import num_processes, place_on_machine
from llamoco_tune.records import LARGEST_SEED, Record, TuningError
from llamoco_tune.run_folder import CHECKPOINTS, last_checkpoint, step_of
from llamoco_tune.stopping import StopWish
from llamoco_tune.written import writing

BYTES_PER_TRAINED_PARAMETER = 16
"""Bytes that AdamW takes in 32 bits for each parameter: the weight, its gradient and two moments."""


class TrainConfig(Record):
    """Settings of training in either phase. In this package *optimizer* never means AdamW."""

    learning_rate: float = Field(gt=0)
    num_epochs: int = Field(default=1, ge=1)
    """Passes over the data; `mixing` chooses the rows."""
    max_steps: int | None = Field(default=None, ge=1)
    """Number of steps instead of epochs; None trains for `num_epochs`."""
    accumulation: int = Field(default=1, ge=1)
    """Number of batches for one step."""
    schedule: Literal["cosine", "linear", "constant_with_warmup"] = "cosine"
    warmup_share: float = Field(default=0.05, ge=0, le=1)
    """Share of the steps in which the learning rate rises."""
    weight_decay: float = Field(default=0.0, ge=0)
    max_grad_norm: float = Field(default=1.0, ge=0)
    descent: Literal["adamw_torch", "sgd", "muon"] = "adamw_torch"
    """Rule by which weights follow the gradient; `muon` is Muon for the matrices of the layers, AdamW for the rest."""
    matrix_rate: float = Field(default=0.02, gt=0)
    """Learning rate of the matrices with `muon`; it rises and falls like that of the rest."""
    precision: Precision = "auto"
    lora: LoraSpec | None = None
    """An adapter; None trains every weight."""
    frozen_share: float = Field(default=0.0, ge=0, lt=1)
    """Share of the layers, from the first, that stay as they are; with any, the embeddings stay too. No gradient goes
    through them, and their activations are not kept."""
    checkpointing: bool = False
    """Recompute activations in the backward pass: far less memory, a third more time."""
    compile: bool = False
    """Compile the backbone; this pays on GPUs with packed sequences, whose length never changes."""
    attention: Literal["sdpa", "eager", "flash_attention_2", "flex_attention"] = "sdpa"
    """Implementation of attention; an architecture without `sdpa` gets `eager`."""
    fsdp: bool = False
    """Shard weights, gradients and moments over the processes of `torchrun`; otherwise they are replicated (DDP)."""
    frozen_in_bf16: bool = False
    """Load the base in 16 bits, for an adapter on a base that is too large in 32 bits."""
    seed: int = Field(default=0, ge=0, le=LARGEST_SEED)
    log_every: int = Field(default=1, ge=1)
    """In steps, like `evaluate_every` and `save_every`."""
    evaluate_every: int = Field(default=50, ge=1)
    save_every: int = Field(default=50, ge=1)


def trainer_arguments(config: TrainConfig, folder: Path, num_batches: int, processes: int = 1) -> TrainingArguments:
    """The trainer's arguments: an item of a plan is a whole batch, and the whole plan, in order, is one epoch.

    Args:
        num_batches: number of batches in the plan.
        processes: number of processes that share the batches.
    """
    on_cpu = not torch.cuda.is_available()
    sharded: Any = config.fsdp
    steps = num_steps(config, num_batches, processes)
    return TrainingArguments(
        output_dir=str(folder / CHECKPOINTS),
        per_device_train_batch_size=1,
        gradient_accumulation_steps=config.accumulation,
        num_train_epochs=1,
        train_sampling_strategy="sequential",
        max_steps=config.max_steps or -1,
        learning_rate=config.learning_rate,
        lr_scheduler_type=config.schedule,
        warmup_steps=round(config.warmup_share * steps),
        weight_decay=config.weight_decay,
        max_grad_norm=config.max_grad_norm,
        optim="sgd" if config.descent == "sgd" else "adamw_torch",
        bf16=computed_in(config.precision) == "bf16",
        use_cpu=on_cpu,
        activation_checkpointing=config.checkpointing,
        fsdp=sharded,
        logging_steps=config.log_every,
        logging_nan_inf_filter=False,
        eval_strategy="steps",
        eval_on_start=is_evaluation_due(folder, config.evaluate_every, steps),
        eval_steps=config.evaluate_every,
        save_steps=config.save_every,
        save_total_limit=2,
        seed=config.seed,
        data_seed=config.seed,
        report_to="none",
        remove_unused_columns=False,
        label_names=["labels"],
        log_level="error",
        log_level_replica="error",
        disable_tqdm=True,
        dataloader_pin_memory=not on_cpu,
        ddp_find_unused_parameters=False,
    )


def num_steps(config: TrainConfig, num_batches: int, processes: int = 1) -> int:
    """Number of steps of a whole run."""
    return config.max_steps or -(-num_batches // (config.accumulation * processes))


def wanted_batches(plan: Any, config: TrainConfig, processes: int = 1) -> Dataset[Any]:
    """The batches that a run takes from its plan, which has whole epochs.

    If batches were left over, a run that is resumed at its last step would take one more.
    """
    if config.max_steps is None:
        return plan
    return Subset(plan, range(config.max_steps * config.accumulation * processes))


def is_evaluation_due(folder: Path, every: int, steps: int) -> bool:
    """Whether a run evaluates before its next step: at its beginning, or because a stop left an evaluation out.

    Args:
        every: number of steps between two evaluations.
        steps: number of steps of the whole run; the last has an evaluation too.

    Raises:
        TuningError: its metrics cannot be read.
    """
    checkpoint = last_checkpoint(folder)
    if checkpoint is None:
        return True
    step = step_of(checkpoint)
    made = {record.step for record in read_metrics(folder) if record.kind == "evaluation"}
    return (step % every == 0 or step == steps) and step not in made


class StopAtStep(TrainerCallback):
    """Ends training after the step in which a stop was asked for, in all processes alike, with a checkpoint.

    An evaluation that is due then is made when the run goes on.
    """

    def __init__(self, wish: StopWish) -> None:
        self._wish = wish

    @override
    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if is_asked_anywhere(self._wish, args):
            control.should_save = control.should_training_stop = True
            control.should_evaluate = False


class EvaluationLeftOut(Exception):
    """A stop was asked for during an evaluation."""


def go_on_with_evaluation(wish: StopWish, args: TrainingArguments) -> None:
    """Looks for a stop between two parts of an evaluation; several processes finish their evaluations.

    Raises:
        EvaluationLeftOut: a stop was asked for.
    """
    if wish.is_asked and args.world_size == 1:
        raise EvaluationLeftOut


def end_without_evaluation(trainer: Trainer) -> dict[str, float]:
    """Ends training after the step whose evaluation was left out, with a checkpoint; there are no figures.

    Raises:
        EvaluationLeftOut: there is nothing to save: the step is saved already, or there was none.
    """
    step, checkpoint = trainer.state.global_step, last_checkpoint(Path(str(trainer.args.output_dir)).parent)
    if step == 0 or (checkpoint is not None and step_of(checkpoint) == step):
        raise EvaluationLeftOut
    trainer.control.should_save = trainer.control.should_training_stop = True
    trainer.control.should_evaluate = False
    return {}


def log_evaluation(trainer: Trainer, figures: dict[str, float]) -> dict[str, float]:
    """Logs the figures of an evaluation, tells the trainer's callbacks, and returns the figures."""
    trainer.log(figures)
    trainer.control = trainer.callback_handler.on_evaluate(trainer.args, trainer.state, trainer.control, figures)
    return figures


def is_asked_anywhere(wish: StopWish, args: TrainingArguments) -> bool:
    """Whether a stop was asked for in any process, each of which must call this."""
    if args.world_size == 1 or not torch.distributed.is_initialized():
        return wish.is_asked
    asked = torch.tensor(int(wish.is_asked), device=args.device)
    torch.distributed.all_reduce(asked, torch.distributed.ReduceOp.MAX)
    return bool(asked.item())


def only(items: list[Any]) -> Any:
    """The collator: the only item, which is a batch already."""
    (batch,) = items
    return batch


def check_memory(model: Any, *, sharded: bool) -> None:
    """Checks that the weights, gradients and moments fit into memory; activations are not counted.

    Args:
        sharded: whether each process holds its part of them alone. Processes on CPUs are taken to share one memory.

    Raises:
        TuningError: they do not fit.
    """
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    parts = num_processes() if sharded and torch.cuda.is_available() else 1
    needed = trained * BYTES_PER_TRAINED_PARAMETER / parts
    free = _free_bytes()
    if needed > free:
        on_each = f" on each of {parts} GPUs" if parts > 1 else ""
        raise TuningError(
            f"training {trained / 1e6:,.0f} M weights takes {needed / 1e9:.1f} GB{on_each} and {free / 1e9:.1f} GB are "
            "free; tune an adapter (--lora), shard over several GPUs (--fsdp), or take a smaller base"
        )


def mixed_precision(config: TrainConfig, device: torch.device) -> torch.autocast:
    """The trainer's precision as a context, for computations outside of its steps."""
    return torch.autocast(device.type, torch.bfloat16, enabled=computed_in(config.precision) == "bf16")


@contextlib.contextmanager
def lines_for_errors(folder: Path) -> Generator[None]:
    """Turns errors that a user can mend into one line; the last checkpoint stays as it is.

    Raises:
        TuningError: memory or disk ran out.
    """
    try:
        with writing(folder):
            yield
    except (torch.OutOfMemoryError, MemoryError):
        raise TuningError(_OUT_OF_MEMORY.format(folder=folder)) from None
    except RuntimeError as error:
        if "not enough memory" in str(error) or "can't allocate memory" in str(error):
            raise TuningError(_OUT_OF_MEMORY.format(folder=folder)) from None
        raise


_OUT_OF_MEMORY = (
    "memory ran out; lower --per-batch (contrast: --micro-batch) and raise --accumulation as much, add --checkpointing "
    "or --lora, or take a smaller base; checkpoints in {folder} are intact"
)


def facts(began: float) -> dict[str, JsonValue]:
    """Facts about a run for its record: device, minutes, versions.

    Args:
        began: time of the start, in seconds of the monotonic clock.
    """
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else f"CPU, {torch.get_num_threads()} threads"
    versions = {name: importlib.metadata.version(name) for name in LIBRARIES}
    return {
        "device": device,
        "minutes": round((time.monotonic() - began) / 60, 2),
        "python": platform.python_version(),
        **versions,
    }


def _free_bytes() -> int:
    if torch.cuda.is_available():
        mine = place_on_machine() % torch.cuda.device_count()  # as accelerate takes it
        return torch.cuda.mem_get_info(mine)[0]
    import psutil  # noqa: PLC0415 - comes with accelerate

    return int(psutil.virtual_memory().available)
