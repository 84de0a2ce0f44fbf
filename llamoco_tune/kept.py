# pyright: reportExplicitAny=false
"""Keeps the trained weights of the evaluation with the best choices, and puts them back when training has ended."""

from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from transformers import TrainingArguments
from transformers.trainer_callback import TrainerCallback, TrainerControl, TrainerState
from typing_extensions import override

from llamoco_tune.run_folder import CHECKPOINTS

BEST_FILE = "best.safetensors"
BEST_METRIC = "eval_gap_closed"
FROM_SHARE = 0.5
"""Share of the steps after which weights are kept; before, a model may choose well that does not write yet."""


class KeepBest(TrainerCallback):
    """Keeps the weights of the best evaluation beside the checkpoints.

    The file holds the step and its figure, so a run that is resumed keeps what an undisturbed one would.
    """

    def __init__(self, run: Path) -> None:
        self._file = run / CHECKPOINTS / BEST_FILE

    @override
    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        metrics: dict[str, float] | None = None,
        **passed: Any,
    ) -> None:
        found = (metrics or {}).get(BEST_METRIC)
        if found is None or state.global_step < FROM_SHARE * state.max_steps or not state.is_world_process_zero:
            return
        if self._file.exists() and self._figures()[BEST_METRIC] >= found:
            return
        weights = {name: weight.detach().cpu().contiguous() for name, weight in _trained(passed["model"]).items()}
        part = self._file.with_suffix(".part")
        self._file.parent.mkdir(parents=True, exist_ok=True)
        save_file(weights, part, metadata={"step": str(state.global_step), BEST_METRIC: repr(found)})
        part.replace(self._file)

    def put_back(self, model: Any) -> dict[str, float]:
        """Puts the kept weights into the model, if there are any; returns the step they are of, and its figure."""
        if not self._file.exists():
            return {}
        with safe_open(self._file, framework="pt") as kept, torch.no_grad():
            for name, weight in _trained(model).items():
                weight.copy_(kept.get_tensor(name))
        figures = self._figures()
        return {"kept_step": figures["step"], "kept_gap_closed": figures[BEST_METRIC]}

    def _figures(self) -> dict[str, float]:
        with safe_open(self._file, framework="pt") as kept:
            return {name: float(value) for name, value in kept.metadata().items()}


def _trained(model: Any) -> dict[str, torch.Tensor]:
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
