# pyright: reportExplicitAny=false
"""The trainer's callback that stores and shows metrics; only the main process writes."""

import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from transformers.trainer_callback import (
    PrinterCallback,
    ProgressCallback,
    TrainerCallback,
    TrainerControl,
    TrainerState,
)
from transformers.training_args import TrainingArguments
from typing_extensions import override

from llamoco_tune.metrics import MetricsRecord, append_metrics, keep_through, numbers_in
from llamoco_tune.progress.devices import device_peak_flops, flops_per_token, peak_memory_bytes
from llamoco_tune.progress.display import Show, StepReport, training_display
from llamoco_tune.progress.scalars import Scalars, open_scalars
from llamoco_tune.quiet import quiet_transformers

TRAINER_DISPLAYS: tuple[type[TrainerCallback], ...] = (PrinterCallback, ProgressCallback)
"""Displays of the trainer itself, which have to be taken out with `Trainer.remove_callback`."""
SUMMARY_KEY = "train_runtime"
"""Key of the trainer's last log, which belongs to no step."""


@dataclass(slots=True)
class TokenCount:
    """Number of tokens that this process has trained on; `compute_loss` adds those of each training batch."""

    total: int = 0

    def add(self, n: int) -> None:
        self.total += n


class RunProgress(TrainerCallback):
    """Writes `metrics.jsonl` and `tensorboard/` in the run folder and shows a line on the console, if there is one.

    A run that is resumed goes on after the checkpoint's line. Every checkpoint and every evaluation has a line of
    training, so tokens and seconds are exact, and tokens per second are those of training alone.
    """

    def __init__(self, run: Path, tokens: TokenCount, console: Console | None = None):
        self._run = run
        self._tokens = tokens
        self._console = console
        self._opened = ExitStack()

    def close(self) -> None:
        """Ends the live line; must be called however training ends, best with `contextlib.closing`."""
        self._opened.close()

    @override
    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **passed: Any
    ) -> None:
        quiet_transformers()
        self._flops_per_token = flops_per_token(passed["model"])
        self._peak_flops = device_peak_flops()
        self._first_step = state.global_step
        self._began_s = self._window_s = time.monotonic()
        self._earlier_s = 0.0
        self._written: set[tuple[str, ...]] = set()
        self._report = StepReport(step=state.global_step, steps=state.max_steps)
        if state.is_world_process_zero:
            self._restore(state.global_step)
            self._scalars: Scalars = open_scalars(self._run, state.global_step, self._opened)
            self._show: Show = self._opened.enter_context(training_display(self._console))
        self._counted = _over_processes(self._tokens.total, args)

    @override
    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        _log_with_the_rest(control)
        if state.is_world_process_zero:
            self._report = replace(self._report, step=state.global_step, left_s=self._left_s(state))
            if not control.should_log:
                self._show(self._report)

    @override
    def on_epoch_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        _log_with_the_rest(control)

    @override
    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, object] | None = None,
        **_: Any,
    ) -> None:
        values = numbers_in(logs or {})
        if SUMMARY_KEY in values:
            return
        tokens = _over_processes(self._tokens.total, args)
        if state.is_world_process_zero:
            tokens_per_s = self._tokens_per_s(tokens) if "loss" in values else None
            self._keep(
                MetricsRecord(
                    step=state.global_step,
                    epoch=state.epoch or 0.0,
                    kind="evaluation" if any(name.startswith("eval_") for name in values) else "train",
                    seconds=self._earlier_s + time.monotonic() - self._began_s,
                    tokens=tokens,
                    peak_memory_bytes=peak_memory_bytes(),
                    tokens_per_s=tokens_per_s,
                    utilisation=self._utilisation(tokens_per_s, args),
                    values=values,
                )
            )
        self._start_window(tokens)

    @override
    def on_evaluate(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self._start_window(self._counted)

    @override
    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self._start_window(self._counted)

    @override
    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.close()

    def _restore(self, step: int) -> None:
        self._run.mkdir(parents=True, exist_ok=True)
        kept = keep_through(self._run, step)
        self._written = {_identity(record) for record in kept}
        if kept:
            self._tokens.add(kept[-1].tokens)
            self._earlier_s = kept[-1].seconds

    def _start_window(self, tokens: int) -> None:
        self._counted = tokens
        self._window_s = time.monotonic()

    def _tokens_per_s(self, tokens: int) -> float:
        return (tokens - self._counted) / max(time.monotonic() - self._window_s, 1e-9)

    def _utilisation(self, tokens_per_s: float | None, args: TrainingArguments) -> float | None:
        if tokens_per_s is None or self._peak_flops is None:
            return None
        return tokens_per_s * self._flops_per_token / (self._peak_flops * args.world_size)

    def _left_s(self, state: TrainerState) -> float:
        done = state.global_step - self._first_step
        return (time.monotonic() - self._began_s) / max(done, 1) * (state.max_steps - state.global_step)

    def _keep(self, record: MetricsRecord) -> None:
        # The evaluation before the first step is made again when a run is resumed.
        if _identity(record) in self._written:
            return
        self._written.add(_identity(record))
        append_metrics(self._run, record)
        self._scalars(record)
        if record.kind == "evaluation":
            self._show(replace(self._report, evaluation=record.values))
        else:
            if "loss" in record.values:
                self._report = _with_training(self._report, record)
            self._show(self._report)


def _identity(record: MetricsRecord) -> tuple[str, ...]:
    return (str(record.step), *sorted(record.values))


def _with_training(report: StepReport, record: MetricsRecord) -> StepReport:
    return replace(
        report,
        loss=record.values["loss"],
        learning_rate=record.values.get("learning_rate"),
        tokens_per_s=record.tokens_per_s,
        utilisation=record.utilisation,
    )


def _log_with_the_rest(control: TrainerControl) -> None:
    if control.should_save or control.should_evaluate:
        control.should_log = True


def _over_processes(tokens: int, args: TrainingArguments) -> int:
    """The sum over all processes, each of which must call this."""
    if args.world_size == 1 or not torch.distributed.is_initialized():
        return tokens
    total = torch.tensor(tokens, dtype=torch.int64, device=args.device)
    torch.distributed.all_reduce(total)
    return int(total.item())
