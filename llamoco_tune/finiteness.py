# pyright: reportExplicitAny=false
"""Stops a run whose loss or gradient is not finite, since nothing is learnt from there on."""

import math
from collections.abc import Mapping
from typing import Any

from transformers import TrainerCallback
from typing_extensions import override

from llamoco_tune.records import TuningError


class StopWhereNotFinite(TrainerCallback):
    """Checks what the trainer logs, before the checkpoint of that step is written."""

    def __init__(self, learning_rate: float) -> None:
        self._learning_rate = learning_rate

    @override
    def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any] | None = None, **_: Any) -> None:
        """Ends the run if a value of this step is not finite.

        Raises:
            TuningError: one is not.
        """
        for name, value in (logs or {}).items():
            if isinstance(value, int | float) and not math.isfinite(value):
                raise TuningError(
                    f"{name} is not finite at step {state.global_step}: lower the learning rate "
                    f"(--learning-rate, now {self._learning_rate:g}) and choose another --out"
                )
